"""The way to a helper VM: hop by hop, each one a connection of ours, so that our rules for host keys hold on all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh

from backends.clock import Clock
from backends.errors import HostKeyChanged, HostKeyUnknown, SourceError, Unauthorized
from backends.helper_vm import failures
from backends.helper_vm.failures import Place
from backends.helper_vm.host_keys import PROBED, HostKeyRule
from backends.helper_vm.identities import Identities, Keyring
from backends.helper_vm.known_hosts import KnownHosts, host_key_of
from backends.helper_vm.login import Login
from backends.helper_vm.questions import Prompter
from backends.helper_vm.slots import Slot, Slots
from backends.helper_vm.timing import Timing
from backends.model.helper_vm import HelperVmAccess, SshHop

_METHODS = "publickey,keyboard-interactive,password"


class Link:
    """Connections to every hop, the last one to the helper VM; it counts as lost when any of them is."""

    def __init__(self, place: Place, clock: Clock, timing: Timing, base: Link | None = None) -> None:
        """`base` leads to the first hop when that is not reached directly; it stays when this one is closed."""
        self.place = place
        self._base = base
        self._slots = Slots(place, clock, timing)
        self.hops: list[asyncssh.SSHClientConnection] = []
        self.lost = asyncio.Event()
        self.error: BaseException | None = None

    @property
    def ssh(self) -> asyncssh.SSHClientConnection:
        """The connection to the helper VM itself."""
        return self.hops[-1]

    @property
    def tunnel(self) -> asyncssh.SSHClientConnection | None:
        """What the next hop is reached through."""
        if self.hops:
            return self.hops[-1]
        return self._base.ssh if self._base is not None else None

    @property
    def is_lost(self) -> bool:
        """Whether it has ended; what is under way on it will not come to its end."""
        return self.lost.is_set()

    def slot(self, doing: str) -> Slot:
        """Return the right to a channel on the last hop; waits for it when entered."""
        return Slot(self._slots, doing)

    def note_lost(self, error: BaseException | None) -> None:
        """Note its end, once."""
        if not self.lost.is_set():
            self.error = error
            self.lost.set()

    async def close(self) -> None:
        """Cut all of it, the last hop first; what is far away is not waited for."""
        self.note_lost(None)
        for each in reversed(self.hops):
            each.abort()
        for each in reversed(self.hops):
            with contextlib.suppress(OSError, asyncssh.Error):
                await each.wait_closed()
        await self._slots.close()


class Route:
    """Goes the way of one stamp's helper VM; calls raise only SourceError."""

    def __init__(
        self,
        stamp: str,
        access: HelperVmAccess,
        known_hosts: Path,
        clock: Clock,
        *,
        prompter: Prompter | None,
        timing: Timing,
    ) -> None:
        self.known_hosts = KnownHosts(known_hosts)
        self._clock = clock
        self.prompter = prompter
        self._timing = timing
        self._keyring = Keyring()
        hops = (*access.jumps, access.hop)
        self.places = tuple(
            Place(stamp, hop, "the helper VM" if hop is access.hop else "the jump host", hops[:number])
            for number, hop in enumerate(hops)
        )

    async def connect(self) -> Link:
        """Log in at every hop and return the connections."""
        link = Link(self.places[-1], self._clock, self._timing)
        try:
            for place in self.places:
                link.hops.append(await self._log_in(place, link))
        except BaseException as error:
            await link.close()
            if isinstance(error, HostKeyUnknown):
                raise await self._with_all_keys(error, len(link.hops)) from None
            raise
        return link

    async def go_on(self, base: Link, hop: SshHop) -> Link:
        """Log in at a machine behind the helper VM, on the connection that is there."""
        through = tuple(each.hop for each in self.places)
        place = Place(base.place.stamp, hop, "the machine", through)
        link = Link(place, self._clock, self._timing, base)
        try:
            link.hops.append(await self._log_in(place, link))
        except BaseException as error:
            if isinstance(error, HostKeyUnknown):
                keys = [host_key_of(each) for each in await self._keys_of(place, link)]
                error = HostKeyRule(place, self.known_hosts).unknown(keys)
            await link.close()
            raise error from None
        return link

    async def keys_behind(self, base: Link, hop: SshHop) -> tuple[Place, list[asyncssh.SSHKey]]:
        """Return the host keys of a machine behind the helper VM, without logging in there."""
        place = Place(base.place.stamp, hop, "the machine", tuple(each.hop for each in self.places))
        return place, await self._keys_of(place, Link(place, self._clock, self._timing, base))

    async def probe(self) -> tuple[Place, list[asyncssh.SSHKey]]:
        """Return the keys of the first machine on the way whose key is not remembered, else the helper VM's.

        Hosts on the way are logged in to: there is no other way past them.
        """
        link = Link(self.places[-1], self._clock, self._timing)
        try:
            for place in self.places[:-1]:
                try:
                    link.hops.append(await self._log_in(place, link))
                except HostKeyUnknown:
                    return place, await self._keys_of(place, link)
            return self.places[-1], await self._keys_of(self.places[-1], link)
        finally:
            await link.close()

    async def _with_all_keys(self, error: HostKeyUnknown, reached: int) -> HostKeyUnknown:
        """Return the error with every key of the machine, not only the one it was met with."""
        place = self.places[reached]
        try:
            found, keys = await self.probe()
        except SourceError:
            return error
        if found is not place or not keys:
            return error
        return HostKeyRule(place, self.known_hosts).unknown([host_key_of(each) for each in keys])

    async def _log_in(self, place: Place, link: Link) -> asyncssh.SSHClientConnection:
        try:
            return await self._try_login(place, link, ())
        except HostKeyChanged:
            if not place.hop.host_key:
                raise
            # Which algorithm a pinned fingerprint is of is not known before the server showed all it has.
            rule = HostKeyRule(place, self.known_hosts)
            found = [each for each in await self._keys_of(place, link) if rule.accepts(each)]
            if not found:
                raise
            kind = found[0].get_algorithm()
            return await self._try_login(place, link, next(each for each in PROBED if _fits(kind, each)))

    async def _try_login(self, place: Place, link: Link, algorithms: tuple[str, ...]) -> asyncssh.SSHClientConnection:
        try:
            rule = HostKeyRule(place, self.known_hosts)
        except SourceError as error:
            error.stamp = place.stamp
            raise
        identities = Identities(place.stamp, place.hop, self._keyring, self.prompter, self._clock)
        login = Login(place, rule, identities, self.prompter, link.note_lost)
        try:
            connection = await self._connect(place, link, login, rule, algorithms)
            login.admitted()
            return connection
        except asyncssh.HostKeyNotVerifiable as error:
            raise rule.judge(login.shown_key, str(error.reason)) from None
        except (OSError, asyncssh.Error, ValueError, TimeoutError, EOFError) as error:
            mapped = self._mapped(error, place, login, identities)
            raise mapped from None
        finally:
            identities.close()

    def _mapped(self, error: BaseException, place: Place, login: Login, identities: Identities) -> SourceError:
        if isinstance(error, SourceError):
            return error
        if login.is_silent:
            return failures.silent(place, self._timing.greet_s)
        timeout_s = self._timing.login_s if login.is_greeted else self._timing.connect_s
        mapped = failures.from_connecting(error, place, timeout_s=timeout_s, tried=identities.tried)
        if identities.asked:
            return failures.unanswered_dialog(place, (), mapped.why)
        if isinstance(mapped, Unauthorized) and login.banner:
            mapped.why += f" (it says: {login.banner})"
        return mapped

    async def _connect(
        self, place: Place, link: Link, login: Login, rule: HostKeyRule, algorithms: tuple[str, ...]
    ) -> asyncssh.SSHClientConnection:
        async with self._socket(place, link) as sock, login.greeted_within(self._timing.greet_s):
            connecting = asyncssh.connect(
                place.hop.host,
                place.hop.port,
                sock=sock,
                tunnel=link.tunnel,
                config=None,
                client_factory=lambda: login,
                known_hosts=rule.trusted,
                server_host_key_algs=list(algorithms) or rule.algorithms(),
                username=place.hop.user,
                client_keys=None,
                agent_path=None,
                gss_host=None,
                gss_kex=False,
                gss_auth=False,
                x509_trusted_certs=None,
                preferred_auth=_METHODS,
                password_auth=self.prompter is not None,
                keepalive_interval=self._timing.keepalive_s,
                keepalive_count_max=self._timing.keepalive_count,
                login_timeout=self._timing.login_s,
                connect_timeout=None,
                encoding=None,
            )
            return await connecting

    @contextlib.asynccontextmanager
    async def _socket(self, place: Place, link: Link) -> AsyncIterator[socket.socket | None]:
        """Give a connected socket to the first hop; the others are reached through the one before, without."""
        if link.tunnel is not None:
            yield None
            return
        made = await self._dial(place)
        try:
            yield made
        except BaseException:
            made.close()
            raise

    async def _dial(self, place: Place) -> socket.socket:
        """Connect to the first address that answers; each has the whole time."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._timing.connect_s):
            addresses = await loop.getaddrinfo(place.hop.host, place.hop.port, type=socket.SOCK_STREAM)
        problem: OSError = OSError("no address")
        for family, kind, protocol, _, address in addresses:
            made = socket.socket(family, kind, protocol)
            made.setblocking(False)
            try:
                async with asyncio.timeout(self._timing.connect_s):
                    await loop.sock_connect(made, address)
                return made
            except (OSError, TimeoutError) as error:
                made.close()
                problem = error
            except BaseException:
                made.close()
                raise
        raise problem

    async def _keys_of(self, place: Place, link: Link) -> list[asyncssh.SSHKey]:
        """Ask a machine for one key of each kind, without logging in."""
        found: list[asyncssh.SSHKey] = []
        for algorithms in PROBED:
            try:
                async with self._socket(place, link) as sock, asyncio.timeout(self._timing.greet_s):
                    key = await asyncssh.get_server_host_key(
                        place.hop.host,
                        place.hop.port,
                        sock=sock,
                        tunnel=link.tunnel,
                        config=None,
                        server_host_key_algs=list(algorithms),
                    )
            except asyncssh.KeyExchangeFailed:
                continue  # it has no key of that kind
            except (OSError, asyncssh.Error, ValueError, TimeoutError) as error:
                if found:
                    break
                raise failures.from_connecting(error, place, timeout_s=self._timing.connect_s) from None
            if key is not None:
                found.append(key)
        return found


def _fits(kind: str, algorithms: tuple[str, ...]) -> bool:
    return kind in algorithms or (kind == "ssh-rsa" and "rsa-sha2-512" in algorithms)
