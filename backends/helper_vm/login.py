"""What the SSH library asks while one server lets us in: keys, answers of a person, and what of its host key."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import asyncssh

from backends.helper_vm.failures import Place, clean, shown
from backends.helper_vm.host_keys import HostKeyRule
from backends.helper_vm.identities import Identities
from backends.helper_vm.questions import Prompt, Prompter, Question

_TRIES = 3


class Login(asyncssh.SSHClient):
    """One login at one server; keeps what was seen for the error, should there be one."""

    def __init__(
        self,
        place: Place,
        rule: HostKeyRule,
        identities: Identities,
        prompter: Prompter | None,
        on_lost: Callable[[BaseException | None], None],
    ) -> None:
        self._place = place
        self._rule = rule
        self._identities = identities
        self._prompter = prompter
        self._on_lost = on_lost
        self._keys = identities.keys()
        self._dialogs = 0
        self._passwords = 0
        self.shown_key: asyncssh.SSHKey | None = None
        """The host key that was not accepted; None when it came in a certificate."""
        self.is_greeted = False
        """Whether the server has proved its host key, and the login began."""
        self._is_in = False
        self._has_ended = False
        self._end: Exception | None = None
        self.is_silent = False
        """Whether the server accepted the connection and then said too little to go on."""
        self.banner = ""

    @contextlib.asynccontextmanager
    async def greeted_within(self, limit_s: float) -> AsyncIterator[None]:
        """Give a server only so long until the login begins: what accepts for a black hole never shows a key."""
        try:
            async with asyncio.timeout(limit_s) as self._limit:
                yield
        except TimeoutError:
            self.is_silent = self._limit.expired()
            raise

    def admitted(self) -> None:
        """Note that the login succeeded; from now on a loss is one of the connection, not of an attempt."""
        self._is_in = True
        if self._has_ended:
            self._on_lost(self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended, self._end = True, exc
        if self._is_in:
            self._on_lost(exc)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown_key = key
        return self._rule.accepts(key)

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        return False

    def auth_banner_received(self, msg: str, lang: str) -> None:
        self.banner = clean(msg)

    def begin_auth(self, username: str) -> None:
        self.is_greeted = True
        with contextlib.suppress(RuntimeError):  # too late: the time was up at this moment
            self._limit.reschedule(None)

    async def public_key_auth_requested(self) -> asyncssh.SSHKeyPair | None:
        return await anext(self._keys, None)

    async def kbdint_auth_requested(self) -> str | None:
        if self._prompter is None:
            self._identities.note("keyboard-interactive: there is nobody to ask")
            return None
        if self._identities.declined or self._dialogs >= _TRIES:
            return None
        self._dialogs += 1
        self._identities.note("keyboard-interactive")
        return ""

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> Sequence[str] | None:
        if not prompts and not instructions.strip() and not name.strip():
            return []
        asked = tuple(Prompt(text, echo) for text, echo in prompts)
        return await self._ask(name or "Login", instructions, asked)

    async def password_auth_requested(self) -> str | None:
        if self._prompter is None or self._identities.declined or self._passwords >= _TRIES:
            return None
        said = "Permission denied, please try again." if self._passwords else ""
        self._passwords += 1
        self._identities.note("a password")
        answers = await self._ask("Password", said, (Prompt(f"Password of {shown(self._place.hop)}"),))
        return answers[0] if answers else None

    async def _ask(self, title: str, instructions: str, prompts: tuple[Prompt, ...]) -> tuple[str, ...] | None:
        assert self._prompter is not None
        question = Question(self._place.stamp, shown(self._place.hop), title, instructions, prompts)
        self._identities.asked = True
        answers = await self._prompter.ask(question)
        if answers is None:
            self._identities.declined = True
            self._identities.note("the operator did not answer")
        return answers
