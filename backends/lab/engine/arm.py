"""A client of the stamp's Azure Resource Manager, with the patience of the Azure SDK for Go."""

from __future__ import annotations

import json
import random
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from backends.lab.engine.arm_failure import ArmFailure, refusal
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.login import Cloud, Credentials, Login, LoginRefused, tenant_of
from backends.lab.engine.panic import tenant_panic
from backends.lab.engine.session import Session
from backends.lab.engine.wire import Answer, Wire, WireFailure, trusting_context

RESOURCES, COMPUTE, DISKS, NETWORK, SUBSCRIPTIONS = "2019-10-01", "2020-06-01", "2019-07-01", "2018-11-01", "2016-06-01"
"""Api versions of the profile 2020-09-01-hybrid, which the engine is built with."""

POLL_S = 30.0
OPERATION_TIMEOUT_S = 150 * 60.0
_RETRIED = (408, 429, 500, 502, 503, 504)
_RETRIES = 3
_RETRY_S = 0.8
_LONGEST_RETRY_S = 60.0
_REQUEST_TIMEOUT_S = 60.0
_PROVIDERS = ("Microsoft.Compute", "Microsoft.Storage", "Microsoft.Network")


class Arm:
    """One subscription of one stamp, by its resource manager. Safe to be used by several threads once logged in."""

    def __init__(self, session: Session, cloud: Cloud, credentials: Credentials, subscription: str) -> None:
        self._session = session
        self._cloud = cloud
        self._credentials = credentials
        self.subscription = subscription
        self._context = trusting_context()
        timeout_s = session.clock.real_timeout_s(_REQUEST_TIMEOUT_S)
        self._wire = Wire(cloud.resource_manager, self._context, timeout_s)
        self._logins: dict[str, Wire] = {}
        self._login: Login | None = None

    def log_in(self) -> None:
        """Find the tenant and see that a token reads the subscription's providers.

        Raises `EnginePanic` or `EngineFailure`, which says nothing of the cause when it is the login.
        """
        self._login = Login(self._cloud, self._credentials, self._tenant(), self._ask_login)
        silent = f"Error listing registered providers for subscription {self.subscription}"
        try:
            found = self.list("/providers", RESOURCES)
        except ArmFailure as error:
            raise EngineFailure(silent) from error
        states = {str(each.get("namespace")): str(each.get("registrationState")) for each in found}
        for provider in _PROVIDERS:
            if states.get(provider) == "NotRegistered":
                self._session.streams.info(
                    f'Registering subscription to resource provider. provider="{provider}" '
                    f'subscription="{self.subscription}"'
                )
                self.call("POST", f"/providers/{provider}/register", RESOURCES)
            else:
                self._session.streams.debug(f'Already registered for "{provider}"')

    def _tenant(self) -> str:
        if self._credentials.identity_system == "adfs":
            return "adfs"
        self._session.streams.debug(f"Resolving tenantID for subscriptionID: {self.subscription}")
        path = f"/subscriptions/{self.subscription}?api-version={SUBSCRIPTIONS}"
        try:
            answer = self._patiently(lambda: self._wire.ask("GET", path, None, {"Authorization": "Bearer fake_token"}))
        except ArmFailure as error:
            dice = random.Random(self._session.dice.random())
            raise tenant_panic(self._session.call.command.name, self._credentials.has_certificate, dice) from error
        return tenant_of(answer)

    def call(
        self,
        method: str,
        path: str,
        version: str,
        body: Mapping[str, Any] | None = None,
        *,
        deadline: float | None = None,
    ) -> Answer:
        """Ask for something under the subscription; `path` begins with /resourcegroups or /providers.

        Raises `ArmFailure` for an error that stays one after the SDK's retries.
        """
        whole = f"/subscriptions/{self.subscription}{path}"
        content = None if body is None else json.dumps(body).encode()
        return self.call_url(method, f"{self._wire.base}{whole}?api-version={version}", content, deadline=deadline)

    def call_url(self, method: str, url: str, body: bytes | None = None, *, deadline: float | None = None) -> Answer:
        """Ask for a whole address, such as the one of an operation under way."""
        parts = urllib.parse.urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path

        def ask() -> Answer:
            headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
            if body is not None:
                headers["Content-Type"] = "application/json"
            return self._wire.ask(method, path, body, headers)

        answer = self._patiently(ask, deadline)
        if answer.status >= 400:
            raise refusal(answer)
        return answer

    def get(self, path: str, version: str) -> dict[str, Any]:
        """Read one resource."""
        return _object(self.call("GET", path, version))

    def list(self, path: str, version: str) -> list[dict[str, Any]]:
        """Read a list with all its pages."""
        answer = _object(self.call("GET", path, version))
        items = list(answer.get("value") or [])
        while following := answer.get("nextLink"):
            answer = _object(self.call_url("GET", str(following)))
            items += answer.get("value") or []
        return items

    def finish(self, answer: Answer, *, deadline: float | None = None) -> Answer:
        """Wait until an operation begun with `call` has ended; raises `ArmFailure` when it failed.

        Looks every 30 simulated seconds unless ARM says when; gives up at `deadline` (by the clock's `spent`).
        """
        begun = answer
        while True:
            where = begun.header("Azure-AsyncOperation") or begun.header("Location")
            if not _is_under_way(answer, has_operation=bool(where)):
                return answer
            self._pause(answer, deadline)
            answer = self.call_url("GET", where or begun.url, deadline=deadline)
            if answer.header("Location"):
                begun = begun if begun.header("Azure-AsyncOperation") else answer
            if _has_failed(answer):
                raise refusal(answer)

    def _pause(self, answer: Answer, deadline: float | None) -> None:
        clock = self._session.clock
        said = answer.header("Retry-After")
        pause_s = (float(said) if said.replace(".", "", 1).isdigit() else POLL_S) * self._session.faults.factor()
        if deadline is not None and clock.spent() + pause_s > deadline:
            clock.sleep(deadline - clock.spent())
            raise ArmFailure("context deadline exceeded")
        clock.sleep(pause_s)

    def _patiently(self, ask: Callable[[], Answer], deadline: float | None = None) -> Answer:
        """Ask again after what may pass: no answer, 429, 5xx; at most three times, then take what there is."""
        clock = self._session.clock
        for attempt in range(1, _RETRIES + 2):
            wait_s = min(_LONGEST_RETRY_S, (2**attempt - 1) * _RETRY_S * random.uniform(0.8, 1.3))
            try:
                answer = ask()
                if answer.status not in _RETRIED or attempt > _RETRIES:
                    return answer
                said = answer.header("Retry-After")
                wait_s = float(said) if said.isdigit() else wait_s
            except LoginRefused as error:
                raise ArmFailure(f"login refused: {error}") from error
            except WireFailure as error:
                if attempt > _RETRIES:
                    raise ArmFailure(error.text) from error
            if deadline is not None and clock.spent() + wait_s > deadline:
                raise ArmFailure("context deadline exceeded")
            clock.sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def _token(self) -> str:
        if self._login is None:
            raise LoginRefused("nobody logged in")
        return self._login.token()

    def _ask_login(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        parts = urllib.parse.urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        if base not in self._logins:
            self._logins[base] = Wire(base, self._context, self._session.clock.real_timeout_s(_REQUEST_TIMEOUT_S))
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return self._logins[base].ask(method, path, body, headers)


def _object(answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except ValueError as error:
        raise ArmFailure(f"unmarshalling the answer of {answer.url}: {error}") from error
    return content if isinstance(content, dict) else {}


def _state(answer: Answer) -> str:
    """Return what an answer says of an operation: `status`, or the resource's provisioningState."""
    try:
        content = json.loads(answer.body or b"{}")
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    properties = content.get("properties")
    inner = properties.get("provisioningState") if isinstance(properties, dict) else None
    return str(content.get("status") or inner or "")


def _is_under_way(answer: Answer, *, has_operation: bool) -> bool:
    state = _state(answer)
    if answer.status == 202 or state in ("Accepted", "Running", "InProgress", "Creating", "Updating", "Deleting"):
        return True
    return answer.status == 201 and (has_operation or state not in ("Succeeded", ""))


def _has_failed(answer: Answer) -> bool:
    return _state(answer) in ("Failed", "Canceled")
