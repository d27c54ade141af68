"""Local CorEx: the factors of each cluster of samples."""
