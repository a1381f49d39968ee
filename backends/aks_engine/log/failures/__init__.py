"""What can go wrong, as aks-engine says it, with cause, advice, and whether to try again."""
