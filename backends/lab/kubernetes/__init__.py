"""The Kubernetes API of a simulated cluster, as clients see it on the wire."""

from backends.lab.kubernetes.access import Account, ServingFiles
from backends.lab.kubernetes.node_services import (
    ContainerUnavailable,
    LogEntry,
    NodeServices,
    NoNodes,
    PodUsage,
    Terminal,
    Usage,
)
from backends.lab.kubernetes.server import KubernetesApi

__all__ = [
    "Account",
    "ContainerUnavailable",
    "KubernetesApi",
    "LogEntry",
    "NoNodes",
    "NodeServices",
    "PodUsage",
    "ServingFiles",
    "Terminal",
    "Usage",
]
