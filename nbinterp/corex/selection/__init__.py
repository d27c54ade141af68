"""Choose the number of factors and of clusters, and which variables belong to a factor."""
