"""Linear CorEx: continuous factors of variables that vary together."""
