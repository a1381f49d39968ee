"""Writing to an API that answers badly or not at all: sent once, ahead of reads, and the outcome told as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends.errors import (
    BudgetBlocked,
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    ServerFailed,
    SourceError,
    Throttled,
    Unauthorized,
    Unreachable,
)
from backends.kubernetes import Cluster
from backends.kubernetes.budget import Budget, Meter
from backends.kubernetes.failures import Unsent
from backends.model.server_warnings import hear_warnings
from backends.operations.ports import ClusterWriter, PatchKind
from tests.kubernetes.wild_server import FAST, TOKEN, Request, WildServer, opened
from tests.support.clock import ManualClock
from tests.support.waiting import until

IMPATIENT = replace(FAST, write_s=1.0)
EVICTIONS = {"resources": [{"name": "pods/eviction", "group": "policy", "version": "v1", "kind": "Eviction"}]}


@pytest.fixture
async def writer(server: WildServer, tmp_path: Path) -> AsyncIterator[ClusterWriter]:
    """Our client as the operations see it, which gives a write one second."""
    async with opened(server.kubeconfig(tmp_path), IMPATIENT) as found:
        yield found


def _writes(server: WildServer) -> list[Request]:
    return [each for each in server.requests if each.method != "GET"]


def _answering(server: WildServer, status: int, body: Any, *headers: str) -> Any:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/api/v1":
            await server.send(writer, EVICTIONS)
        else:
            await server.send(writer, body, *headers, status=status)

    return server.misbehave(script)


def _status(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


async def test_what_is_sent(server: WildServer, writer: ClusterWriter) -> None:
    with _answering(server, 200, {"kind": "Deployment"}):
        body = {"metadata": {"name": "web", "namespace": "shop"}}
        await writer.create("deploy", body, dry_run=True)
        await writer.replace("deploy", "web", body)
        await writer.patch("deploy", "web", [], namespace="shop", patch=PatchKind.JSON, subresource="scale")
        await writer.delete(
            "pods", "web-1", namespace="shop", propagation="Foreground", grace_s=0, uid="u", dry_run=True
        )
        await writer.evict("web-1", "shop", uid="u", grace_s=5)
    create, put, patch, delete, evict = _writes(server)
    path = "/apis/apps/v1/namespaces/shop/deployments"
    assert (create.method, create.path) == ("POST", path)
    assert create.query == {"fieldManager": "stampdeck", "dryRun": "All"}
    assert json.loads(create.body) == {"apiVersion": "apps/v1", "kind": "Deployment", **body}
    assert (put.method, put.path, put.query) == ("PUT", f"{path}/web", {"fieldManager": "stampdeck"})
    assert (patch.path, patch.headers["content-type"]) == (f"{path}/web/scale", "application/json-patch+json")
    assert json.loads(delete.body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "u"},
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Foreground",
        "dryRun": ["All"],
    }
    assert evict.path == "/api/v1/namespaces/shop/pods/web-1/eviction"
    sent = json.loads(evict.body)
    assert (sent["apiVersion"], sent["kind"], sent["metadata"]["name"]) == ("policy/v1", "Eviction", "web-1")
    assert sent["deleteOptions"] | {"preconditions": {"uid": "u"}, "gracePeriodSeconds": 5} == sent["deleteOptions"]


async def test_the_body_decides_the_version(server: WildServer, writer: ClusterWriter) -> None:
    with _answering(server, 201, {"kind": "HorizontalPodAutoscaler"}):
        await writer.create("hpa", {"apiVersion": "autoscaling/v2", "metadata": {"name": "web"}}, namespace="shop")
        await writer.create("hpa", {"metadata": {"name": "web"}}, namespace="shop")
    assert [each.path.split("/")[3] for each in _writes(server)] == ["v2", "v1"]


async def test_evictions_in_the_version_the_api_lists(server: WildServer, writer: ClusterWriter) -> None:
    old = {"resources": [{"name": "pods/eviction", "group": "policy", "version": "v1beta1"}]}

    async def answer(request: Request, answer: asyncio.StreamWriter) -> None:
        await server.send(answer, old if request.path == "/api/v1" else {"kind": "Status"})

    with server.misbehave(answer):
        await writer.evict("web-1", "shop")
        await writer.evict("web-2", "shop")
    assert [json.loads(each.body)["apiVersion"] for each in _writes(server)] == ["policy/v1beta1"] * 2
    assert len(server.requests) == 3, "asked once"


@pytest.mark.parametrize(
    ("answer", "kind", "why", "todo"),
    [
        (_status(409, "Conflict", "the object has been modified"), Conflict, "has been modified", "as it is now"),
        (_status(409, "AlreadyExists", 'cm "one" already exists'), Conflict, "already exists", "another name"),
        (_status(404, "NotFound", 'cm "one" not found'), NotFound, "not found", ""),
        (_status(403, "Forbidden", 'cm is forbidden: User "ada" cannot patch cm'), Forbidden, "ada", "can-i"),
        (_status(403, "Forbidden", "exceeded quota: few"), Forbidden, "exceeded quota", "rule of the cluster"),
        (_status(400, "", 'admission webhook "p.example" denied the request: no tag'), Invalid, "no tag", "rule of"),
        (
            _status(500, "", 'failed calling webhook "p.example": refused'),
            ServerFailed,
            "p.example",
            "nothing was done",
        ),
        (_status(504, "Timeout", "request did not complete"), ServerFailed, "is not known", "look at the object"),
        (_status(429, "TooManyRequests", "busy"), Throttled, "busy", "nothing was done"),
        (_status(401, "Unauthorized", "Unauthorized"), Unauthorized, "401", "sign in"),
    ],
)
async def test_refusals(
    server: WildServer, writer: ClusterWriter, answer: dict[str, Any], kind: type[SourceError], why: str, todo: str
) -> None:
    with _answering(server, answer["code"], answer), pytest.raises(kind) as refused:
        await writer.patch("pods", "one", {}, namespace="shop")
    error = refused.value
    assert (type(error), error.stamp, error.what) == (kind, "orlando", "cannot patch pod one")
    assert why in error.why
    assert todo in error.todo


async def test_every_wrong_field_is_listed(server: WildServer, writer: ClusterWriter) -> None:
    causes = [
        {"field": f"spec.f{n}", "reason": "FieldValueInvalid", "message": f"Invalid value: {n}"} for n in range(8)
    ]
    answer = _status(422, "Invalid", "one long line " * 100, name="web", kind="Deployment", causes=causes)
    with _answering(server, 422, answer), pytest.raises(Invalid) as refused:
        await writer.create("deploy", {"metadata": {"name": "web"}}, namespace="shop")
    assert refused.value.why.startswith('Deployment "web" is invalid: spec.f0: Invalid value: 0; spec.f1: ')
    assert refused.value.why.endswith("; and 2 more")


async def test_a_budget_that_blocks_is_no_throttling(server: WildServer, writer: ClusterWriter) -> None:
    causes = [{"reason": "DisruptionBudget", "message": "The disruption budget web needs 2 healthy pods and has 2"}]
    answer = _status(429, "TooManyRequests", "Cannot evict pod", causes=causes)
    with _answering(server, 429, answer, "Retry-After: 10"), pytest.raises(BudgetBlocked) as blocked:
        await writer.evict("web-1", "shop")
    assert "budget web needs 2 healthy pods and has 2" in blocked.value.why
    assert blocked.value.retry_after_s == 10
    assert writer.meter.throttled_15m() == 0
    several = _status(500, "InternalError", "This pod has more than one PodDisruptionBudget, which … not support")
    with _answering(server, 500, several), pytest.raises(Invalid, match="only one budget"):
        await writer.evict("web-1", "shop")


@pytest.mark.parametrize("method", ["create", "replace", "patch", "delete", "evict"])
async def test_a_write_without_answer_is_sent_once_and_open(
    server: WildServer, writer: ClusterWriter, method: str
) -> None:
    """Before it gives up, an HTTP client likes to send PUT and DELETE once more."""

    async def cut(request: Request, answer: asyncio.StreamWriter) -> None:
        if request.path == "/api/v1":
            await server.send(answer, EVICTIONS)
        else:
            answer.transport.abort()

    body = {"metadata": {"name": "one"}}
    with server.misbehave(cut), pytest.raises(Unreachable, match="whether it was done is not known") as lost:
        if method == "create":
            await writer.create("pods", body, namespace="shop")
        elif method == "replace":
            await writer.replace("pods", "one", body, namespace="shop")
        elif method == "patch":
            await writer.patch("pods", "one", body, namespace="shop")
        elif method == "delete":
            await writer.delete("pods", "one", namespace="shop")
        else:
            await writer.evict("one", "shop")
    assert not isinstance(lost.value, Unsent)
    assert "look at the object" in lost.value.todo
    assert len(_writes(server)) == 1


async def test_a_write_that_hangs_is_open(server: WildServer, writer: ClusterWriter) -> None:
    async def hang(request: Request, answer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    with server.misbehave(hang), pytest.raises(Unreachable, match="does not answer within 1 s; whether it was done"):
        await writer.delete("pods", "one", namespace="shop")


async def test_an_answer_cut_short_is_open(server: WildServer, writer: ClusterWriter) -> None:
    async def half(request: Request, answer: asyncio.StreamWriter) -> None:
        answer.write(server.head(200, "Content-Length: 500") + b'{"kind":')
        await answer.drain()
        answer.transport.abort()

    with server.misbehave(half), pytest.raises(SourceError, match="is not known") as cut:
        await writer.patch("pods", "one", {}, namespace="shop")
    assert isinstance(cut.value, Malformed | Unreachable)


async def test_nothing_sent_is_told_as_such(server: WildServer, writer: ClusterWriter) -> None:
    await server.stop()
    with pytest.raises(Unreachable, match=r"refused.*nothing was sent") as lost:
        await writer.patch("pods", "one", {}, namespace="shop")
    assert isinstance(lost.value, Unsent)


async def test_new_credentials_once_when_refused(server: WildServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("outdated")

    async def check(request: Request, answer: asyncio.StreamWriter) -> None:
        if request.headers["authorization"] == f"Bearer {TOKEN}":
            await server.send(answer, {"kind": "Pod"})
        else:
            token.write_text(TOKEN)
            await server.refuse(answer, 401, "Unauthorized", "Unauthorized")

    kubeconfig = server.kubeconfig(tmp_path, user={"tokenFile": str(token)})
    async with opened(kubeconfig, IMPATIENT) as cluster:
        with server.misbehave(check):
            assert await cluster.patch("pods", "one", {}, namespace="shop") == {"kind": "Pod"}
    assert len(_writes(server)) == 2


async def test_reads_that_wait_do_not_hold_up_a_write(server: WildServer, tmp_path: Path) -> None:
    stuck = asyncio.Event()

    async def slow(request: Request, answer: asyncio.StreamWriter) -> None:
        if request.method == "GET":
            await stuck.wait()
        await server.send(answer, {"kind": "Pod"})

    async with opened(server.kubeconfig(tmp_path), IMPATIENT, rate=1.0, timeout_s=30.0) as cluster:
        with server.misbehave(slow):
            # Five tokens of burst and eight places: five reads hang, twenty more wait for the budget.
            reads = [asyncio.create_task(cluster.get("pods", f"p{n}", "shop")) for n in range(25)]
            await until(lambda: len(server.requests) == 5)
            assert await cluster.patch("pods", "one", {}, namespace="shop") == {"kind": "Pod"}
            assert cluster.meter.per_minute() == 6, "counted like any request"
            for read in reads:
                read.cancel()
            await asyncio.gather(*reads, return_exceptions=True)
            stuck.set()


async def test_warnings_are_heard(server: WildServer, cluster: Cluster) -> None:
    warnings = ('Warning: 299 - "old \\"thing\\""', 'Warning: 299 - "a", 299 - "b"', "Warning: nonsense")
    with _answering(server, 200, {"kind": "Pod"}, *warnings), hear_warnings() as heard:
        await asyncio.create_task(cluster.patch("pods", "one", {}, namespace="shop"))
        await cluster.patch("pods", "one", {}, namespace="shop")
    assert heard == ['old "thing"', "a", "b", "nonsense"]


async def test_a_namespace_or_name_that_is_missing_is_told_before_anything_is_sent(
    server: WildServer, writer: ClusterWriter
) -> None:
    with pytest.raises(Invalid, match="orlando: cannot patch pod one: pods live in namespaces"):
        await writer.patch("pods", "one", {})
    with pytest.raises(Invalid, match="belongs to an object"):
        await writer.create("pods", {}, namespace="shop", subresource="eviction")
    assert not _writes(server)


async def test_writes_go_first_but_not_without_bound() -> None:
    clock = ManualClock()
    budget = Budget(2.0, clock, Meter(clock))
    reads = [asyncio.create_task(budget.spend()) for _ in range(11)]
    await clock.settle()
    assert sum(each.done() for each in reads) == 10, "five seconds' worth of burst"
    writes = [asyncio.create_task(budget.spend_first()) for _ in range(11)]
    await clock.settle()
    assert sum(each.done() for each in writes) == 10, "as many again, while a read waits"
    await clock.advance(0.5)
    assert all(each.done() for each in writes)
    assert not reads[-1].done(), "what the writes took is given back first"
    await clock.until(reads[-1].done)
    assert clock.monotonic() == pytest.approx(6.0, abs=0.6)
