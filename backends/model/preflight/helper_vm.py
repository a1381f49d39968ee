"""Rules about the helper VM: whether a run can live there, and whether another one does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backends.model.age import format_duration
from backends.model.job import JobStatus
from backends.model.preconditions.replicas import named
from backends.model.preflight.facts import PreflightFacts, Unread
from backends.model.proposal import Finding, Level

_FREE_BYTES = 500 * 2**20
"""Less free space than this is refused: logs are kept there, and the engine writes its api model at the very end."""
_SKEW_S = 30.0


def helper_vm_findings(facts: PreflightFacts) -> Iterator[Finding]:
    """Answer whether the VM can keep the run, who else runs there, and on the other stamps."""
    stamp = facts.stamp
    yield _runner(facts)
    if not isinstance(facts.vm, Unread):
        yield _disk(facts.vm.free_bytes, stamp)
        yield _clock(facts.vm.skew_s, stamp)
        yield from _credentials(facts)
    yield _free(facts)
    yield from (_elsewhere(name, jobs) for name, jobs in facts.elsewhere.items())


def _runner(facts: PreflightFacts) -> Finding:
    vm = facts.vm
    if isinstance(vm, Unread):
        return Finding("helper-vm", Level.REFUSE, f"it could not be looked at: {vm.why}", facts.stamp, False)
    if vm.missing:
        lacks = f"it lacks {named(vm.missing)}, without which a run cannot outlive our connection"
        return Finding("helper-vm", Level.REFUSE, lacks, facts.stamp, False)
    if vm.kills_left_processes:
        evidence = "logind ends what a logout leaves (KillUserProcesses=yes): the run would die with our connection"
        return Finding("helper-vm", Level.REFUSE, evidence, facts.stamp)
    if vm.locks_work is False:
        evidence = "a lock on the api model's folder keeps nobody out there: two runs could work at once"
        return Finding("helper-vm", Level.REFUSE, evidence, facts.stamp)
    return Finding("helper-vm", Level.PASS, "a run there outlives our connection, and is the only one", facts.stamp)


def _disk(free: int | None, stamp: str) -> Finding:
    if free is None:
        return Finding("disk", Level.WARN, "how much space the VM has is not known", stamp)
    megabytes = f"{free // 2**20} MiB are free"
    return Finding("disk", Level.PASS if free >= _FREE_BYTES else Level.REFUSE, megabytes, stamp)


def _clock(skew: float | None, stamp: str) -> Finding:
    if skew is None or abs(skew) <= _SKEW_S:
        return Finding(
            "clock", Level.PASS, "the VM's clock agrees with ours" if skew is not None else "not asked", stamp
        )
    side = "ahead of" if skew > 0 else "behind"
    return Finding("clock", Level.WARN, f"the VM's clock is {format_duration(abs(skew))} {side} ours", stamp)


def _credentials(facts: PreflightFacts) -> Iterator[Finding]:
    assert not isinstance(facts.vm, Unread)
    if facts.vm.credential_modes:
        yield Finding("credentials", Level.WARN, named(facts.vm.credential_modes), facts.stamp)
    for rule, probes, what in (
        ("stamp-arm", ("arm",), "the stamp's Resource Manager answers the VM"),
        ("service-principal", ("login", "providers"), "the engine's service principal is let in"),
        ("api-from-vm", ("kubernetes",), "the cluster's API answers the VM"),
    ):
        yield _probed(facts, rule, probes, what)


def _probed(facts: PreflightFacts, rule: str, names: tuple[str, ...], what: str) -> Finding:
    assert not isinstance(facts.vm, Unread)
    asked = [facts.vm.probes[name] for name in names if name in facts.vm.probes]
    failed = [each.evidence for each in asked if not each.ok]
    if failed:
        return Finding(rule, Level.REFUSE, failed[0], facts.stamp)
    if len(asked) < len(names):
        return Finding(rule, Level.WARN, f"whether {what} could not be asked", facts.stamp)
    return Finding(rule, Level.PASS, f"{what}: {asked[-1].evidence}" if asked[-1].evidence else what, facts.stamp)


def _free(facts: PreflightFacts) -> Finding:
    jobs, vm = facts.jobs, facts.vm
    if isinstance(jobs, Unread):
        return Finding("no-other-run", Level.REFUSE, f"its jobs could not be read: {jobs.why}", facts.stamp)
    if busy := [each for each in jobs if not each.state.is_over]:
        return Finding("no-other-run", Level.REFUSE, f"{_told(busy[0])} is going on there", facts.stamp, False)
    if not isinstance(vm, Unread) and vm.foreign:
        first = vm.foreign[0]
        evidence = f"{first.user} started {first.command} by hand (process {first.pid}): wait for its end"
        return Finding("no-other-run", Level.REFUSE, evidence, facts.stamp, False)
    return Finding("no-other-run", Level.PASS, "no other run works on this cluster", facts.stamp)


def _elsewhere(name: str, jobs: Sequence[JobStatus] | Unread) -> Finding:
    if isinstance(jobs, Unread):
        return Finding("one-run-at-a-time", Level.WARN, f"the jobs of {name} could not be read: {jobs.why}", name)
    if busy := [each for each in jobs if not each.state.is_over]:
        return Finding("one-run-at-a-time", Level.REFUSE, f"{_told(busy[0])} is going on on {name}", name)
    return Finding("one-run-at-a-time", Level.PASS, f"no run is going on on {name}", name)


def _told(job: JobStatus) -> str:
    operation, who = str(job.meta.get("operation", "job")), str(job.meta.get("who", ""))
    return f"{operation} {job.number}" + (f" of {who}" if who else "")
