"""Discovery in its old and new form, with parts of it broken."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backends.errors import NotFound
from backends.kubernetes import Cluster
from tests.kubernetes.wild_server import Request, WildServer

_VERBS = ["get", "list", "watch"]


def _resource(name: str, kind: str, *short: str, verbs: list[str] | None = None) -> dict[str, Any]:
    verbs = _VERBS if verbs is None else verbs
    return {"name": name, "kind": kind, "namespaced": True, "verbs": verbs, "shortNames": list(short)}


class OldServer:
    """Answers discovery group by group; a path without an answer is broken."""

    def __init__(self, server: WildServer) -> None:
        self._server = server
        self.answers: dict[str, Any] = {
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {
                "kind": "APIGroupList",
                "groups": [
                    self._group("batch", "v1", "v1beta1"),
                    self._group("metrics.k8s.io", "v1beta1"),
                    self._group("shop.example", "v2", "v1", preferred="v1"),
                ],
            },
            "/api/v1": {
                "resources": [
                    _resource("pods", "Pod", "po"),
                    _resource("pods/log", "Pod", verbs=["get"]),
                    _resource("bindings", "Binding", verbs=["create"]),
                ]
            },
            "/apis/batch/v1": {"resources": [_resource("jobs", "Job")]},
            "/apis/batch/v1beta1": {"resources": [_resource("cronjobs", "CronJob", "cj"), _resource("jobs", "Job")]},
            "/apis/shop.example/v1": {"resources": [_resource("carts", "Cart")]},
            "/apis/shop.example/v2": {"resources": [_resource("carts", "Cart"), _resource("offers", "Offer")]},
        }

    @staticmethod
    def _group(name: str, *versions: str, preferred: str = "") -> dict[str, Any]:
        listed = [{"groupVersion": f"{name}/{each}", "version": each} for each in versions]
        return {"name": name, "versions": listed, "preferredVersion": {"version": preferred or versions[0]}}

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        found = self.answers.get(request.path)
        if found is None:
            await self._server.refuse(writer, 503, "service unavailable", "ServiceUnavailable")
        else:
            await self._server.send(writer, found)


async def test_group_by_group_with_one_group_broken(server: WildServer, cluster: Cluster) -> None:
    with server.misbehave(OldServer(server)):
        kinds = {kind.full_name: kind for kind in await cluster.kinds()}
        assert list(kinds) == ["pods", "jobs.batch", "cronjobs.batch", "carts.shop.example", "offers.shop.example"]
        assert (kinds["jobs.batch"].version, kinds["cronjobs.batch"].version) == ("v1", "v1beta1")
        assert (kinds["carts.shop.example"].version, kinds["offers.shop.example"].version) == ("v1", "v2")
        assert kinds["pods"].subresources == ("log",)
        assert kinds["carts.shop.example"].singular == "cart"


async def test_what_was_found_is_kept_until_asked_anew(server: WildServer, cluster: Cluster) -> None:
    old = OldServer(server)
    with server.misbehave(old):
        await asyncio.gather(cluster.kinds(), cluster.kinds())
        asked = len(server.requests)
        await cluster.kinds()
        assert len(server.requests) == asked
        assert len([each for each in server.requests if each.path == "/apis"]) == 1
        old.answers["/api/v1"]["resources"].append(_resource("saucers", "Saucer"))
        assert "saucers" not in {kind.resource for kind in await cluster.kinds()}
        assert "saucers" in {kind.resource for kind in await cluster.kinds(refresh=True)}


async def test_a_kind_installed_later_is_found(server: WildServer, cluster: Cluster) -> None:
    old = OldServer(server)
    with server.misbehave(old):
        with pytest.raises(NotFound, match="serves no kind named saucers"):
            await cluster.get("saucers", "one", "default")
        old.answers["/api/v1"]["resources"].append(_resource("saucers", "Saucer"))
        old.answers["/api/v1/namespaces/default/saucers/one"] = {"kind": "Saucer"}
        await asyncio.sleep(cluster.connection.timing.unserved_s)  # a name is looked up anew only now and then
        assert await cluster.get("saucers", "one", "default") == {"kind": "Saucer"}


async def test_aggregated_with_a_stale_group(server: WildServer, cluster: Cluster) -> None:
    cart = {
        "resource": "carts",
        "responseKind": {"group": "", "version": "", "kind": "Cart"},
        "scope": "Namespaced",
        "singularResource": "cart",
        "shortNames": ["ca"],
        "verbs": _VERBS,
        "subresources": [{"subresource": "status", "verbs": ["get"]}],
    }
    stale = {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]}
    shop = {
        "metadata": {"name": "shop.example"},
        "versions": [{"version": "v2", "resources": [cart]}, {"version": "v1"}],
    }

    async def modern(request: Request, writer: asyncio.StreamWriter) -> None:
        assert "as=APIGroupDiscoveryList" in request.headers["accept"]
        items = [stale, shop] if request.path == "/apis" else []
        await server.send(writer, {"kind": "APIGroupDiscoveryList", "items": items})

    with server.misbehave(modern):
        (found,) = await cluster.kinds()
    assert (found.full_name, found.api_version, found.kind) == ("carts.shop.example", "shop.example/v2", "Cart")
    assert found.names == ("carts", "cart", "ca", "carts.shop.example")
    assert found.subresources == ("status",)
    assert len(server.requests) == 2
