"""Container images: which there are, how releases of the application behave, and which node holds which.

The application's own registry has the releases v1 to v5 and bad ones, told by what follows the number in the tag:
`v2-errors` starts and is ready, but answers 500; `v2-slow` takes a second longer for a page; `v2-unready` never
passes its readiness probe; `v2-crash` ends soon after its start. No other tag exists there. Of every other
repository all tags exist but `broken` and `missing`.
"""

from __future__ import annotations

import re
from collections import defaultdict

from backends.lab.objects import Object

APPLICATION_REGISTRY = "ratings.azurecr.io"
_RELEASE = re.compile(r"v[1-5](?:-(errors|slow|unready|crash))?")


def exists(image: str) -> bool:
    """Return whether the registry has an image."""
    tag = image.rpartition(":")[2]
    if image.startswith(f"{APPLICATION_REGISTRY}/"):
        return _RELEASE.fullmatch(tag) is not None
    return tag not in ("broken", "missing")


def misbehaves(pod: Object, how: str) -> bool:
    """Return whether a pod runs a bad release of the kind `errors`, `slow`, `unready` or `crash`."""
    for container in pod["spec"]["containers"]:
        image = container["image"]
        found = _RELEASE.fullmatch(image.rpartition(":")[2]) if image.startswith(f"{APPLICATION_REGISTRY}/") else None
        if found is not None and found[1] == how:
            return True
    return False


class ImageStore:
    """The images pulled to each node; an image that was never pulled anywhere takes a while the first time."""

    def __init__(self, runtime: str = "containerd") -> None:
        self.runtime = runtime
        self._held: defaultdict[str, set[str]] = defaultdict(set)

    def has(self, node: str, image: str) -> bool:
        """Return whether a node holds an image."""
        return image in self._held[node]

    def add(self, node: str, image: str) -> None:
        """Note that a node pulled an image."""
        self._held[node].add(image)

    def forget(self, node: str) -> None:
        """Note that a node holds nothing: its machine is a new one."""
        self._held.pop(node, None)

    def refusal(self, image: str) -> str:
        """Return what containerd says when a registry does not know an image."""
        name, _, tag = image.rpartition(":")
        reference = name if "/" in name else f"docker.io/library/{name}"
        return (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{reference}:{tag}": '
            f'failed to resolve reference "{reference}:{tag}": {reference}:{tag}: not found'
        )
