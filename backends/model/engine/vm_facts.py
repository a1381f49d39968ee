"""What a look at a helper VM finds that matters before a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from backends.model.job import ForeignProcess


@dataclass(frozen=True, slots=True)
class Probe:
    """Something the VM was asked to reach or to find: whether it could, and the evidence in words."""

    ok: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class VmFacts:
    """One look at the VM, made by one command there.

    `missing` are tools the job runner needs and did not find; `skew_s` how far its clock is ahead of ours;
    `kills_left_processes` whether logind ends what a logout leaves. None where it could not be told.
    """

    missing: tuple[str, ...]
    free_bytes: int | None
    skew_s: float | None
    boot_id: str
    kills_left_processes: bool | None
    locks_work: bool | None
    """Whether a lock on the api model's folder keeps a second process out there."""
    foreign: tuple[ForeignProcess, ...] = ()
    credential_modes: tuple[str, ...] = ()
    """What is wrong with the credentials: files missing or readable by others, a secret that processes show."""
    proc_hidden: bool | None = None
    """Whether other accounts of the VM cannot see a process's arguments (/proc with hidepid)."""
    probes: dict[str, Probe] = field(default_factory=dict)
    """By `arm`, `login`, `providers` (the service principal), `kubernetes`: asked from the VM itself."""
