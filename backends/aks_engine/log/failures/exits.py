"""What the exit status of a job says by itself: the engine's, or that of our script before it."""

from __future__ import annotations

import signal

from backends.model.engine.progress import Failure, Retry

_LOOK = "compare machines, nodes and api model before anything else"
_LEFT = "what it was at is half done, and deployments it began go on on the stamp"
_STATUSES: dict[int, tuple[str, str, str, Retry]] = {
    1: ("failed", "aks-engine gave up and said why in its log", "read the end of its log", Retry.AFTER),
    2: (
        "crashed",
        "aks-engine crashed: nearly always the stamp's ARM did not answer, or the VM does not trust its certificate",
        "ask the VM for the stamp's /metadata/endpoints",
        Retry.AFTER,
    ),
    73: ("not-copied", "the api model could not be copied aside", "look at its folder on the VM", Retry.AFTER),
    77: ("secret-unreadable", "the client secret's file is not to be used", "look at it on the VM", Retry.AFTER),
    126: ("not-executable", "the engine's file cannot be executed", "look at its mode and build", Retry.AFTER),
    127: (
        "not-installed",
        "there is no aks-engine at that path on the VM",
        "install it, or correct the path",
        Retry.AFTER,
    ),
    129: ("hung-up", f"its terminal or SSH session went away; {_LEFT}", _LOOK, Retry.AFTER),
    130: ("interrupted", f"somebody interrupted it (SIGINT); {_LEFT}", _LOOK, Retry.AFTER),
    137: ("killed", f"it was killed (SIGKILL), by somebody or for want of memory; {_LEFT}", _LOOK, Retry.AFTER),
    141: ("pipe-closed", f"what read its output went away (SIGPIPE); {_LEFT}", _LOOK, Retry.AFTER),
    143: ("terminated", f"somebody ended it (SIGTERM), or the VM shut down; {_LEFT}", _LOOK, Retry.AFTER),
}


def explain_exit(status: int) -> Failure | None:
    """Return what an exit status means, 128 + n for signal n; None for 0. It belongs to no line of the log (0)."""
    if status == 0:
        return None
    known = _STATUSES.get(status)
    if known is None and status > 128 and (name := _signal(status - 128)):
        known = ("signalled", f"it was ended by {name}; {_LEFT}", _LOOK, Retry.AFTER)
    if known is None:
        known = ("failed", "it ended with a status that aks-engine does not use by itself", _LOOK, Retry.AFTER)
    id, cause, todo, retry = known
    return Failure(id, f"exit status {status}", cause, todo, retry, 0)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
