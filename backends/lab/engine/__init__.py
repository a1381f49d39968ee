"""The stand-in for aks-engine-azurestack: a client of the stamp's ARM and of its Kubernetes API."""
