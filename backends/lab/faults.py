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


_ALL = "all when not given"
_WHICH = "how many, or RESOURCE:N, which leases never are unless named"

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
        FaultKind(
            "debug-pod", "a pod nobody manages runs on a node, with data of its own", "node, a worker when not given"
        ),
        FaultKind("no-room", "nodes have no CPU left: a pod that must move waits"),
        FaultKind("arm-down", "the stamp's Resource Manager refuses connections, its token endpoint too"),
        FaultKind("arm-untrusted", "the Resource Manager shows a certificate of another authority"),
        FaultKind("arm-throttled", "the Resource Manager answers 429 with Retry-After", "seconds, 5 when not given"),
        FaultKind("arm-forbidden", "service principals have no role (403)", "write: they may still read"),
        FaultKind(
            "spn-expired",
            "the credentials of a service principal have expired",
            "aks-engine (not given), stampdeck, all",
        ),
        FaultKind("image-missing", "base images are not in the marketplace", f"part of their names, {_ALL}"),
        FaultKind(
            "quota-exceeded", "the quota allows no more machines", "how many may still be made, none when not given"
        ),
        FaultKind("allocation-failed", "the stamp has no room for new machines: making one fails"),
        FaultKind(
            "arm-failed",
            "the provisioning script of a new machine fails",
            "NODE or NODE:EXIT, every one with 50 when not given",
        ),
        FaultKind("node-never-ready", "a node that joins does not become ready", "node, every new one when not given"),
        FaultKind("app-error", "the application answers 500"),
        FaultKind("metrics-down", "metrics.k8s.io is not served"),
        FaultKind("eviction-429", "evictions are refused as if a budget did not allow them (429)", f"how many, {_ALL}"),
        FaultKind(
            "conflict-409", "updates, patches and deletions meet a conflict (409)", f"{_WHICH}, 1 when not given"
        ),
        FaultKind("write-down", "writes fail (500), reads work"),
        FaultKind("write-slow", "the answer to a write waits", "seconds, 5 when not given"),
        FaultKind("answer-lost", "writes are carried out but never answered", f"{_WHICH}, 1 when not given"),
        FaultKind("ssh-down", "the helper VM refuses SSH connections, open ones are cut"),
        FaultKind("ssh-cut", "every SSH connection to the helper VM is reset, once"),
        FaultKind("ssh-hang", "SSH connections to the helper VM are accepted and carry nothing, open ones fall silent"),
        FaultKind("ssh-host-key", "the helper VM shows another host key, open connections are cut"),
        FaultKind(
            "vm-reboot",
            "the helper VM restarts, once: all that runs there ends",
            "simulated seconds, 45 when not given",
        ),
        FaultKind("vm-disk-full", "files on the helper VM cannot grow beyond 512 bytes (EFBIG), df shows a full disk"),
        FaultKind("engine-slow", "the engine's pauses are longer", "factor, 3 when not given"),
        FaultKind("engine-save-failed", "the engine finds the disk full when it writes the api model"),
        FaultKind("engine-drain-error", "evictions that the engine asks for are answered with an error"),
        FaultKind("api-dies-after", "the API answers some more writes, then it is down", f"{_WHICH}, 1 when not given"),
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
    _left: dict[str, int] = field(default_factory=dict)
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
        self._left.pop(name, None)
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

    def spend(self, name: str, resource: str, default: int | None = 1) -> bool:
        """Tell whether a counted fault strikes now, and count it; with its last one it ends.

        `resource` is what is written (`leases`); `default` is the number when none was given, None for endless.
        """
        fault = self.active(name)
        if fault is None:
            return False
        wanted, count = parse_count(fault.argument)
        if (wanted and wanted != resource) or (not wanted and resource == "leases"):
            return False
        if count is None:
            count = default
        if count is None:
            return True
        left = self._left.get(name, count) - 1
        self._left[name] = left
        if left <= 0:
            self.clear(name)
        return True

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


def parse_count(argument: str) -> tuple[str, int | None]:
    """Return the resource and the number of `3`, `deployments` or `deployments:3`; ValueError for anything else."""
    resource, _, number = argument.rpartition(":") if ":" in argument or argument.isdigit() else (argument, "", "")
    if not number:
        return resource, None
    if not number.isdigit() or int(number) < 1:
        raise ValueError(f"{number!r} is no number of writes: it is 1 or more")
    return resource, int(number)


def refuse_argument(name: str, argument: str) -> str:
    """Return why a fault cannot have that value, empty when it can; nodes and workloads are the world's to judge."""
    if name in _WORDS and argument not in ("", *_WORDS[name]):
        return f"{name}: {argument!r} is none of {', '.join(_WORDS[name])}"
    if name in _WHOLE and argument and not argument.isdecimal():
        return f"{name}: {argument!r} is no whole number"
    try:
        if name in _COUNTED:
            parse_count(argument)
        elif argument and name in (*_TIMED, *_FACTORS) and not float(argument) >= 0:
            raise ValueError
    except ValueError as error:
        what = "factor" if name in _FACTORS else "number of seconds"
        return f"{name}: {error if name in _COUNTED else f'{argument!r} is no {what}'}"
    return ""


_COUNTED = ("eviction-429", "conflict-409", "answer-lost", "api-dies-after")
_WHOLE = ("arm-throttled", "quota-exceeded")
_WORDS = {"arm-forbidden": ("write",), "spn-expired": ("aks-engine", "stampdeck", "all")}
_TIMED = ("api-slow", "api-429", "write-slow", "vm-reboot")
_FACTORS = ("engine-slow",)
