"""Every error the console raises on purpose, mapped once at the edge of each system.

    StampdeckError                what failed, where, why, and what to do
    ├── UsageError                the command line or a dialog was given something wrong (exit code 2)
    ├── ConfigurationError        fleet.yaml or a file it names is wrong (exit code 2)
    ├── Refused                   a step of the write gate said no; nothing was done
    ├── JournalFailed             the journal could not be written or read: nothing is done without it
    ├── LocalDiskFailed           a file of ours could not be written: the disk is full, or not ours to write
    └── SourceError               a system of a stamp did not give what was asked
        ├── Unreachable           no connection: refused, reset, timed out, name not found
        ├── CertificateRejected   TLS was refused by us: expired, unknown authority, wrong name
        ├── Unauthorized          the credentials were refused or could not be obtained (401, exec plugin)
        ├── Forbidden             the credentials are good, the permission is missing (403)
        ├── NotFound              the object or the kind does not exist (404)
        ├── Conflict              the object changed under us, or exists already (409)
        ├── Expired               the resourceVersion or continue token is too old (410): list again
        ├── Throttled             asked to slow down (429), with the server's own delay when it gave one
        │   └── BudgetBlocked     an eviction would break a disruption budget (429 with that cause)
        ├── Invalid               the server understood and refused the content (400, 422)
        ├── Malformed             the answer is not what the protocol promises (HTML, cut JSON)
        ├── HostKeyRejected       the SSH host key is not the one to be trusted
        │   ├── HostKeyUnknown    none is remembered for this machine: its keys are to be compared by a person
        │   └── HostKeyChanged    another one is remembered, or this one was revoked: never to be overridden
        └── ServerFailed          the server failed (5xx)

Messages never hold a secret: whoever raises passes redacted text.
"""

from __future__ import annotations


class StampdeckError(Exception):
    """A failure an operator can read: `what` failed on which `stamp`, `why`, and what `todo` next."""

    def __init__(self, what: str, *, why: str = "", todo: str = "", stamp: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo
        self.stamp = stamp

    def __str__(self) -> str:
        where = f"{self.stamp}: " if self.stamp else ""
        why = f": {self.why}" if self.why else ""
        todo = f" — {self.todo}" if self.todo else ""
        return f"{where}{self.what}{why}{todo}"


class UsageError(StampdeckError):
    """The command line or a dialog was given something wrong."""


class ConfigurationError(StampdeckError):
    """fleet.yaml, or a file it names, cannot be used as it is."""


class Refused(StampdeckError):
    """A step of the write gate said no before anything was done; `step` is its name."""

    def __init__(self, what: str, *, step: str, why: str = "", todo: str = "", stamp: str = "") -> None:
        super().__init__(what, why=why, todo=todo, stamp=stamp)
        self.step = step


class JournalFailed(StampdeckError):
    """The journal could not be written or read; without it nothing is done."""


class LocalDiskFailed(StampdeckError):
    """A file of the console's own could not be written; what it is about goes on elsewhere."""


class SourceError(StampdeckError):
    """A system of a stamp did not give what was asked."""


class Unreachable(SourceError):
    """No connection could be made or kept."""


class CertificateRejected(SourceError):
    """We refused the server's certificate, or it refused ours, during the TLS handshake."""


class Unauthorized(SourceError):
    """The credentials were refused, or could not be obtained."""


class Forbidden(SourceError):
    """The credentials are accepted but do not allow this."""


class NotFound(SourceError):
    """The object, or the kind itself, does not exist on this stamp."""


class Conflict(SourceError):
    """The object changed since it was read, or exists already."""


class Expired(SourceError):
    """The resourceVersion or continue token is no longer kept by the server: list again."""


class Throttled(SourceError):
    """The server asked us to slow down; `retry_after_s` is its own delay, or None."""

    def __init__(
        self, what: str, *, why: str = "", todo: str = "", stamp: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(what, why=why, todo=todo, stamp=stamp)
        self.retry_after_s = retry_after_s


class BudgetBlocked(Throttled):
    """An eviction was refused because it would break a PodDisruptionBudget, which `why` names."""


class Invalid(SourceError):
    """The server understood the request and refused its content."""


class Malformed(SourceError):
    """The answer is not what the protocol promises: HTML from a proxy, JSON cut short, an unknown shape."""


class ServerFailed(SourceError):
    """The server itself failed to answer the request (5xx)."""


class HostKeyRejected(SourceError):
    """The SSH server's host key is not one that is trusted; nothing was sent to it."""


class HostKeyUnknown(HostKeyRejected):
    """No key is remembered for this machine yet; `offered` are the ones it showed, as `algorithm SHA256:...`."""

    def __init__(
        self, what: str, *, why: str = "", todo: str = "", stamp: str = "", offered: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, why=why, todo=todo, stamp=stamp)
        self.offered = offered


class HostKeyChanged(HostKeyRejected):
    """Another key is remembered for this machine, or the key was revoked; `why` names both."""
