"""More workloads of other teams, as many as asked for, so that a stamp can hold thousands of pods."""

from __future__ import annotations

from backends.lab.clock import rfc3339
from backends.lab.world.builder import Builder, container
from backends.lab.world.shapes import new_object

FILLER_LABEL = "lab.stampdeck/filler"
_REPLICAS = 20
_PER_NAMESPACE = 10
_WORDS = ("orders", "billing", "search", "catalog", "ledger", "mailer", "gateway", "sessions", "pricing", "stock")


def build_filler(builder: Builder, pods: int) -> None:
    """Create Deployments with `pods` running pods altogether, in namespaces of ten Deployments each."""
    position = 0
    while pods > 0:
        team = position // _PER_NAMESPACE + 1
        namespace = f"team-{team:02d}"
        if position % _PER_NAMESPACE == 0:
            made = new_object(
                "namespaces", namespace, created=rfc3339(builder.born),
                labels={"kubernetes.io/metadata.name": namespace}, spec={"finalizers": ["kubernetes"]},
                status={"phase": "Active"},
            )  # fmt: skip
            builder.store.create("namespaces", made, owned=True)
        name = _WORDS[position % _PER_NAMESPACE]
        main = container(name, f"registry.example.com/{namespace}/{name}:v1", cpu="10m", memory="24Mi")
        labels = {"app": name, "team": f"{team:02d}", FILLER_LABEL: "true"}
        builder.deployment(namespace, name, min(_REPLICAS, pods), labels, {"containers": [main]})
        pods -= _REPLICAS
        position += 1
