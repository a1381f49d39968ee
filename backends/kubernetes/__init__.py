"""Reading Kubernetes: one `Cluster` per stamp over the official client, with our own list and watch."""

from backends.kubernetes.cluster import Cluster
from backends.kubernetes.timing import Timing

__all__ = ["Cluster", "Timing"]
