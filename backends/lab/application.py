"""The ratings application as its users see it: pages and items over HTTP, as healthy as the pods behind them."""

from __future__ import annotations

import asyncio
import contextlib
import html
import random
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from backends.lab.faults import Fault, FaultBoard
from backends.lab.tasks import keep_running
from backends.lab.world.load import Load
from backends.lab.world.world import Tier

_SLOW_RELEASE_S = 1.0
_FRUIT = ("Strawberry", "Banana", "Mango", "Blueberry", "Pineapple", "Kiwi", "Peach", "Papaya", "Cherry")
ITEMS: Mapping[int, str] = dict(enumerate(_FRUIT, start=1))


class Tiers(Protocol):
    """Who knows which pods of the application answer, and how busy they are."""

    @property
    def load(self) -> Load: ...
    def tiers(self) -> Mapping[str, Tier]: ...


class ApplicationServer:
    """One stamp's public endpoint. Answers 503 when a whole tier is down, some errors while part of one is."""

    def __init__(self, stamp: str, world: Tiers, faults: FaultBoard, dice: random.Random) -> None:
        self._stamp = stamp
        self._world = world
        self._faults = faults
        self._dice = dice
        self._runner: web.AppRunner | None = None
        self._sites: list[tuple[str, int, ssl.SSLContext | None]] = []
        self._open: list[web.TCPSite] = []
        self._changes = asyncio.Event()
        self._link_changed = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None
        faults.listen(self._hear)

    @property
    def port(self) -> int:
        """The plain HTTP port."""
        return self._sites[0][1]

    @property
    def tls_port(self) -> int:
        """The HTTPS port."""
        return self._sites[1][1]

    async def start(self, certificate: Path, key: Path, host: str = "127.0.0.1") -> None:
        """Listen on two free ports, HTTP and HTTPS; they stay the same through faults."""
        app = web.Application(middlewares=[self._stand_between])
        app.router.add_get("/", self._home)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/items/{number:[0-9]+}", self._item)
        app.router.add_get("/api/items", self._items)
        app.router.add_get("/api/items/{number:[0-9]+}", self._items)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        self._sites = [(host, 0, None), (host, 0, context)]
        await self._listen()
        self._sites = [
            (host, address[1], site[2]) for site, address in zip(self._sites, self._runner.addresses, strict=True)
        ]
        self._follower = keep_running(f"application-{self._stamp}", self._follow)

    async def stop(self) -> None:
        """Stop listening and cut what is open."""
        if self._follower is not None:
            self._follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._follower
        self._cut()
        if self._runner is not None:
            await self._runner.cleanup()

    # the link

    async def _listen(self) -> None:
        assert self._runner is not None
        opened: list[web.TCPSite] = []
        try:
            for host, port, context in self._sites:
                site = web.TCPSite(self._runner, host, port, ssl_context=context, reuse_address=True)
                await site.start()
                opened.append(site)
        except OSError:
            for site in opened:
                await site.stop()
            raise
        self._open = opened

    async def _follow(self) -> None:
        while True:
            self._changes.clear()
            cut = self._faults.active("link-cut") is not None
            if cut and self._open:
                closing, self._open = self._open, []
                for site in closing:
                    await site.stop()
                self._cut()
            elif not cut and not self._open:
                await self._listen()
            await self._changes.wait()

    def _hear(self, fault: Fault, begins: bool) -> None:
        if fault.name.startswith("link-"):
            if begins:
                self._cut()
            self._changes.set()
            self._link_changed.set()
            self._link_changed = asyncio.Event()

    def _cut(self) -> None:
        server = self._runner.server if self._runner is not None else None
        for connection in list(server.connections) if server is not None else ():
            transport = connection.transport
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    # answers

    @web.middleware
    async def _stand_between(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Apply faults, latency and missing pods to every request; stamp every answer."""
        self._world.load.count()
        await self._delay()
        if self._faults.active("link-reset") and request.transport is not None:
            request.transport.abort()
        refusal = self._refusal(request.path)
        try:
            response = refusal or await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=f"{error.status} {error.reason}\n")
        response.headers["X-Stamp"] = self._stamp
        response.headers["X-Request-Id"] = f"{self._dice.getrandbits(64):016x}"
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _delay(self) -> None:
        while self._faults.active("link-black-hole"):  # a caller who gives up cancels this
            await self._link_changed.wait()
        mean_s = self._world.load.latency_s(self._world.load.now)
        tiers = self._world.tiers().values()
        slow = self._meets(tier.slow / max(1, tier.listed) for tier in tiers)
        await asyncio.sleep(mean_s * self._dice.uniform(0.7, 1.4) + (_SLOW_RELEASE_S if slow else 0.0))

    def _refusal(self, path: str) -> web.Response | None:
        if self._faults.active("app-error"):
            return web.Response(status=500, text="Internal Server Error: the application is failing\n")
        tiers = self._world.tiers()
        for name, status in (("ingress", 503), ("web", 503), ("api", 503), ("database", 503)):
            if not tiers[name].answering:
                return web.Response(
                    status=status, text=f"503 Service Temporarily Unavailable: no {name} pod is ready\n"
                )
        # A pod on a node that just died is still listed: what is routed there is lost.
        lost = max(tier.dead / tier.listed for tier in tiers.values())
        if self._meets(tier.failing / tier.listed for tier in tiers.values()):
            return web.Response(status=500, text="500 Internal Server Error: ratings cannot be read\n")
        # One missing pod is covered by the others, as in a rollout; more are felt.
        short = max(max(0, tier.wanted - tier.listed - 1) / max(1, tier.wanted) for tier in tiers.values())
        felt = 0.0 if path == "/healthz" else 0.5 * short
        if self._dice.random() < max(lost, felt):
            return web.Response(status=502, text="502 Bad Gateway: upstream prematurely closed the connection\n")
        return None

    def _meets(self, shares: Iterable[float]) -> bool:
        """Tell whether a request that passes one pod of each tier meets one of a share of them."""
        return any(self._dice.random() < share for share in shares)

    async def _home(self, request: web.Request) -> web.Response:
        items = "".join(f'<li><a href="/items/{number}">{name}</a></li>' for number, name in ITEMS.items())
        return _page("Ratings", f"<p>Served by {html.escape(self._stamp)}.</p><ul>{items}</ul>")

    async def _item(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if number not in ITEMS:
            return web.Response(status=404, text="404 Not Found: there is no such item\n")
        return _page(ITEMS[number], f"<p>Rated {_rating(number)} of 5.</p>")

    async def _items(self, request: web.Request) -> web.Response:
        asked = request.match_info.get("number")
        if asked is None:
            return web.json_response([_described(number) for number in ITEMS])
        if int(asked) not in ITEMS:
            return web.json_response({"error": "there is no such item"}, status=404)
        return web.json_response(_described(int(asked)))

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")


def _described(number: int) -> dict[str, object]:
    return {"id": number, "name": ITEMS[number], "rating": _rating(number)}


def _rating(number: int) -> float:
    return round(3 + (number * 37 % 20) / 10, 1)


def _page(title: str, body: str) -> web.Response:
    text = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>\n"
    return web.Response(text=text, content_type="text/html")
