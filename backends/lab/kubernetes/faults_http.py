"""Faults a client meets inside a connection that works: slow, throttled, failing, foreign and cut answers."""

from __future__ import annotations

import asyncio

from aiohttp import web

from backends.lab.faults import Fault, FaultBoard
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.statuses import ApiError, forbidden, too_many_requests

_SLOW_S = 5.0
_RETRY_AFTER_S = 2
_LOOK_S = 0.05

_HTML = (
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n"
    "<body><h1>502 Bad Gateway</h1><p>The proxy server received an invalid response.</p></body></html>\n"
)


def _seconds(fault: Fault, default: float) -> float:
    try:
        return float(fault.argument or default)
    except ValueError:
        return default


class FaultGate:
    """Every request passes here before it is served, and its answer afterwards."""

    def __init__(self, faults: FaultBoard) -> None:
        self._faults = faults

    async def pass_through(self, request: web.Request) -> web.StreamResponse | None:
        """Wait, refuse, or let pass (None); ApiError for those that look like the API's own."""
        await self._stay("link-black-hole", None)
        if fault := self._faults.active("api-slow"):
            await self._stay("api-slow", _seconds(fault, _SLOW_S))
        if self._faults.active("api-html"):
            return web.Response(text=_HTML, status=502, content_type="text/html")
        if fault := self._faults.active("api-429"):
            message = "the server has received too many requests and has asked us to try again later"
            raise too_many_requests(message, max(1, int(_seconds(fault, _RETRY_AFTER_S))))
        if self._faults.active("api-500"):
            message = "Internal error occurred: etcdserver: request timed out"
            raise ApiError(500, "InternalError", message, {"causes": [{"message": "etcdserver: request timed out"}]})
        return None

    async def _stay(self, name: str, at_most_s: float | None) -> None:
        """Wait until the fault is cleared, or no longer than asked."""
        try:
            async with asyncio.timeout(at_most_s):
                # Faults also end by themselves when their time is up, which wakes nobody: so look again and again.
                while self._faults.active(name):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            return

    async def spoil(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Cut an answer in the middle when that is the fault: its length is announced, half of it comes."""
        if not self._faults.active("api-truncated") or not isinstance(response, web.Response):
            return response
        body = response.body
        if not isinstance(body, bytes) or len(body) < 2:
            return response
        cut = web.StreamResponse(status=response.status, headers={"Content-Type": response.headers["Content-Type"]})
        cut.content_length = len(body)
        await cut.prepare(request)
        await cut.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.close()
        return cut

    def check_access(self, call: Call) -> None:
        """Under `forbidden`, only nodes and questions about oneself are left."""
        if not self._faults.active("forbidden"):
            return
        if call.plural == "nodes" and call.group == "" and call.verb in ("get", "list", "watch"):
            return
        if call.group in ("authorization.k8s.io", "authentication.k8s.io"):
            return
        where = f'in the namespace "{call.namespace}"' if call.namespace else "at the cluster scope"
        why = (
            f'User "{call.user.name}" cannot {call.verb} resource "{call.resource_path}" '
            f'in API group "{call.group}" {where}'
        )
        raise forbidden(call.plural, call.group, call.name, why)

    def check_metrics(self) -> None:
        """Under `metrics-down` the aggregated API answers as one without a backend."""
        if self._faults.active("metrics-down"):
            raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request", {})
