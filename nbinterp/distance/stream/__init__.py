"""Statistics of a layer's inputs and nodes, in one pass over the data."""
