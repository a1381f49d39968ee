"""After the engine's own end: a run is done when the nodes it made are ready, which the engine may not wait for."""

from __future__ import annotations

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.engine.command import EngineCommand, Scale, Upgrade
from backends.model.fields import text
from backends.model.fleet import Severity
from backends.model.preconditions.nodes import is_ready
from backends.model.preconditions.replicas import named
from backends.model.preflight.cluster import pool_of
from backends.operations.engine.site import EngineSite
from backends.operations.work import PartlyDone, Progress

TIMEOUT_S = 20 * 60.0
"""As long as the engine itself gives a node to become ready (`--vm-timeout`)."""
_LOOK_S = 2.0
_MOST = 5_000


async def settle(said: str, command: EngineCommand, site: EngineSite, progress: Progress, clock: Clock) -> str:
    """Return `said` once all nodes of the pools touched are there and ready; raises PartlyDone when that lasts."""
    if not isinstance(command, Scale | Upgrade):
        return said
    until, told = clock.monotonic() + TIMEOUT_S, ""
    while True:
        waits = await _waits(command, site)
        if not waits:
            return said
        if waits != told:
            told = waits
            progress.say(f"the engine is done; waits: {waits}", Severity.WARNING)
        if clock.monotonic() >= until:
            todo = "look at these nodes: events, the kubelet's log, `get-logs`"
            raise PartlyDone(f"{said}, but the nodes are not ready", why=waits, todo=todo, stamp=site.name)
        await clock.sleep(_LOOK_S)


async def _waits(command: Scale | Upgrade, site: EngineSite) -> str:
    try:
        nodes = await site.cluster.list_objects("nodes", limit=_MOST)
    except SourceError as error:
        return f"the nodes could not be read: {error.why or error.what}"
    if isinstance(command, Scale):
        nodes = [each for each in nodes if pool_of(each) == command.pool]
        if len(nodes) != command.count:
            return f"pool {command.pool} has {len(nodes)} nodes, not {command.count}"
    down = [text(each, "metadata", "name") for each in nodes if not is_ready(each)]
    return f"{named(down)} not ready" if down else ""
