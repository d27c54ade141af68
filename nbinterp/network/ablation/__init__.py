"""Ablate nodes and measure what that costs."""
