"""Who is asking: client certificates and bearer tokens, as the API server's authenticators see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ServingFiles:
    """PEM files a server is started with; the other pair, such as an expired one, is shown as a fault asks for it."""

    certificate: Path
    key: Path
    client_authority: Path | None
    other_certificate: Path
    other_key: Path


@dataclass(frozen=True, slots=True)
class Account:
    """A known user: `token` is its bearer token, or empty for one who comes with a certificate only.

    A certificate needs no account: its CN is the user and its O are the groups.
    """

    user: str
    groups: tuple[str, ...] = ()
    token: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """The authenticated caller of one request."""

    name: str
    groups: tuple[str, ...]

    @property
    def is_master(self) -> bool:
        """Whether authorization is skipped, as for the group system:masters."""
        return "system:masters" in self.groups


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
"""Who comes without any credential."""


class Authentication:
    """Maps what a connection and a request carry to a user."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._by_token = {account.token: account for account in accounts if account.token}

    def admit(self, token: str, user: User) -> None:
        """Let a token in from now on (issued by TokenRequest)."""
        self._by_token[token] = Account(user.name, user.groups, token)

    def identify(self, authorization: str, certificate: dict[str, Any] | None) -> User | None:
        """Return the caller, None when nothing it showed is known (401)."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer":
            account = self._by_token.get(token.strip())
            return User(account.user, (*account.groups, "system:authenticated")) if account else None
        if certificate:
            subject = [pair for part in certificate.get("subject", ()) for pair in part]
            name = next((value for key, value in subject if key == "commonName"), "")
            groups = tuple(value for key, value in subject if key == "organizationName")
            return User(name, (*groups, "system:authenticated")) if name else None
        return None
