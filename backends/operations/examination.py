"""All checks of one stamp: the way in first, then what is behind it, side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from backends.clock import Clock
from backends.errors import CertificateRejected, Forbidden, NotFound, SourceError, Throttled, Unauthorized
from backends.model.checks import Certificate, Check, Outcome
from backends.model.health import Health
from backends.model.typed import column_key
from backends.operations.attachment import Attachment
from backends.operations.deadline import beside, within
from backends.operations.ports import ApplicationProbe, ClusterReader
from backends.operations.sources import words_of

T = TypeVar("T")

_log = logging.getLogger(__name__)

_TIMEOUT_S = 15.0
_SLOW_S = 2.0
_SKEW_S = 30.0
_DAY_S = 86400.0

NEEDED = (
    ("nodes", ("list", "watch")),
    ("pods", ("get", "list", "watch")),
    ("deployments.apps", ("get", "list", "watch")),
    ("statefulsets.apps", ("list", "watch")),
    ("daemonsets.apps", ("list", "watch")),
    ("horizontalpodautoscalers.autoscaling", ("list", "watch")),
    ("events", ("list", "watch")),
)
"""What the console reads always; each is a check of its own."""
_BEHIND = ("permissions", "tables", "metrics", "logs", "clock")


@runtime_checkable
class KnowsTheTime(Protocol):
    """A cluster that noticed how its API's clock differs from ours."""

    @property
    def clock_skew_s(self) -> float: ...


@runtime_checkable
class KnowsCertificates(Protocol):
    """A cluster that can say when the certificates in use expire."""

    async def certificates(self) -> Sequence[Certificate]: ...


class Examination:
    """Asks everything of one stamp once, and tells each check as it ends."""

    def __init__(
        self, cluster: ClusterReader, probe: ApplicationProbe | None, clock: Clock, tell: Callable[[Check], None]
    ) -> None:
        self._cluster = cluster
        self._probe = probe
        self._clock = clock
        self._tell = tell
        self._stamp = cluster.stamp.name

    async def run(self) -> None:
        """Examine the API and the application side by side; raises nothing."""
        await asyncio.gather(self._api_and_behind(), self._sure("application", self._application()))

    async def _api_and_behind(self) -> None:
        if await self._sure("api", self._api()):
            await asyncio.gather(
                self._sure("certificate", self._certificates()),
                *(self._sure(kind, self._permission(kind, verbs)) for kind, verbs in NEEDED),
                self._sure("logs", self._logs()),
                self._sure("tables", self._tables()),
                self._sure("metrics", self._metrics()),
                self._sure("clock", self._skew()),
            )
            return
        await self._sure("certificate", self._certificates())
        for source in _BEHIND:
            self._say(source, Outcome.OFF, "not asked", "the API does not let us in")

    async def _sure(self, source: str, check: Coroutine[Any, Any, T]) -> T | None:
        """Run one check; one that fails as nobody expected is told as such, and the others lose nothing."""
        try:
            return await check
        except Exception as error:
            _log.exception("checking %s of %s", source, self._stamp)
            self._say(source, Outcome.FAIL, "the check itself failed", *words_of(error))
            return None

    async def _api(self) -> bool:
        began = self._clock.monotonic()
        try:
            version = await self._within(self._cluster.version())
        except (SourceError, TimeoutError) as error:
            self._say_entry(error, self._clock.monotonic() - began)
            return False
        took = self._clock.monotonic() - began
        if took > _SLOW_S:
            todo = "look at the load of the masters and at the path to them"
            self._say("api", Outcome.WARN, f"{version} answers, slowly", f"after {took:.1f} s", todo, took)
        else:
            self._say("api", Outcome.OK, f"{version} answers in {took * 1000:.0f} ms", elapsed_s=took)
        self._say("credentials", Outcome.OK, "accepted")
        return True

    def _say_entry(self, error: Exception, took: float) -> None:
        """Name the one thing that keeps us out: the network, a certificate, or the credentials."""
        why, todo = words_of(error)
        if isinstance(error, CertificateRejected):
            self._say("certificate", Outcome.FAIL, "the TLS handshake fails", why, todo, took)
        elif isinstance(error, Unauthorized):
            self._say("credentials", Outcome.FAIL, "refused, or not obtained", why, todo, took)
        elif isinstance(error, Forbidden):
            self._say("credentials", Outcome.FAIL, "accepted, but may not even read the version", why, todo, took)
        elif isinstance(error, Throttled):
            self._say("api", Outcome.WARN, "answers that it is asked too much", why, todo, took)
        else:
            self._say("api", Outcome.FAIL, "does not answer", why, todo, took)

    async def _certificates(self) -> None:
        if not isinstance(self._cluster, KnowsCertificates):
            return
        try:
            found = await self._within(self._cluster.certificates())
        except (SourceError, TimeoutError) as error:
            self._say("certificate", Outcome.OFF, "its expiry is not known", *words_of(error))
            return
        for certificate in found:
            self._say_certificate(certificate)

    def _say_certificate(self, certificate: Certificate) -> None:
        days = (certificate.expires_at - self._clock.now()) / _DAY_S
        whose = "the API's certificate" if certificate.role == "server" else "our client certificate"
        if days < 0:
            todo = "rotate the cluster's certificates" if certificate.role == "server" else "get a new kubeconfig"
            self._say("certificate", Outcome.FAIL, f"{whose} expired {-days:.0f} days ago", certificate.subject, todo)
        elif certificate.ends_soon(self._clock.now()):
            todo = "plan its rotation"
            self._say("certificate", Outcome.WARN, f"{whose} expires in {days:.0f} days", certificate.subject, todo)
        else:
            self._say("certificate", Outcome.OK, f"{whose} is good for {days:.0f} days")

    async def _logs(self) -> None:
        await self._permission("pods", ("get",), subresource="log", source="logs")

    async def _permission(self, kind: str, verbs: Sequence[str], *, subresource: str = "", source: str = "") -> None:
        name = source or kind
        began = self._clock.monotonic()
        try:
            answers = [
                (verb, *await self._within(self._cluster.may(verb, kind, subresource=subresource))) for verb in verbs
            ]
        except NotFound:
            self._say(name, Outcome.OFF, "not served by this stamp")
            return
        except (SourceError, TimeoutError) as error:
            self._say(name, Outcome.WARN, "whether we may read it is not known", *words_of(error))
            return
        took = self._clock.monotonic() - began
        refused = [(verb, reason) for verb, allowed, reason in answers if not allowed]
        if refused:
            verbs_refused = ", ".join(verb for verb, _ in refused)
            what = f"{kind}/{subresource}" if subresource else kind
            todo = f"have a role that allows {verbs_refused} on {what} bound to this user"
            self._say(name, Outcome.FAIL, f"not allowed to {verbs_refused}", refused[0][1], todo, took)
        else:
            self._say(name, Outcome.OK, f"allowed to {', '.join(verbs)}", elapsed_s=took)

    async def _tables(self) -> None:
        """Whether the server prints its own columns: only then STATUS and READY can be shown."""
        nodes = Attachment(self._cluster, self._clock, "nodes")
        async with beside(nodes.run()):
            try:
                await self._within(nodes.definite())
            except TimeoutError:
                self._say("tables", Outcome.WARN, "nodes could not be listed in time", nodes.state.reason)
                return
            state, reflection = nodes.state, nodes.reflection
            columns = reflection.store.columns if reflection else ()
        if state.health is not Health.LIVE:
            self._say("tables", Outcome.WARN, "nodes could not be listed", state.reason, state.todo)
        elif any(column_key(column.name) == "status" for column in columns):
            self._say("tables", Outcome.OK, f"the server prints its own tables ({len(columns)} columns of nodes)")
        else:
            todo = "upgrade the cluster, or remove the proxy that strips the Accept header"
            self._say("tables", Outcome.WARN, "the server prints no tables", "names and ages only are shown", todo)

    async def _metrics(self) -> None:
        began = self._clock.monotonic()
        try:
            usage = await self._within(self._cluster.node_usage())
        except NotFound:
            self._say("metrics", Outcome.OFF, "metrics.k8s.io is not served", "", "deploy metrics-server to see usage")
            return
        except (SourceError, TimeoutError) as error:
            why, todo = words_of(error)
            self._say("metrics", Outcome.WARN, "usage cannot be read", why, todo, self._clock.monotonic() - began)
            return
        took = self._clock.monotonic() - began
        if usage:
            self._say("metrics", Outcome.OK, f"usage of {len(usage)} nodes", elapsed_s=took)
        else:
            todo = "wait a minute, then read the log of metrics-server"
            self._say("metrics", Outcome.WARN, "no node has a usage", "metrics-server measured nothing yet", todo, took)

    async def _skew(self) -> None:
        if not isinstance(self._cluster, KnowsTheTime):
            return
        skew = self._cluster.clock_skew_s
        if abs(skew) > _SKEW_S:
            side = "ahead of" if skew > 0 else "behind"
            todo = "check time synchronisation on the masters and here: ages and tokens depend on it"
            self._say("clock", Outcome.WARN, f"the API's clock is {abs(skew):.0f} s {side} ours", "", todo)
        else:
            self._say("clock", Outcome.OK, "the API's clock agrees with ours")

    async def _application(self) -> None:
        if self._probe is None:
            self._say("application", Outcome.OFF, "not configured")
            return
        sample = await self._probe.ask()
        if sample.ok:
            latency = sample.latency_s or 0.0
            who = f", served by {sample.served_by}" if sample.served_by else ""
            self._say("application", Outcome.OK, f"answers in {latency * 1000:.0f} ms{who}", elapsed_s=latency)
        else:
            why = sample.reason or f"HTTP {sample.status}"
            todo = "look at its pods, its service and its ingress on this stamp"
            self._say("application", Outcome.FAIL, "does not answer as it should", why, todo, sample.latency_s or 0.0)

    async def _within(self, work: Coroutine[Any, Any, T]) -> T:
        return await within(self._clock, work, _TIMEOUT_S)

    def _say(
        self, source: str, outcome: Outcome, what: str, why: str = "", todo: str = "", elapsed_s: float = 0.0
    ) -> None:
        self._tell(Check(self._stamp, source, outcome, what, why, todo, elapsed_s))
