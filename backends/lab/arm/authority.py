"""Where tokens for a stamp are asked for: Entra ID's form of it, or ADFS's."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from backends.lab.arm.principals import ENGINE_NAME, TENANT, Principal
from backends.lab.arm.signed_tokens import TokenKey, TokenRefused, check_assertion
from backends.lab.faults import FaultBoard

AZURE_AD = "azure_ad"
ADFS = "adfs"
TOKEN_LASTS_S = 3600
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SKEW_S = 300


class LoginRefused(Exception):
    """No token: status, OAuth error, the number and the sentence of Entra ID (ADFS has sentences only)."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number
        self.text = text


class TokenAuthority:
    """Signs tokens for one stamp's Resource Manager.

    `base` is `https://host:port` without a slash, set once it is known; `now` is the machine's wall clock: tokens end
    in real time however fast the lab's runs, because clients keep them by their own clock.
    """

    def __init__(
        self,
        system: str,
        audience: str,
        faults: FaultBoard,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.system = system
        self.audience = audience
        self.base = ""
        self.now = now
        self._principals: dict[str, Principal] = {}
        self._faults = faults
        self._key = TokenKey()

    def know(self, principals: Iterable[Principal]) -> None:
        """Let these log in from now on."""
        self._principals |= {each.client_id: each for each in principals}

    @property
    def is_adfs(self) -> bool:
        """Whether the stamp's own ADFS signs, not Entra ID."""
        return self.system == ADFS

    @property
    def login_endpoint(self) -> str:
        """The address the metadata endpoint names."""
        return f"{self.base}/adfs" if self.is_adfs else f"{self.base}/"

    @property
    def home(self) -> str:
        """The address under which tokens are asked for, which a 401 names."""
        return f"{self.base}/{ADFS if self.is_adfs else TENANT}"

    def configuration(self, *, second: bool) -> dict[str, Any]:
        """Return the OpenID configuration; `second`: of the newer form of Entra ID's endpoint."""
        form = "/oauth2/v2.0" if second else "/oauth2"
        issuer = self.home if self.is_adfs else f"{self.home}/v2.0" if second else self.home
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.home}{form}/authorize",
            "token_endpoint": f"{self.home}{form}/token",
            "device_authorization_endpoint": f"{self.home}{form}/devicecode",
            "jwks_uri": f"{self.home}/discovery/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["openid"],
        }

    def keys(self) -> dict[str, Any]:
        """Return the public keys tokens are signed with."""
        return self._key.published()

    def issue(self, form: Mapping[str, str], *, second: bool) -> dict[str, Any]:
        """Answer a token request; raises LoginRefused."""
        grant = form.get("grant_type", "")
        if not grant:
            raise self._missing("grant_type")
        if grant != "client_credentials":
            text = f"The app requested an unsupported grant type '{grant}'."
            raise LoginRefused(400, "unsupported_grant_type", 70003, text)
        principal = self._log_in(form)
        self._check_audience(form, principal)
        now = int(self.now())
        token = self._key.sign(self._claims(principal, now))
        if second:
            return {
                "token_type": "Bearer",
                "expires_in": TOKEN_LASTS_S - 1,
                "ext_expires_in": TOKEN_LASTS_S - 1,
                "access_token": token,
            }
        return {
            "token_type": "Bearer",
            "expires_in": str(TOKEN_LASTS_S - 1),
            "ext_expires_in": str(TOKEN_LASTS_S - 1),
            "expires_on": str(now + TOKEN_LASTS_S),
            "not_before": str(now),
            "resource": self.audience,
            "access_token": token,
        }

    def read(self, token: str) -> tuple[Principal, dict[str, Any]]:
        """Return who a token is of, and its claims; TokenRefused when this endpoint did not sign it."""
        claims = self._key.read(token)
        principal = self._principals.get(str(claims.get("appid")))
        if principal is None:
            raise TokenRefused("the application is not known")
        return principal, claims

    def described(self, refused: LoginRefused) -> dict[str, Any]:
        """Return the body of a refusal."""
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        if self.is_adfs:
            return {"error": refused.error, "error_description": refused.text}
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        return {
            "error": refused.error,
            "error_description": f"AADSTS{refused.number}: {refused.text} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {at}",
            "error_codes": [refused.number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{self.base}/error?code={refused.number}",
        }

    # inside

    def _log_in(self, form: Mapping[str, str]) -> Principal:
        client_id = form.get("client_id", "")
        principal = self._principals.get(client_id)
        if not client_id:
            raise self._missing("client_id")
        if principal is None:
            text = f"Application with identifier '{client_id}' was not found in the directory '{TENANT}'."
            raise self._refused(400, "unauthorized_client", 700016, text)
        if form.get("client_assertion"):
            self._check_assertion(form, principal)
        else:
            self._check_secret(form, principal)
        return principal

    def _check_secret(self, form: Mapping[str, str], principal: Principal) -> None:
        secret = form.get("client_secret", "")
        if not secret:
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise self._refused(401, "invalid_client", 7000218, text)
        if secret != principal.secret:
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                f"value, not the client secret ID, for a secret added to app '{principal.client_id}'."
            )
            raise self._refused(401, "invalid_client", 7000215, text)
        if self._expired(principal):
            text = f"The provided client secret keys for app '{principal.client_id}' are expired."
            raise self._refused(401, "invalid_client", 7000222, text)

    def _check_assertion(self, form: Mapping[str, str], principal: Principal) -> None:
        if form.get("client_assertion_type") != _ASSERTION_TYPE or principal.certificate is None:
            raise self._refused(401, "invalid_client", 700027, "The certificate is not registered on application.")
        try:
            claims = check_assertion(form["client_assertion"], principal.certificate)
        except TokenRefused as error:
            text = f"Client assertion failed signature validation. Reason - {error}."
            raise self._refused(401, "invalid_client", 700027, text) from None
        now = self.now()
        ends = claims.get("exp")
        if not isinstance(ends, int | float) or ends < now - _ASSERTION_SKEW_S:
            text = "Client assertion is not within its valid time range."
            raise self._refused(401, "invalid_client", 700024, text)
        if {claims.get("iss"), claims.get("sub")} != {principal.client_id}:
            raise self._refused(401, "invalid_client", 700021, "Client assertion application identifier doesn't match.")
        if not str(claims.get("aud", "")).startswith(self.home):
            raise self._refused(401, "invalid_client", 700023, "Client assertion audience claim does not match Realm.")
        if self._expired(principal):
            text = "Client assertion failed signature validation. Reason - The key used is expired."
            raise self._refused(401, "invalid_client", 700027, text)

    def _check_audience(self, form: Mapping[str, str], principal: Principal) -> None:
        resource, scopes = form.get("resource", ""), form.get("scope", "").split()
        wanted = [resource] if resource else [each.removesuffix("/.default") for each in scopes if each != "openid"]
        if not wanted:
            raise self._missing("resource" if "resource" in form else "scope")
        if [each.rstrip("/") for each in wanted] != [self.audience]:
            text = f"The resource principal named {wanted[0]} was not found in the tenant named {TENANT}."
            raise self._refused(400, "invalid_resource", 500011, text)

    def _expired(self, principal: Principal) -> bool:
        fault = self._faults.active("spn-expired")
        return fault is not None and (fault.argument or ENGINE_NAME) in (principal.name, "all")

    def _refused(self, status: int, error: str, number: int, text: str) -> LoginRefused:
        if self.is_adfs and error == "invalid_client":
            text = "MSIS9622: Client authentication failed. Please verify the credential provided for client "
            text += "authentication is valid."
        elif self.is_adfs:
            text = f"MSIS9602: The received request is not valid: {text}"
        return LoginRefused(status, error, number, text)

    def _missing(self, name: str) -> LoginRefused:
        text = f"The request body must contain the following parameter: '{name}'."
        return self._refused(400, "invalid_request", 900144, text)

    def _claims(self, principal: Principal, now: int) -> dict[str, Any]:
        issuer = f"{self.home}/services/trust" if self.is_adfs else f"https://sts.windows.net/{TENANT}/"
        return {
            "aud": self.audience,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_LASTS_S,
            "appid": principal.client_id,
            "appidacr": "1",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": TENANT,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
