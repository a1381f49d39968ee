"""Container images: which node holds which, and which no registry has."""

from __future__ import annotations

from collections import defaultdict


def is_broken(image: str) -> bool:
    """Return whether the registry does not have an image: its tag is `broken` or `missing`."""
    return image.rpartition(":")[2] in ("broken", "missing")


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

    def refusal(self, image: str) -> str:
        """Return what containerd says when a registry does not know an image."""
        name, _, tag = image.rpartition(":")
        reference = name if "/" in name else f"docker.io/library/{name}"
        return (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{reference}:{tag}": '
            f'failed to resolve reference "{reference}:{tag}": {reference}:{tag}: not found'
        )
