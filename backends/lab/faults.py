"""Faults on command: what is broken now, on which stamp, until when."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault an operator of the lab can ask for; `argument` says what `NAME=VALUE` means, if anything."""

    name: str
    meaning: str
    argument: str = ""


FAULTS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind("api-down", "the Kubernetes API refuses connections, open ones are cut"),
        FaultKind("api-slow", "every answer of the Kubernetes API waits", "seconds, 5 when not given"),
        FaultKind("api-429", "the Kubernetes API answers 429 with Retry-After", "seconds, 2 when not given"),
        FaultKind("api-500", "the Kubernetes API answers 500"),
        FaultKind("api-html", "a proxy answers HTML in the API's place"),
        FaultKind("api-truncated", "answers of the Kubernetes API are cut in the middle"),
        FaultKind("watch-410", "every watch ends with 410 Gone and cannot be resumed"),
        FaultKind("watch-silent", "watches stay open but carry nothing, not even bookmarks"),
        FaultKind("cert-expired", "the Kubernetes API shows an expired certificate"),
        FaultKind("token-revoked", "the credentials of the kubeconfig are refused (401)"),
        FaultKind("forbidden", "the credentials may read nodes only (403 for the rest)"),
        FaultKind("link-cut", "every server of the stamp refuses connections"),
        FaultKind("link-reset", "connections to the stamp are reset in mid-stream"),
        FaultKind("link-black-hole", "connections to the stamp are accepted and never answered"),
        FaultKind(
            "node-notready",
            "a node stops reporting: NotReady, its pods are evicted",
            "node, a worker when not given",
        ),
        FaultKind("node-gone", "a node disappears", "node, a worker when not given"),
        FaultKind("pods-crashloop", "containers of a workload crash again and again", "ratings-api when not given"),
        FaultKind("app-error", "the application answers 500"),
        FaultKind("metrics-down", "metrics.k8s.io is not served"),
    )
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in force; `until` is on the machine's monotonic clock, None for "until cleared"."""

    stamp: str
    name: str
    argument: str = ""
    until: float | None = None


@dataclass(slots=True)
class FaultBoard:
    """The faults of one stamp. Servers ask `active` at the moment they act; listeners hear of edges.

    A listener is called with (fault, True) when it begins and (fault, False) when it ends, so that
    sockets can be closed and nodes can fall silent at once.
    """

    stamp: str
    _faults: dict[str, Fault] = field(default_factory=dict)
    _listeners: list[Callable[[Fault, bool], None]] = field(default_factory=list)

    def listen(self, listener: Callable[[Fault, bool], None]) -> None:
        """Hear of every beginning and end of a fault on this stamp."""
        self._listeners.append(listener)

    def set(self, name: str, argument: str = "", for_s: float | None = None) -> Fault:
        """Begin a fault (again: it is replaced); ValueError names the known ones when it is unknown."""
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
        self.clear(name)
        fault = Fault(self.stamp, name, argument, None if for_s is None else time.monotonic() + for_s)
        self._faults[name] = fault
        self._tell(fault, True)
        return fault

    def clear(self, name: str | None = None) -> list[Fault]:
        """End one fault, or all; return those that were in force."""
        names = list(self._faults) if name is None else [name]
        ended = [self._faults.pop(each) for each in names if each in self._faults]
        for fault in ended:
            self._tell(fault, False)
        return ended

    def expire(self) -> None:
        """End the faults whose time has passed; the runner calls this a few times a second."""
        now = time.monotonic()
        for fault in list(self._faults.values()):
            if fault.until is not None and fault.until <= now:
                self.clear(fault.name)

    def active(self, name: str) -> Fault | None:
        """Return the fault of this name if it is in force now."""
        fault = self._faults.get(name)
        if fault is not None and fault.until is not None and fault.until <= time.monotonic():
            self.clear(name)
            return None
        return fault

    @property
    def current(self) -> tuple[Fault, ...]:
        """Every fault in force."""
        return tuple(self._faults.values())

    def _tell(self, fault: Fault, begins: bool) -> None:
        """Tell every listener, also when one of them fails; the first failure is raised when all have heard."""
        failure: Exception | None = None
        for listener in self._listeners:
            try:
                listener(fault, begins)
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure
