"""The nodes of a linear layer as distances from hyperplanes in the data."""
