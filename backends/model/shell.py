"""A command in a container as an operator asks for it: which container, which program, at a terminal or not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backends.model.fields import items, mapping, text

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_FAMILIAR = re.compile(r"(xterm|screen|tmux|rxvt|linux|vt100|vt220|ansi|dumb)(-256color)?")
"""What the terminfo of a small image knows (Debian's ncurses-base, Alpine's ncurses-terminfo-base)."""


@dataclass(frozen=True, slots=True)
class ShellRequest:
    """What to run in a container; an empty `container` means the pod's default one."""

    container: str = ""
    command: tuple[str, ...] = ()
    """Empty: bash where the image has it, else sh."""
    tty: bool = True
    stdin: bool = True
    record: bool = False
    """Whether what it writes is kept as an asciicast; what is typed never is."""
    terminal: str = ""
    """The operator's TERM, for a shell that was not named."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The command as it is sent."""
        return self.command or _shell(self.terminal)

    @property
    def shown(self) -> str:
        """The command for people: what was asked for, or `a shell`."""
        return shlex.join(self.command) or "a shell"


def _shell(terminal: str) -> tuple[str, ...]:
    # One command, so that kubectl can be given the same; only `sh` has to be there.
    known = familiar_terminal(terminal)
    return ("sh", "-c", f"export TERM={known}; command -v bash >/dev/null && exec bash || exec sh")


def familiar_terminal(name: str) -> str:
    """Return a TERM that images know: the operator's own, or a plain one instead of an exotic one."""
    if _FAMILIAR.fullmatch(name):
        return name
    return "xterm" if name and "256color" not in name and "kitty" not in name else "xterm-256color"


def container_names(pod: Mapping[str, Any]) -> list[str]:
    """Return the names of a pod's containers, those of the application first."""
    return [text(each, "name") for kind in _CONTAINERS for each in items(pod, "spec", kind)]


def default_container(pod: Mapping[str, Any]) -> str:
    """Return the container that is meant when none is named, as kubectl chooses it."""
    names = container_names(pod)
    named = mapping(pod, "metadata", "annotations").get(_DEFAULT_CONTAINER)
    return named if isinstance(named, str) and named in names else next(iter(names), "")


def why_not_running(pod: Mapping[str, Any], container: str) -> str:
    """Return why no command can be run in a container now; empty when one can, or when its status does not say."""
    phase = text(pod, "status", "phase")
    if phase in ("Succeeded", "Failed"):
        return f"the pod is finished ({phase})"
    for each in (status for kind in _STATUSES for status in items(pod, "status", kind)):
        state = mapping(each, "state")
        if text(each, "name") == container and state and "running" not in state:
            word, found = next(iter(state.items()))
            reason = text(found, "reason")
            return f"its container {container} is {word}" + (f": {reason}" if reason else "")
    return "the pod is not running yet (Pending)" if phase == "Pending" else ""
