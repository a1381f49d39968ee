"""What aks-engine can say, one table per stretch of its work."""
