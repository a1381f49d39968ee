"""The lock of one stamp as one API keeps it: a Lease, taken, renewed and given back by compare-and-swap.

A Lease that nobody holds is kept without a holder instead of being deleted: giving back is then a replace that
fails when somebody else took it meanwhile (a DELETE can only ask for the uid, which a takeover leaves), needs no
right to delete, and tells who was there last. Source: coordination.k8s.io/v1 Lease; client-go's leader election.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backends.clock import Clock
from backends.errors import Conflict, NotFound, SourceError, Unreachable
from backends.model.age import parse_time
from backends.operations.ports import ClusterWriter, KubernetesObject

PREFIX = "stampdeck-"
SELECTOR = "app.kubernetes.io/managed-by=stampdeck"
_WHAT, _SINCE, _PROCESS = "stampdeck/what", "stampdeck/since", "stampdeck/process"
_RELEASED, _TAKEN = "stampdeck/released", "stampdeck/taken-over-by"
_LONGEST = 200
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Claim:
    """What we write into a Lease: the holder's name, its process, what for, and when it was claimed first."""

    name: str
    process: str
    what: str
    since: str


@dataclass(frozen=True, slots=True)
class Lease:
    """A Lease as it was read; `name` is its holder, empty when nobody holds it."""

    api: str
    stamp: str
    raw: KubernetesObject
    name: str
    process: str
    what: str
    acquired: str
    renewed: str
    duration_s: float
    released: str
    """Which claim on this Lease was given back last."""

    @property
    def since(self) -> float:
        return parse_time(self.acquired)

    @property
    def claim_id(self) -> str:
        """One claim, the same on every API that keeps it."""
        return f"{self.name} {self.acquired}"

    def is_of(self, claim: Claim) -> bool:
        """Whether this very claim holds it."""
        return (self.name, self.process, self.acquired) == (claim.name, claim.process, claim.since)


class HeldByAnother(Exception):
    """The Lease is somebody else's."""

    def __init__(self, lease: Lease) -> None:
        super().__init__(lease.name)
        self.lease = lease


class LockLease:
    """The Lease of one stamp's lock on one API; calls raise only SourceError, and HeldByAnother where named."""

    def __init__(self, cluster: ClusterWriter, stamp: str, namespace: str, duration_s: float, clock: Clock) -> None:
        self._cluster = cluster
        self._stamp = stamp
        self._namespace = namespace
        self._duration_s = duration_s
        self._clock = clock
        self.is_written = False
        """Whether we ever sent a claim there, so that it may hold one of ours."""

    @property
    def api(self) -> str:
        """The stamp whose API keeps it."""
        return self._cluster.stamp.name

    @property
    def _lease_name(self) -> str:
        return PREFIX + self._stamp

    async def read(self) -> Lease | None:
        """Return it as it is now, None when there is none."""
        try:
            raw = await self._cluster.get("leases", self._lease_name, self._namespace)
        except NotFound:
            return None
        return parse_lease(self.api, raw)

    async def take(self, claim: Claim, is_free: Callable[[Lease], bool]) -> Lease:
        """Write our claim into it if it is free; HeldByAnother when it is not, also when another was quicker.

        A write that got no answer is looked up: it may have been done.
        """
        sent: set[str] = set()
        for _ in range(_TRIES):
            found = await self.read()
            if found is not None:
                if found.is_of(claim) and found.renewed in sent:
                    return found
                if not found.is_of(claim) and not is_free(found):
                    raise HeldByAnother(found)
            body = self._body(found, claim)
            sent.add(body["spec"]["renewTime"])
            try:
                return await self._write(found, body)
            except (Conflict, Unreachable, NotFound) as error:
                problem: SourceError = error
        raise problem

    async def renew(self, held: Lease, claim: Claim) -> Lease:
        """Write the time into it again; HeldByAnother when it is no longer ours, nobody's included."""
        try:
            return await self._write(held, self._body(held, claim))
        except (Conflict, NotFound):
            # Annotated by someone, deleted by someone, or an earlier renewal whose answer was lost had been done.
            return await self.take(claim, is_free=lambda lease: False)

    async def give_back(self, claim: Claim) -> bool:
        """Take our claim out of it; return whether it was there."""
        return await self._clear(lambda lease: lease.is_of(claim), {})

    async def clear(self, claim_id: str, by: str) -> bool:
        """Take a lost holder's claim out of it in the name of `by`; return whether it was there."""
        return await self._clear(lambda lease: lease.claim_id == claim_id, {_TAKEN: by})

    async def _clear(self, is_meant: Callable[[Lease], bool], notes: dict[str, str]) -> bool:
        for _ in range(_TRIES):
            found = await self.read()
            if found is None or not is_meant(found):
                return False
            raw = copy.deepcopy(found.raw)
            raw["spec"].pop("holderIdentity", None)
            raw["metadata"]["annotations"] |= {_RELEASED: found.claim_id} | notes
            raw["metadata"]["annotations"].pop(_PROCESS, None)
            try:
                await self._cluster.replace("leases", self._lease_name, raw, namespace=self._namespace)
            except Conflict:
                continue
            return True
        return False

    async def _write(self, found: Lease | None, body: KubernetesObject) -> Lease:
        self.is_written = True
        if found is None:
            raw = await self._cluster.create("leases", body, namespace=self._namespace)
        else:
            raw = await self._cluster.replace("leases", self._lease_name, body, namespace=self._namespace)
        return parse_lease(self.api, raw)

    def _body(self, found: Lease | None, claim: Claim) -> KubernetesObject:
        raw: dict[str, Any] = copy.deepcopy(found.raw) if found else {"metadata": {"name": self._lease_name}}
        key, _, value = SELECTOR.partition("=")
        metadata, spec = raw["metadata"], raw.setdefault("spec", {})
        metadata["labels"] = (metadata.get("labels") or {}) | {key: value}
        notes = {_WHAT: claim.what[:_LONGEST], _SINCE: claim.since, _PROCESS: claim.process}
        metadata["annotations"] = (metadata.get("annotations") or {}) | notes
        changes_hands = found is None or not found.is_of(claim)
        spec |= {
            "holderIdentity": claim.name,
            "leaseDurationSeconds": max(1, round(self._duration_s)),
            "acquireTime": claim.since,
            "renewTime": write_time(self._clock.now()),
            "leaseTransitions": int(spec.get("leaseTransitions") or 0) + changes_hands,
        }
        return raw


def parse_lease(api: str, raw: KubernetesObject) -> Lease:
    """Return a Lease object in our terms; what is missing is empty."""
    metadata, spec = raw.get("metadata") or {}, raw.get("spec") or {}
    notes = metadata.get("annotations") or {}
    return Lease(
        api=api,
        stamp=str(metadata.get("name", "")).removeprefix(PREFIX),
        raw=raw,
        name=str(spec.get("holderIdentity") or ""),
        process=str(notes.get(_PROCESS, "")),
        what=str(notes.get(_WHAT, ""))[:_LONGEST],
        acquired=str(spec.get("acquireTime") or ""),
        renewed=str(spec.get("renewTime") or ""),
        duration_s=float(spec.get("leaseDurationSeconds") or 0),
        released=str(notes.get(_RELEASED, "")),
    )


def write_time(at: float) -> str:
    """Return seconds since the epoch as a `MicroTime`, the form of a Lease's times."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
