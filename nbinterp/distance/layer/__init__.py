"""Read the nodes of a linear layer as distances."""
