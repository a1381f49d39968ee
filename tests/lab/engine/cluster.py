"""A cluster for tests of the files a helper VM has."""

from __future__ import annotations

from backends.lab.certificates import Authority
from backends.lab.engine.home import Cluster, ServicePrincipal
from backends.lab.engine.output import Access

SECRET = "a-client-secret-of-a-test"


def make_cluster(
    *, resource_manager: str = "https://127.0.0.1:1", server: str = "https://127.0.0.1:2", version: str = "1.33.10"
) -> Cluster:
    """Return a cluster of three and three whose servers need not be there."""
    authority = Authority("kube-ca")
    admin = authority.client("client", ("system:masters",))
    principal = Authority("principal")
    return Cluster(
        "orlando", "k8s-orlando", "35064155", version, 3, 3, resource_manager, f"{resource_manager}/",
        "https://management.azurestack.local/aud", "azure_ad",
        Access(server, authority.certificate, admin.certificate, admin.key),
        ServicePrincipal("22222222-3333-4444-8555-666666666666", SECRET, principal.certificate, b"KEY\n"),
    )  # fmt: skip
