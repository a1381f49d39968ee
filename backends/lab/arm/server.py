"""One stamp's Resource Manager and token endpoint: an aiohttp application over TLS on loopback."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from backends.lab.arm.authority import LoginRefused, TokenAuthority
from backends.lab.arm.calls import Call, Reply, RouteTable
from backends.lab.arm.cloud import Cloud
from backends.lab.arm.deployments import DeploymentRoutes
from backends.lab.arm.gate import Gate
from backends.lab.arm.groups import GroupRoutes
from backends.lab.arm.machines import MachineRoutes
from backends.lab.arm.marketplace import Marketplace
from backends.lab.arm.parts import PartRoutes
from backends.lab.arm.problems import Problem, unsupported_version
from backends.lab.arm.rollout import Rollout
from backends.lab.faults import Fault, FaultBoard
from backends.lab.kubernetes.access import ServingFiles
from backends.lab.kubernetes.link import LinkState
from backends.lab.kubernetes.listener import Listener

_LOG = logging.getLogger(__name__)
_METADATA_VERSIONS = ("1.0", "2015-01-01")
_MODES = (("arm-down", "refuse"), ("link-cut", "refuse"), ("link-black-hole", "mute"), ("arm-untrusted", "other"))
_BODY_LIMIT = 4 * 2**20


class ArmServer:
    """Serves what `cloud` holds. The port stays the same through faults."""

    def __init__(self, cloud: Cloud, authority: TokenAuthority, faults: FaultBoard, page_size: int) -> None:
        self._cloud = cloud
        self.authority = authority
        self._faults = faults
        self._gate = Gate(authority, faults, cloud.subscription)
        marketplace = Marketplace(cloud)
        self._table = RouteTable(
            [
                *GroupRoutes(cloud, page_size).routes(),
                *MachineRoutes(cloud, page_size).routes(),
                *PartRoutes(cloud, page_size).routes(),
                *DeploymentRoutes(cloud, Rollout(cloud, marketplace), page_size).routes(),
                *marketplace.routes(),
            ]
        )
        self._listener: Listener | None = None
        self._link: LinkState | None = None
        self._runner: web.AppRunner | None = None
        faults.listen(self._hear)

    @property
    def url(self) -> str:
        """Where it listens; no slash at its end."""
        return self.authority.base

    @property
    def audience(self) -> str:
        """What tokens are asked for."""
        return self.authority.audience

    @property
    def login_endpoint(self) -> str:
        """Where tokens are asked for, as the metadata say it."""
        return self.authority.login_endpoint

    async def start(self, files: ServingFiles, host: str = "127.0.0.1") -> None:
        """Listen on a free port; the other pair of `files` is of an authority nobody trusts."""
        application = web.Application(client_max_size=_BODY_LIMIT)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        assert self._runner.server is not None
        self._listener = Listener(files, self._runner.server)
        self._listener.open(host, 0)
        self.authority.base = f"https://{host}:{self._listener.port}"
        self._link = LinkState(f"arm-{self._cloud.location}", self._listener, self._faults, modes=_MODES)
        self._link.follow()

    async def stop(self) -> None:
        """Stop serving and cut what is open."""
        if self._link is not None:
            await self._link.close()
        if self._listener is not None:
            await self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # requests

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            reply = await self._answer(request)
        except Problem as problem:
            reply = Reply(problem.status, problem.body, problem.headers)
        except web.HTTPRequestEntityTooLarge:
            text = f"The request content size exceeds the maximum size of {_BODY_LIMIT} bytes."
            reply = Reply(413, Problem(413, "RequestContentTooLarge", text).body)
        except Exception:
            _LOG.exception("%s %s failed in the lab's Resource Manager", request.method, request.path)
            reply = Reply(500, Problem(500, "InternalServerError", "Encountered internal server error.").body)
        return self._response(request, reply)

    async def _answer(self, request: web.Request) -> Reply:
        parts = [part.lower() for part in request.path.split("/") if part]
        if parts == ["metadata", "endpoints"]:
            return self._metadata(request)
        if (login := self._login_path(parts)) is not None:
            return await self._log_in(request, login)
        principal = self._gate.authenticate(request.headers.get("Authorization", ""))
        self._gate.throttle()
        route, parameters = self._table.find(request.method, request.path)
        version = request.query.get("api-version", "")
        self._gate.check_version(version, route)
        self._gate.admit(principal, request.method, route, request.path, parameters)
        body = await _json(request)
        return route.answer(
            Call(
                request.method, request.path, self.authority.base, parameters | _subscription(parameters, self._cloud),
                dict(request.query), body,
            )
        )  # fmt: skip

    def _metadata(self, request: web.Request) -> Reply:
        version = request.query.get("api-version", "")
        if version not in _METADATA_VERSIONS:
            raise unsupported_version(version, _METADATA_VERSIONS)
        name, adfs = self._cloud.location, self.authority.is_adfs
        own = f"{name}.azurestack.external"
        return Reply(
            200,
            {
                "galleryEndpoint": f"https://providers.{own}:30016/",
                "graphEndpoint": f"https://graph.{own}/" if adfs else "https://graph.windows.net/",
                "portalEndpoint": f"https://portal.{own}/",
                "authentication": {
                    "loginEndpoint": self.authority.login_endpoint,
                    "audiences": [self.authority.audience],
                },
            },
        )

    # login

    def _login_path(self, parts: list[str]) -> list[str] | None:
        """Return the rest of a path below the endpoint of the stamp's own identity system, None elsewhere."""
        home = self.authority.home.rpartition("/")[2].lower()
        return parts[1:] if parts[:1] == [home] else None

    async def _log_in(self, request: web.Request, parts: list[str]) -> Reply:
        place = "/".join(parts)
        if request.method == "GET" and place in (
            ".well-known/openid-configuration", "v2.0/.well-known/openid-configuration",
        ):  # fmt: skip
            return Reply(200, self.authority.configuration(second=place.startswith("v2.0")))
        if request.method == "GET" and place == "discovery/keys":
            return Reply(200, self.authority.keys())
        if request.method == "POST" and place in ("oauth2/token", "oauth2/v2.0/token"):
            form = await _form(request)
            try:
                return Reply(200, self.authority.issue(form, second="v2.0" in place))
            except LoginRefused as refused:
                return Reply(refused.status, self.authority.described(refused))
        raise Problem(404, "NotFound", f"Nothing is served at {request.path}.")

    # answers

    def _response(self, request: web.Request, reply: Reply) -> web.Response:
        headers = {**self._correlation(request), **reply.headers}
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        text = json.dumps(reply.body)
        return web.Response(status=reply.status, text=text, headers=headers, content_type="application/json")

    def _correlation(self, request: web.Request) -> dict[str, str]:
        number = str(uuid.uuid4())
        asked = request.headers.get("x-ms-correlation-request-id") or number
        at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "x-ms-request-id": number,
            "x-ms-correlation-request-id": asked,
            "x-ms-routing-request-id": f"{self._cloud.location.upper()}:{at}:{number}",
            "Cache-Control": "no-cache",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
        }
        client = request.headers.get("x-ms-client-request-id")
        if client and request.headers.get("x-ms-return-client-request-id", "").lower() == "true":
            headers["x-ms-client-request-id"] = client
        return headers

    def _hear(self, fault: Fault, begins: bool) -> None:
        if self._link is not None:
            self._link.changed()


async def _json(request: web.Request) -> Any:
    """Return the decoded body, None for none; raises Problem 400 when it is not JSON."""
    if not request.can_read_body:
        return None
    content = await request.read()
    try:
        return json.loads(content) if content else None
    except ValueError:
        text = "The request content was invalid and could not be deserialized."
        raise Problem(400, "InvalidRequestContent", text) from None


async def _form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form; raises Problem 400 when they cannot be read."""
    try:
        return {key: str(value) for key, value in (await request.post()).items()}
    except ValueError:
        raise Problem(400, "InvalidRequestContent", "The form could not be read.") from None


def _subscription(parameters: Mapping[str, str], cloud: Cloud) -> dict[str, str]:
    """Ids are told with the subscription as it is written, not as the caller writes it."""
    return {"subscription": cloud.subscription} if "subscription" in parameters else {}
