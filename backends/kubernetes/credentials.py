"""Credentials of one stamp: obtained once for all who wait, kept until they expire, change on disk or are refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

from backends.clock import Clock
from backends.errors import ConfigurationError, SourceError, StampdeckError, Unauthorized
from backends.kubernetes.access import Access, load_access
from backends.kubernetes.exec_plugin import PluginCredential, run_plugin
from backends.kubernetes.kubeconfig import Context, read_context
from backends.kubernetes.single_flight import SingleFlight
from backends.kubernetes.timing import Timing
from backends.model.stamp import Stamp

_LOOK_S = 1.0
"""Files are looked at for changes at most this often."""

_Fingerprint = tuple[tuple[str, int, int], ...]


class Credentials:
    """Gives every request its `Access`; raises only Unauthorized."""

    def __init__(self, stamp: Stamp, clock: Clock, timing: Timing) -> None:
        self._stamp = stamp
        self._clock = clock
        self._timing = timing
        self._context: Context | None = None
        self._fingerprint: _Fingerprint = ()
        self._looked_at = float("-inf")
        self._plugin: PluginCredential | None = None
        self._access: Access | None = None
        self._renew_at = float("inf")
        self._loading = SingleFlight(self._obtain)
        self._failure: tuple[float, Unauthorized] | None = None
        self._refused_at = float("-inf")

    async def current(self) -> Access:
        """Return what requests are signed with now, obtaining it first when needed (one at a time per stamp)."""
        if not self._loading.is_running:
            if self._access is not None and not self._is_outdated():
                return self._access
            if self._failure is not None and self._is_fresh(self._failure[0]) and not self._changed_on_disk():
                raise self._failure[1].with_traceback(None)
        return await self._loading.result()

    def refuse(self, access: Access) -> bool:
        """Note that the API answered 401 to this access; return whether trying anew may help now."""
        if access is not self._access:
            return True
        if self._loading.is_running or self._is_fresh(self._refused_at):
            return False
        self._refused_at = self._clock.monotonic()
        self._access = self._plugin = None
        return True

    async def close(self) -> None:
        """Stop whatever is under way."""
        await self._loading.close()

    def _is_fresh(self, at: float) -> bool:
        return self._clock.monotonic() - at < self._timing.reload_s

    def _is_outdated(self) -> bool:
        return self._clock.now() >= self._renew_at or self._changed_on_disk()

    def _changed_on_disk(self) -> bool:
        if self._clock.monotonic() - self._looked_at < _LOOK_S:
            return False
        self._looked_at = self._clock.monotonic()
        return self._look() != self._fingerprint

    def _look(self) -> _Fingerprint:
        files = (self._stamp.cluster.kubeconfig.expanduser(), *(self._context.files() if self._context else ()))
        return tuple(_look_at(each) for each in files)

    async def _obtain(self) -> Access:
        try:
            access = await self._load()
        except StampdeckError as error:
            refused = self._as_unauthorized(error)
            self._failure = (self._clock.monotonic(), refused)
            self._fingerprint = self._look()
            raise refused from None
        self._failure = None
        self._access = access
        return access

    async def _load(self) -> Access:
        if self._context is None or self._look() != self._fingerprint:
            self._plugin = None
            self._context = await asyncio.to_thread(
                read_context, self._stamp.cluster.kubeconfig, self._stamp.cluster.context
            )
            self._fingerprint = self._look()
        if "exec" in self._context.user and (self._plugin is None or self._clock.now() >= self._renew_at):
            self._plugin = await run_plugin(self._context, self._timing.plugin_s)
        self._renew_at = self._when_to_renew()
        return await load_access(self._context, self._plugin)

    def _when_to_renew(self) -> float:
        if self._plugin is None or self._plugin.expires_at is None:
            return float("inf")
        lifetime_s = max(0.0, self._plugin.expires_at - self._clock.now())
        # A little early, yet never so early that a short-lived token is renewed with every request.
        return self._plugin.expires_at - min(60.0, lifetime_s / 10)

    def _as_unauthorized(self, error: StampdeckError) -> Unauthorized:
        if isinstance(error, Unauthorized):
            error.stamp = self._stamp.name
            return error
        if isinstance(error, ConfigurationError | SourceError):
            why = f"{error.what}: {error.why}"
            return Unauthorized("no usable kubeconfig", why=why, todo=error.todo, stamp=self._stamp.name)
        return Unauthorized("no credentials", why=str(error), stamp=self._stamp.name)


def _look_at(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (str(path), -1, -1)
    return (str(path), found.st_mtime_ns, found.st_ino)
