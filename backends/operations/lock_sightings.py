"""What this console saw of the team's locks, and when: the only thing by which a holder is judged lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from backends.clock import Clock
from backends.model.journal import Author
from backends.model.lock import LockHolder
from backends.operations.lock_lease import Claim, Lease

_DURATION_S = 30.0
"""For a Lease that does not say how long it counts."""

_Key = tuple[str, str, str]


class LockSightings:
    """Remembers since when each Lease was seen unchanged, on our own monotonic clock."""

    def __init__(self, author: Author, clock: Clock, is_gone: Callable[[Author], bool]) -> None:
        self._author = author
        self._clock = clock
        self._is_gone = is_gone
        self._at_work: set[str] = set()
        self._seen: dict[tuple[str, str], tuple[_Key, float]] = {}

    @contextmanager
    def at_work(self, claim: Claim) -> Iterator[None]:
        """Note that this console works under a claim; any other that names its process was not given back."""
        claim_id = f"{claim.name} {claim.since}"
        self._at_work.add(claim_id)
        try:
            yield
        finally:
            self._at_work.discard(claim_id)

    def holder_of(self, stamp: str, leases: Sequence[Lease]) -> LockHolder | None:
        """Return who holds a stamp's lock by what its APIs say, None when nobody does; a living holder comes first."""
        waits = [(self._lost_in_s(each), each) for each in leases if not self._is_void(each, leases)]
        if not waits:
            return None
        _, chosen = max(waits, key=lambda pair: pair[0] > 0)
        same = [(wait_s, each) for wait_s, each in waits if each.name == chosen.name]
        return LockHolder(
            stamp=stamp,
            name=chosen.name,
            what=chosen.what,
            since=chosen.since,
            process=chosen.process,
            held_on=tuple(each.api for _, each in same),
            lost_in_s=max(wait_s for wait_s, _ in same),
            is_ours=bool(chosen.process) and chosen.process == self._author.process,
        )

    def freedom(self, claim: Claim, leases: Sequence[Lease]) -> Callable[[Lease], bool]:
        """Return what tells whether a Lease may be taken for a claim, knowing what all APIs said."""

        def is_free(lease: Lease) -> bool:
            if self._is_void(lease, leases):
                return True
            return lease.name == claim.name and lease.process != claim.process and not self._lost_in_s(lease)

        return is_free

    def _is_void(self, lease: Lease, all_leases: Sequence[Lease]) -> bool:
        """Whether nobody holds it: no name, or a claim that another API says was given back, or one of our own past.

        An API that was dead when a claim was given back still names it.
        """
        if not lease.name or any(lease.claim_id == each.released for each in all_leases):
            return True
        ours = bool(lease.process) and lease.process == self._author.process
        return ours and lease.claim_id not in self._at_work

    def _lost_in_s(self, lease: Lease) -> float:
        """Return how long a Lease still has to stay unrenewed until its holder counts as lost."""
        now = self._clock.monotonic()
        key = (lease.name, lease.process, lease.renewed)
        place = (lease.api, lease.stamp)
        known = self._seen.get(place)
        if known is None or known[0] != key:
            known = self._seen[place] = key, now
        person, _, host = lease.name.rpartition("/")[0].partition("@")
        if lease.process and self._is_gone(Author(person, host, lease.process)):
            return 0.0
        return max(0.0, known[1] + (lease.duration_s or _DURATION_S) - now)
