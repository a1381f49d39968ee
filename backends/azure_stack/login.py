"""Tokens for a stamp's Resource Manager, from Entra ID or the stamp's AD FS, asked for once and kept while they last.

Sources: Azure Stack Hub's REST documentation for the metadata endpoint; OAuth 2.0 client credentials (RFC 6749 §4.4)
in the form with `resource`, which both systems take and aks-engine uses itself.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import httpx

from backends.azure_stack import failures
from backends.azure_stack.assertion import ASSERTION_TYPE, read_certificate
from backends.azure_stack.private_files import read_private
from backends.azure_stack.sending import Sending
from backends.clock import Clock
from backends.errors import Malformed, Unauthorized
from backends.model.azure_stack import AzureStackAccess, IdentitySystem, ReaderCredentials

_EARLY_S = 300.0
"""How long before its end a token is renewed."""
_CHALLENGE = re.compile(r'authorization_uri="([^"]+)"')


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    ends_at: float


class Login:
    """Who the console is for one stamp's Resource Manager."""

    def __init__(self, stamp: str, access: AzureStackAccess, sending: Sending, clock: Clock) -> None:
        self._stamp = stamp
        self._access = access
        self._sending = sending
        self._clock = clock
        self._token: _Token | None = None
        self._asking = asyncio.Lock()

    async def token(self, refused: str = "") -> str:
        """Return a token, another one than `refused`; raises SourceError when none is given."""
        async with self._asking:
            token = self._token
            if token is None or token.text == refused or token.ends_at - _EARLY_S <= self._clock.now():
                self._token = token = await self._ask()
            return token.text

    async def _ask(self) -> _Token:
        reader = self._access.reader
        if reader is None:
            todo = "add azure_stack.reader to fleet.yaml: an application with the role Reader"
            raise Unauthorized("the stamp's Resource Manager cannot be read", todo=todo, stamp=self._stamp)
        login, audience = await self._endpoints()
        url = await self._token_url(login)
        secret, proof = await asyncio.to_thread(self._proof, reader, url)
        form = {"grant_type": "client_credentials", "client_id": reader.client_id, "resource": audience, **proof}
        what = "no token was given for the stamp's Resource Manager"
        response = await self._sending.send("POST", url, what, form=form)
        if response.status_code != 200:
            raise failures.of_login(response, reader.client_id, secret, self._stamp)
        return self._token_of(response, what)

    def _token_of(self, response: httpx.Response, what: str) -> _Token:
        document = _json(response)
        text, lasts = document.get("access_token"), document.get("expires_in")
        try:
            lasts_s = float(lasts) if isinstance(lasts, str | int | float) else 0.0
        except ValueError:
            lasts_s = 0.0
        if not isinstance(text, str) or not text or not text.isascii() or any(each.isspace() for each in text):
            why = f"{response.url.host} answered without a token"
            raise Malformed(what, why=why, stamp=self._stamp)
        return _Token(text, self._clock.now() + lasts_s)

    async def _endpoints(self) -> tuple[str, str]:
        """Return the login endpoint and the audience, as the stamp itself names them to anybody."""
        what = "the stamp's Resource Manager does not say where to log in"
        url = f"{self._access.management}/metadata/endpoints?api-version=2015-01-01"
        response = await self._sending.send("GET", url, what)
        if response.status_code != 200:
            raise failures.of_answer(response, what, self._stamp)
        found = _json(response).get("authentication")
        login = found.get("loginEndpoint") if isinstance(found, dict) else None
        audiences = found.get("audiences") if isinstance(found, dict) else None
        audience = audiences[0] if isinstance(audiences, list) and audiences else None
        if not isinstance(login, str) or not isinstance(audience, str):
            why = "metadata/endpoints names no login endpoint and audience: is it a Resource Manager?"
            raise Malformed(what, why=why, todo="correct azure_stack.management in fleet.yaml", stamp=self._stamp)
        return login.rstrip("/"), audience

    async def _token_url(self, login: str) -> str:
        if self._access.identity_system is IdentitySystem.ADFS:
            return f"{login.removesuffix('/adfs')}/adfs/oauth2/token"
        return f"{login}/{self._access.tenant or await self._find_tenant()}/oauth2/token"

    async def _find_tenant(self) -> str:
        """Return the tenant that a call without a token is sent to."""
        what = "the tenant of the stamp's Resource Manager is not known"
        url = f"{self._access.management}/subscriptions/{self._access.subscription}?api-version=2018-05-01"
        response = await self._sending.send("GET", url, what)
        found = _CHALLENGE.search(response.headers.get("WWW-Authenticate", ""))
        tenant = found[1].rstrip("/").rpartition("/")[2] if found else ""
        if not tenant:
            todo = "give azure_stack.tenant in fleet.yaml"
            raise Malformed(what, why="it names none when asked without a token", todo=todo, stamp=self._stamp)
        if tenant.lower() == "adfs":
            todo = "set azure_stack.identity_system to adfs in fleet.yaml"
            raise Unauthorized("this stamp's identity system is AD FS, not Entra ID", todo=todo, stamp=self._stamp)
        return tenant

    def _proof(self, reader: ReaderCredentials, url: str) -> tuple[str, dict[str, str]]:
        """Return the secret (empty with a certificate) and what proves who we are. Reads files: in a thread."""
        if reader.certificate_file is not None:
            pem = read_private(reader.certificate_file, "the certificate file", self._stamp)
            try:
                certificate = read_certificate(pem)
            except ValueError as error:
                what = f"the certificate file {reader.certificate_file} cannot be used"
                raise Unauthorized(what, why=str(error), stamp=self._stamp) from None
            signed = certificate.sign(reader.client_id, url, self._clock.now())
            return "", {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
        if reader.secret_file is None:
            raise Unauthorized("azure_stack.reader names neither a secret nor a certificate", stamp=self._stamp)
        content = read_private(reader.secret_file, "the secret's file", self._stamp)
        secret = content.decode("utf-8", "replace").strip("\r\n")
        if not secret:
            raise Unauthorized(f"the secret's file {reader.secret_file} is empty", stamp=self._stamp)
        return secret, {"client_secret": secret}


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
