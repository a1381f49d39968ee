"""Speaking to a running lab: faults on command and what it is doing, over HTTP on loopback with a token."""

from __future__ import annotations

import difflib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from backends.lab.faults import FAULTS, Fault, FaultBoard


class LabError(Exception):
    """A command to the lab that cannot be carried out; the message says what, why and what to do."""


@dataclass(frozen=True, slots=True)
class FaultInForce:
    """One fault as `lab status` shows it; `left_s`: real seconds until it ends, None for "until cleared"."""

    stamp: str
    name: str
    argument: str = ""
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class LabStatus:
    """What a running lab says of itself; `counts` is objects by stamp and resource, `now` simulated seconds."""

    stamps: tuple[str, ...]
    speed: float
    seed: int
    now: float
    uptime_s: float
    faults: tuple[FaultInForce, ...]
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class LabControl:
    """The client's side: `LabControl.read(DIR)` finds a running lab by its lab.json."""

    url: str
    token: str
    directory: Path

    @classmethod
    def read(cls, directory: Path) -> LabControl:
        """Read DIR/lab.json; LabError says when no lab runs there."""
        path = directory / "lab.json"
        try:
            control = json.loads(path.read_text(encoding="utf-8"))["control"]
            return cls(control["url"], control["token"], directory)
        except FileNotFoundError:
            raise LabError(f"no lab is running in {directory}: {path.name} is not there; {_HOW_TO_START}") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabError(f"{path} cannot be used: {error}; {_HOW_TO_START}") from None

    async def fault(self, stamp: str, fault: str, for_s: float | None = None) -> tuple[FaultInForce, ...]:
        """Begin `NAME` or `NAME=VALUE` on one stamp or `all`, for real seconds or until cleared."""
        name, _, argument = fault.partition("=")
        answer = await self._ask(
            "POST", "/faults", {"stamp": stamp, "name": name, "argument": argument, "for_s": for_s}
        )
        return tuple(FaultInForce(**each) for each in answer["faults"])

    async def clear(self, stamp: str = "all", name: str | None = None) -> tuple[FaultInForce, ...]:
        """End one fault, or all faults, of one stamp or `all`; return those that were in force."""
        answer = await self._ask("POST", "/clear", {"stamp": stamp, "name": name})
        return tuple(FaultInForce(**each) for each in answer["faults"])

    async def status(self) -> LabStatus:
        """Ask what the lab is doing."""
        answer = await self._ask("GET", "/status", None)
        faults = tuple(FaultInForce(**each) for each in answer.pop("faults"))
        return LabStatus(faults=faults, stamps=tuple(answer.pop("stamps")), **answer)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        timeout = aiohttp.ClientTimeout(total=10)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.request(method, self.url + path, json=body, headers=headers) as response,
            ):
                answer: dict[str, Any] = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise LabError(
                f"the lab of {self.directory} does not answer at {self.url}: it was stopped; {_HOW_TO_START}"
            ) from None
        if "error" in answer:
            raise LabError(str(answer["error"]))
        return answer


_HOW_TO_START = "start one with: stampdeck lab --dir DIR"


class ControlServer:
    """The lab's side: one small HTTP server on loopback.

    `describe` gives the fields of LabStatus but `faults`; `now` is the machine's monotonic clock; `refuse` says why
    a stamp cannot have a fault with that argument, or nothing.
    """

    def __init__(
        self,
        boards: Mapping[str, FaultBoard],
        token: str,
        describe: Callable[[], dict[str, Any]],
        now: Callable[[], float],
        refuse: Callable[[str, str, str], str] = lambda stamp, name, argument: "",
    ) -> None:
        self._boards = boards
        self._token = token
        self._describe = describe
        self._monotonic = now
        self._refuse = refuse
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; `port` then holds the one in use."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/status", self._status)
        app.router.add_post("/faults", self._fault)
        app.router.add_post("/clear", self._clear)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return web.json_response(
                {"error": "the control token is wrong: it is in lab.json of the lab's folder"}, status=401
            )
        try:
            answer: web.StreamResponse = await handler(request)
            return answer
        except LabError as error:
            return web.json_response({"error": str(error)}, status=400)

    async def _status(self, request: web.Request) -> web.Response:
        faults = [self._shown(fault) for board in self._boards.values() for fault in board.current]
        return web.json_response({**self._describe(), "faults": faults})

    async def _fault(self, request: web.Request) -> web.Response:
        asked = await request.json()
        name = self._known(asked["name"])
        argument, for_s = asked.get("argument") or "", asked.get("for_s")
        if for_s is not None and not for_s > 0:
            raise LabError(f"a fault lasts more than {for_s:g} seconds")
        boards = self._chosen(asked["stamp"])
        for board in boards:
            if why_not := self._refuse(board.stamp, name, argument):
                raise LabError(f"{board.stamp}: {why_not}")
        faults = [board.set(name, argument, for_s) for board in boards]
        return web.json_response({"faults": [self._shown(fault) for fault in faults]})

    async def _clear(self, request: web.Request) -> web.Response:
        asked = await request.json()
        name = self._known(asked["name"]) if asked.get("name") else None
        ended = [fault for board in self._chosen(asked["stamp"]) for fault in board.clear(name)]
        return web.json_response({"faults": [self._shown(fault) for fault in ended]})

    def _shown(self, fault: Fault) -> dict[str, Any]:
        left_s = None if fault.until is None else max(0.0, fault.until - self._monotonic())
        return {"stamp": fault.stamp, "name": fault.name, "argument": fault.argument, "left_s": left_s}

    def _known(self, name: str) -> str:
        if name in FAULTS:
            return name
        near = difflib.get_close_matches(name, FAULTS, 1)
        hint = f"; did you mean {near[0]}" if near else ""
        raise LabError(f"unknown fault {name!r}{hint}; known: {', '.join(FAULTS)}")

    def _chosen(self, stamp: str) -> list[FaultBoard]:
        if stamp == "all":
            return list(self._boards.values())
        if stamp in self._boards:
            return [self._boards[stamp]]
        near = difflib.get_close_matches(stamp, self._boards, 1)
        hint = f"; did you mean {near[0]}" if near else ""
        raise LabError(f"unknown stamp {stamp!r}{hint}; known: {', '.join(self._boards)}, or all")
