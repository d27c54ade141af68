"""Charts of how many components, clusters and factors to take, and of which nodes belong."""
