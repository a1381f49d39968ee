"""What aks-engine is asked, what it says, and how far it came: values and pure functions."""
