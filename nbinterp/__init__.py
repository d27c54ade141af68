"""See what the hidden nodes of a neural network do together, from a notebook."""

__version__ = "0.1.0"
