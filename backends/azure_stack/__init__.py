"""The stamp's own Azure Resource Manager, read only."""

from backends.azure_stack.client import StampArmClient

__all__ = ["StampArmClient"]
