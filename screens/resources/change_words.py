"""The lines that changes ask for, read: a number, limits, images. ValueError says what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backends.model.drain import DrainOptions
    from backends.operations.workload_works.autoscale import Limits

MOST_REPLICAS = 10_000
_PAIR = re.compile(r"(min|max|cpu)=(\d{1,5})%?", re.ASCII)


def read_replicas(text: str) -> int:
    """Read a number of replicas."""
    if not (text.strip().isascii() and text.strip().isdigit()) or int(text) > MOST_REPLICAS:
        raise ValueError(f"write a number from 0 to {MOST_REPLICAS}")
    return int(text)


def read_revision(text: str) -> int:
    """Read a revision's number; nothing is 0, the one before the present."""
    word = text.strip()
    if word and not (word.isascii() and word.isdigit()):
        raise ValueError("write a revision's number, or nothing for the one before")
    return int(word or 0)


def read_images(text: str) -> dict[str, str]:
    """Read `container=image` pairs."""
    pairs = [word.partition("=") for word in text.split()]
    if not pairs or not all(name and equals and image for name, equals, image in pairs):
        raise ValueError("write container=image, such as web=registry/ratings-web:v2")
    return {name: image for name, _, image in pairs}


def read_limits(text: str) -> Limits:
    """Read `min=1 max=10 cpu=80`, in any order; all three are needed."""
    from backends.operations.workload_works.autoscale import Limits  # with the first use

    words = text.replace(",", " ").split()
    found = [_PAIR.fullmatch(word) for word in words]
    given = {each[1]: int(each[2]) for each in found if each}
    if len(given) != 3 or len(words) != 3:
        raise ValueError("write min=1 max=10 cpu=80")
    limits = Limits(given["min"], given["max"], given["cpu"])
    if problem := limits.problem():
        raise ValueError(problem)
    return limits


_DRAIN_WORDS = {"force": "force", "emptydir": "delete_local_data", "delete-emptydir-data": "delete_local_data"}
_DRAIN_VALUES = re.compile(r"(grace|timeout)(?:-period)?=(\S+)", re.ASCII)


def read_drain(text: str) -> DrainOptions:
    """Read `force emptydir grace=30 timeout=30m`, any of them, or kubectl's own `--delete-emptydir-data` and the like.

    Nothing takes what a careful drain takes.
    """
    from backends.model.age import parse_duration
    from backends.model.drain import DrainOptions  # with the first use

    given: dict[str, Any] = {}
    for word in (each.removeprefix("--") for each in text.split()):
        found = _DRAIN_VALUES.fullmatch(word)
        if word in _DRAIN_WORDS:
            given[_DRAIN_WORDS[word]] = True
        elif found is None:
            raise ValueError(f"not understood: {word}; write force, emptydir, grace=30 or timeout=30m")
        elif found[1] == "grace":
            given["grace_s"] = read_seconds(found[2])
        else:
            given["timeout_s"] = 0.0 if found[2] == "0" else parse_duration(found[2])
    return DrainOptions(**given)


def read_seconds(text: str) -> int:
    """Read a number of whole seconds, with or without the s."""
    number = text.removesuffix("s")
    if not (number.isascii() and number.isdigit()):
        raise ValueError(f"not a number of seconds: {text}")
    return int(number)


def read_deletion(text: str) -> tuple[str, int | None]:
    """Read how to delete: `background`, `foreground` or `orphan`, and `grace=SECONDS`; nothing is background."""
    propagation, grace_s = "Background", None
    for word in text.split():
        if word.lower() in ("background", "foreground", "orphan"):
            propagation = word.capitalize()
        elif word.startswith("grace="):
            grace_s = read_seconds(word.removeprefix("grace="))
        else:
            raise ValueError(f"not understood: {word}; write background, foreground, orphan or grace=30")
    return propagation, grace_s
