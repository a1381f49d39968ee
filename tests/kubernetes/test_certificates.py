"""When certificates end: looked at without trusting them, and never past a proxy."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest

from backends.errors import SourceError, Unauthorized, Unreachable
from backends.kubernetes import Cluster
from tests.kubernetes.wild_server import AUTHORITY, WildServer, opened
from tests.support.authority import Authority
from tests.support.control_plane import free_ports

DAY_S = 86_400.0


async def test_the_apis_certificate_has_its_name_and_end(server: WildServer, cluster: Cluster) -> None:
    (found,) = await cluster.certificates()
    assert (found.role, found.subject) == ("server", "CN=127.0.0.1")
    assert found.expires_at == pytest.approx(time.time() + 30 * DAY_S, abs=3600)
    assert found.valid_from == pytest.approx(time.time() - DAY_S, abs=3600)
    assert not server.requests, "looking sends nothing"


@pytest.mark.parametrize(
    "pair",
    [AUTHORITY.server("127.0.0.1", expired=True), Authority("stranger").server("elsewhere.example")],
    ids=["expired", "of a stranger"],
)
async def test_a_certificate_that_is_refused_is_looked_at_as_well(pair: Any, tmp_path: Path) -> None:
    async with WildServer(pair, folder=tmp_path) as server, opened(server.kubeconfig(tmp_path)) as cluster:
        (found,) = await cluster.certificates()
    assert (found.expires_at < time.time()) == ("elsewhere" not in found.subject)


@pytest.mark.parametrize("as_file", [True, False])
async def test_our_own_certificate_from_data_or_a_file(server: WildServer, tmp_path: Path, as_file: bool) -> None:
    pair = AUTHORITY.client("ada", "operators")
    user: dict[str, Any] = {
        "client-certificate-data": base64.b64encode(pair.certificate.encode()).decode(),
        "client-key-data": base64.b64encode(pair.key.encode()).decode(),
    }
    if as_file:
        pair.write(tmp_path, "ada")
        user = {"client-certificate": "ada.crt", "client-key": "ada.key"}
    async with opened(server.kubeconfig(tmp_path, user=user)) as cluster:
        own, theirs = await cluster.certificates()
    assert (own.role, theirs.role) == ("client", "server")
    assert "CN=ada" in own.subject


async def test_where_a_proxy_is_on_the_way_only_our_own_is_told(
    server: WildServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    async with opened(server.kubeconfig(tmp_path, **{"proxy-url": nobody})) as cluster:
        assert await cluster.certificates() == []
    monkeypatch.setenv("https_proxy", nobody)
    async with opened(server.kubeconfig(tmp_path, server="https://api.orlando.example:6443")) as cluster:
        assert await cluster.certificates() == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://no-such-host.invalid:6443", "no-such-host"),
        (f"https://{'a' * 70}.example:6443", "a{70}"),
        ("https://127.0.0.1:{closed}", "connection refused"),
    ],
)
async def test_an_api_that_is_not_there_is_told(server: WildServer, tmp_path: Path, address: str, why: str) -> None:
    path = server.kubeconfig(tmp_path, server=address.replace("{closed}", str(free_ports(1)[0])))
    async with opened(path) as cluster:
        with pytest.raises(Unreachable, match=why) as failed:
            await cluster.certificates()
    assert failed.value.stamp == "orlando"


@pytest.mark.parametrize("address", ["https://", "https://:6443", "https://api.example:port", "https://[::1"])
async def test_an_address_that_is_none_is_told_as_such(server: WildServer, tmp_path: Path, address: str) -> None:
    async with opened(server.kubeconfig(tmp_path, server=address)) as cluster:
        for ask in (cluster.certificates, cluster.version):
            with pytest.raises(Unauthorized, match="no `server:` with an https:// URL"):
                await ask()


async def test_a_certificate_that_cannot_be_read_is_told_without_its_text(server: WildServer, tmp_path: Path) -> None:
    secret = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nnonsense\n").decode()
    for user in ({"client-certificate-data": secret}, {"client-certificate": "not-there.crt"}):
        async with opened(server.kubeconfig(tmp_path, user=user)) as cluster:
            with pytest.raises(SourceError, match="client certificate of the kubeconfig cannot be read") as failed:
                await cluster.certificates()
        assert "nonsense" not in str(failed.value)
