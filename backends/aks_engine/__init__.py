"""aks-engine on a helper VM: its command lines, what it prints, its api model."""
