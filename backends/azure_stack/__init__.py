"""The stamp's own Azure Resource Manager, read only."""
