"""The stand-in for aks-engine."""
