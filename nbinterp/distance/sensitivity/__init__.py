"""Measure what shifts and scales of pre-activations cost."""
