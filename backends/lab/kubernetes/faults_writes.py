"""Faults that only writes meet: conflicts, refused evictions, a full database, lost answers, an API that dies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from backends.lab.faults import FaultBoard
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.statuses import ApiError, modified, too_many_requests

_WRITES = ("create", "update", "patch", "delete", "deletecollection")
_SLOW_S = 5.0
_NO_WRITES = ("exec", "attach", "portforward", "log", "token", "proxy")
_QUESTIONS = ("authorization.k8s.io", "authentication.k8s.io")


class WriteFaults:
    """Stands round every write that would be stored; reads, dry runs and questions about access pass untouched."""

    def __init__(self, faults: FaultBoard) -> None:
        self._faults = faults

    async def carry_out(
        self, request: web.Request, call: Call, write: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Do a write, or what the faults in force make of it; ApiError where it is refused."""
        if not await _is_stored(request, call):
            return await write()
        if fault := self._faults.active("write-slow"):
            await asyncio.sleep(float(fault.argument or _SLOW_S))
        self._refuse(call)
        answer = await write()
        if answer.status >= 400:
            return answer
        if self._faults.spend("answer-lost", call.plural):
            return _lost(request)
        dying = self._faults.active("api-dies-after")
        if self._faults.spend("api-dies-after", call.plural) and self._faults.active("api-dies-after") is not dying:
            # Only after this answer is on its way: connections that are open are cut.
            asyncio.get_running_loop().call_later(_GOODBYE_S, self._faults.set, "api-down")
        return answer

    def _refuse(self, call: Call) -> None:
        if self._faults.active("write-down"):
            raise ApiError(500, "", "etcdserver: mvcc: database space exceeded")
        if call.subresource == "eviction":
            if self._faults.spend("eviction-429", "pods", None):
                text = f"The disruption budget {call.name} needs 1 healthy pods and has 1 currently"
                cause = {"reason": "DisruptionBudget", "message": text}
                message = "Cannot evict pod as it would violate the pod's disruption budget."
                raise too_many_requests(message, 0, [cause])
        elif call.verb in ("update", "patch", "delete") and self._faults.spend("conflict-409", call.plural):
            raise modified(call.plural, call.group, call.name)


_GOODBYE_S = 0.05


async def _is_stored(request: web.Request, call: Call) -> bool:
    """Tell whether a request is a write that would be kept."""
    if call.verb not in _WRITES or call.subresource in _NO_WRITES or call.group in _QUESTIONS or call.dry_run:
        return False
    # Deletions and evictions say so in their body; it is kept, so that whoever serves the request reads it again.
    if call.verb in ("delete", "deletecollection") or call.subresource == "eviction":
        return b'"dryRun":["All"]' not in (await request.read()).replace(b" ", b"")
    return True


def _lost(request: web.Request) -> web.StreamResponse:
    """Cut the connection instead of answering: the caller cannot know whether the write was carried out."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)
