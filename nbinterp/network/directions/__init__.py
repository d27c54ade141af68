"""Directions in activations that can be moved or ablated."""
