"""Reading Kubernetes: one `Cluster` per stamp over the official client, with our own list and watch."""

from backends.kubernetes import late_trust as late_trust  # before anything that imports the HTTP client
from backends.kubernetes.cluster import Cluster
from backends.kubernetes.timing import Timing

__all__ = ["Cluster", "Timing"]
