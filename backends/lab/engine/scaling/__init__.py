"""A pool made larger or smaller: its machines, its nodes, what is drained and what is deployed."""
