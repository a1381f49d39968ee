"""How a run ended, from the job's own end and what its log explained; and reading back what it left."""

from __future__ import annotations

from backends.errors import NotFound
from backends.model.change import Change
from backends.model.engine.command import AddPool, Deploy, EngineCommand, GetLogs, RotateCerts, Scale, Upgrade
from backends.model.engine.progress import EngineProgress, Retry
from backends.model.fields import text
from backends.model.job import JobState, JobStatus
from backends.model.preconditions.nodes import is_ready
from backends.model.preconditions.replicas import named
from backends.model.preflight.cluster import pool_of
from backends.operations.engine.site import EngineSite
from backends.operations.work import PartlyDone, Verified

_MOST = 5_000
_RECONCILE = (
    "nobody knows how it ended: `stampdeck jobs reconcile` compares nodes, machines and api model, and says what the"
    " same command would do"
)


def ended(status: JobStatus, progress: EngineProgress, change: Change) -> str:
    """Return what was done; raises PartlyDone, with cause and advice, when the job did not end well."""
    what = f"{change.summary}: job {status.number}"
    if status.state is JobState.EXITED and status.status == 0:
        alarms = f"; look at: {'; '.join(progress.alarms)}" if progress.alarms else ""
        return f"{change.summary}{alarms}"
    if status.state is JobState.EXITED:
        raise PartlyDone(
            f"{what} ended with exit status {status.status}", why=_why(progress), todo=_todo(progress),
            stamp=change.stamp,
        )  # fmt: skip
    if status.state is JobState.FAILED_START:
        why, todo = "its process never came up", "nothing was done: look at the space and limits of the VM"
        raise PartlyDone(f"{what} did not start", why=why, todo=todo, stamp=change.stamp)
    why = {
        JobState.REBOOTED: "the helper VM was started again while it ran",
        JobState.LOST: "all of it is gone without an exit status",
    }.get(status.state, f"it is {status.state}")
    raise PartlyDone(f"{what}: the outcome is unknown", why=why, todo=_RECONCILE, stamp=change.stamp)


def _why(progress: EngineProgress) -> str:
    last = progress.failures[-1] if progress.failures else None
    return f"{last.cause} ({last.text})" if last else "it gave no reason that is known here: read its log"


def _todo(progress: EngineProgress) -> str:
    if not progress.failures:
        return "read the end of its log before you try again"
    last = progress.failures[-1]
    again = {
        Retry.SAFE: "the same command can be given again",
        Retry.AFTER: "then give the same command again: what is done is kept",
        Retry.NOT: "do not simply give the command again",
    }[last.retry]
    return f"{last.todo}; {again}"


async def verify_run(site: EngineSite, command: EngineCommand, number: str) -> Verified:
    """Read back job, api model and nodes; SourceError when the job cannot be asked."""
    try:
        status = await site.jobs.status(number)
    except NotFound:
        return Verified(False, f"job {number} was never started")
    if status.state is not JobState.EXITED:
        return Verified(False, f"job {number} is {status.state}")
    if status.status != 0:
        return Verified(False, f"job {number} ended with exit status {status.status}")
    match command:
        case Upgrade(version=version):
            return await _verify_upgrade(site, version, everywhere=not command.control_plane_only)
        case Scale(pool=pool, count=count):
            return await _verify_scale(site, pool, count)
        case AddPool() | Deploy() | RotateCerts() | GetLogs():
            return Verified(True, f"job {number} ended with exit status 0")


async def _verify_upgrade(site: EngineSite, version: str, *, everywhere: bool) -> Verified:
    model = await site.engine.api_model()
    if model.version != version:
        return Verified(False, f"the api model still says {model.version}")
    nodes = await site.cluster.list_objects("nodes", limit=_MOST)
    asked = [each for each in nodes if everywhere or pool_of(each) == "master"]
    old = [
        text(each, "metadata", "name")
        for each in asked
        if text(each, "status", "nodeInfo", "kubeletVersion").lstrip("v") != version
    ]
    if old:
        return Verified(False, f"{named(old)} has another version than {version}")
    return _all_ready(asked, f"{len(asked)} nodes have {version}")


async def _verify_scale(site: EngineSite, pool: str, count: int) -> Verified:
    model = await site.engine.api_model()
    found = model.pool(pool)
    if found is None or found.count != count:
        said = f"has {found.count} nodes" if found else "is missing"
        return Verified(False, f"pool {pool} {said} in the api model")
    nodes = [each for each in await site.cluster.list_objects("nodes", limit=_MOST) if pool_of(each) == pool]
    if len(nodes) != count:
        return Verified(False, f"pool {pool} has {len(nodes)} nodes")
    return _all_ready(nodes, f"pool {pool} has {count} nodes")


def _all_ready(nodes: list[dict[str, object]], said: str) -> Verified:
    down = [text(each, "metadata", "name") for each in nodes if not is_ready(each)]
    if down:
        return Verified(False, f"{said}, but {named(down)} not ready")
    return Verified(True, f"{said}, and all are ready")
