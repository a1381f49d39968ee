"""What can be done to a node through the write gate: cordon, uncordon, drain."""
