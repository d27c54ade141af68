"""The cluster explorer: a map of samples."""
