"""What a model must be for a call to be right, tried on a few samples."""
