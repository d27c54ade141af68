"""Bio CorEx: discrete factors of mixed tables with missing entries."""
