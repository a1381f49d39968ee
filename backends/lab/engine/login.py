"""Tokens for ARM: from Entra ID or from ADFS, with a client secret or with a certificate."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.go_text import quoted
from backends.lab.engine.wire import Answer

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_RENEW_BEFORE_S = 300


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in and how: a secret, or the files of a certificate and its key."""

    client_id: str
    identity_system: str
    secret: str = ""
    certificate_path: str = ""
    key_path: str = ""

    @property
    def has_certificate(self) -> bool:
        """Whether a certificate is used."""
        return bool(self.certificate_path)


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where a stamp's ARM and its login endpoint are, and what a token is for."""

    resource_manager: str
    login: str
    audience: str


class LoginRefused(Exception):
    """No token was given; the engine never says why."""


def tenant_of(answer: Answer) -> str:
    """Find the tenant in the challenge ARM answers a request without a token with; raises `EngineFailure`."""
    challenge = answer.header("WWW-Authenticate")
    if answer.status != 401:
        raise EngineFailure(f"Unexpected response from Get Subscription: {answer.status}")
    if not challenge:
        raise EngineFailure("Header WWW-Authenticate not found in Get Subscription response")
    found = re.search(r'authorization_uri="[^"]*/([0-9a-f-]+)"', challenge)
    if found is None:
        raise EngineFailure(f"Could not find the tenant ID in header: WWW-Authenticate {quoted(challenge)}")
    return found[1]


class Login:
    """Asks for a token when there is none or the one there is ends soon.

    `ask` sends method, URL, body and headers to the login endpoint.
    """

    def __init__(
        self, cloud: Cloud, credentials: Credentials, tenant: str,
        ask: Callable[[str, str, bytes | None, dict[str, str]], Answer],
    ) -> None:  # fmt: skip
        self._credentials = credentials
        self._ask = ask
        host = cloud.login.rstrip("/").removesuffix("/adfs")
        self._authority = f"{host}/{tenant}"
        self._is_adfs = tenant == "adfs"
        self._scope = f"{cloud.audience.rstrip('/')}/.default"
        self._token = ""
        self._ends_at_s = 0.0

    def token(self) -> str:
        """Return a token that is good for some minutes; raises `LoginRefused`."""
        if time.time() > self._ends_at_s - _RENEW_BEFORE_S:
            self._log_in()
        return self._token

    def _log_in(self) -> None:
        discovery = self._authority + ("" if self._is_adfs else "/v2.0") + "/.well-known/openid-configuration"
        endpoint = self._read(self._ask("GET", discovery, None, {}), "token_endpoint")["token_endpoint"]
        form = {"client_id": self._credentials.client_id, "grant_type": "client_credentials", "scope": self._scope}
        if self._credentials.has_certificate:
            form |= {"client_assertion_type": _ASSERTION, "client_assertion": _assertion(self._credentials, endpoint)}
        else:
            form["client_secret"] = self._credentials.secret
        body = urllib.parse.urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._read(self._ask("POST", endpoint, body, headers), "access_token")
        self._token = answer["access_token"]
        self._ends_at_s = time.time() + float(answer.get("expires_in", "3600"))

    @staticmethod
    def _read(answer: Answer, wanted: str) -> dict[str, str]:
        try:
            content = json.loads(answer.body)
        except ValueError as error:
            raise LoginRefused(f"{answer.status} without JSON") from error
        if answer.status != 200 or not isinstance(content, dict) or wanted not in content:
            raise LoginRefused(f"{answer.status} {content}")
        return {key: str(value) for key, value in content.items()}


def _assertion(credentials: Credentials, audience: str) -> str:
    """Return a JWT signed by the certificate's key (RS256, with the certificate's SHA-1 and itself in the header)."""
    # 40 ms that only a login by certificate pays for.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    certificate = x509.load_pem_x509_certificate(Path(credentials.certificate_path).read_bytes())
    key = serialization.load_pem_private_key(Path(credentials.key_path).read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise EngineFailure("Failed to parse rsa private key: pkcs8 contained non-RSA key. Expected RSA key")
    raw = certificate.public_bytes(serialization.Encoding.DER)
    now = int(time.time())
    header = {"alg": "RS256", "typ": "JWT", "x5t": _base64(hashlib.sha1(raw, usedforsecurity=False).digest()),
              "x5c": [base64.b64encode(raw).decode()]}  # fmt: skip
    claims = {
        "aud": audience, "iss": credentials.client_id, "sub": credentials.client_id, "jti": str(uuid.uuid4()),
        "nbf": now - 60, "exp": now + 600,
    }  # fmt: skip
    signed = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
    return f"{signed}.{_base64(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
