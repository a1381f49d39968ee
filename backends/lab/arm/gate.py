"""What stands before every request to the Resource Manager: tokens, throttling, roles, api-versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from backends.lab.arm.authority import TokenAuthority
from backends.lab.arm.calls import Route
from backends.lab.arm.principals import Principal
from backends.lab.arm.problems import Problem, forbidden, throttled, unauthenticated, unsupported_version
from backends.lab.arm.signed_tokens import TokenRefused
from backends.lab.faults import FaultBoard

_READS = ("GET", "HEAD")
_THROTTLED_S = "5"


class Gate:
    """Lets requests pass or raises the Problem that ARM answers with."""

    def __init__(self, authority: TokenAuthority, faults: FaultBoard, subscription: str) -> None:
        self._authority = authority
        self._faults = faults
        self._subscription = subscription

    def authenticate(self, authorization: str) -> Principal:
        """Return who calls; raises Problem 401 with the challenge that names where tokens come from."""
        home = self._authority.home
        if not authorization:
            text = "Authentication failed. The 'Authorization' header is missing."
            raise unauthenticated("AuthenticationFailed", text, home)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            text = "Authentication failed. The 'Authorization' header is provided in an invalid format."
            raise unauthenticated("AuthenticationFailedInvalidHeader", text, home)
        try:
            principal, claims = self._authority.read(token.strip())
        except TokenRefused:
            raise unauthenticated("InvalidAuthenticationToken", "The access token is invalid.", home) from None
        now, ends = self._authority.now(), float(claims["exp"])
        if ends < now:
            text = (
                f"The access token expiry UTC time '{_shown(ends)}' is earlier than current UTC time '{_shown(now)}'."
            )
            raise unauthenticated("ExpiredAuthenticationToken", text, home)
        return principal

    def throttle(self) -> None:
        """Raise Problem 429 while requests are too many."""
        fault = self._faults.active("arm-throttled")
        if fault is not None:
            raise throttled(self._subscription, fault.argument or _THROTTLED_S)

    def admit(self, principal: Principal, method: str, route: Route, path: str, parameters: Mapping[str, str]) -> None:
        """Raise Problem for another subscription, or for what the caller's role does not allow."""
        asked = parameters.get("subscription")
        if asked is not None and asked.lower() != self._subscription:
            raise Problem(404, "SubscriptionNotFound", f"The subscription '{asked}' could not be found.")
        if not route.action:
            return
        writes = method not in _READS
        fault = self._faults.active("arm-forbidden")
        refused = fault is not None and (writes or fault.argument != "write")
        if refused or (writes and not principal.writes):
            raise forbidden(principal.client_id, principal.object_id, route.action, path)

    def check_version(self, version: str, route: Route) -> None:
        """Raise Problem 400 for an api-version that the stamp does not have."""
        if version not in route.versions:
            raise unsupported_version(version, route.versions)


def _shown(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m/%d/%Y %I:%M:%S %p")
