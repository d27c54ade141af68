"""Bio CorEx: discrete factors of mixed and incomplete tables."""
