"""Signing in: exec plugins, token files, certificates, and every way to be refused, over real sockets and processes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backends.errors import CertificateRejected, Unauthorized, Unreachable
from backends.model.health import Health
from tests.kubernetes.wild_server import TOKEN, Request, WildServer, opened
from tests.support.authority import Authority
from tests.support.waiting import until

API = "client.authentication.k8s.io/v1"


class Plugin:
    """An exec plugin: a shell script that counts its runs and prints what `credential` holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.script = folder / "sign-in"
        self.runs_file = folder / "runs"
        self.credential = folder / "credential.json"
        self.write()

    def write(self, body: str = "cat {credential}") -> None:
        lines = ["#!/bin/sh", f"echo run >> {self.runs_file}", body.format(credential=self.credential), ""]
        self.script.write_text("\n".join(lines))
        self.script.chmod(0o700)

    def give(self, token: str = TOKEN, *, expires_in_s: float | None = None, **status: str) -> None:
        """Make the plugin print a credential."""
        if expires_in_s is not None:
            status["expirationTimestamp"] = datetime.fromtimestamp(time.time() + expires_in_s, UTC).isoformat()
        whole = {"apiVersion": API, "kind": "ExecCredential", "status": {"token": token} | status}
        self.credential.write_text(json.dumps(whole))

    @property
    def runs(self) -> int:
        return len(self.runs_file.read_text().splitlines()) if self.runs_file.exists() else 0

    def user(self, **more: Any) -> dict[str, Any]:
        """Return the user entry of a kubeconfig; the command is relative to it, as kubectl allows."""
        return {"exec": {"apiVersion": API, "command": "./sign-in", "interactiveMode": "Never"} | more}


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def _sent_tokens(server: WildServer) -> list[str]:
    return [each.headers.get("authorization", "").removeprefix("Bearer ") for each in server.requests]


async def test_a_plugin_runs_once_for_all(server: WildServer, tmp_path: Path, plugin: Plugin) -> None:
    plugin.give("from-the-plugin", expires_in_s=3600)
    plugin.write("sleep 0.2; cat {credential}")
    async with opened(server.kubeconfig(tmp_path, user=plugin.user())) as cluster:
        await asyncio.gather(*(cluster.version() for _ in range(6)))
        await cluster.version()
    assert plugin.runs == 1
    assert set(_sent_tokens(server)) == {"from-the-plugin"}


async def test_a_caller_that_gives_up_does_not_end_the_plugin(
    server: WildServer, tmp_path: Path, plugin: Plugin
) -> None:
    plugin.give()
    plugin.write("sleep 0.3; cat {credential}")
    async with opened(server.kubeconfig(tmp_path, user=plugin.user())) as cluster:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await cluster.version()
        await cluster.version()
    assert plugin.runs == 1


async def test_a_plugin_runs_again_when_its_token_expires(server: WildServer, tmp_path: Path, plugin: Plugin) -> None:
    plugin.give("first", expires_in_s=1.0)
    async with opened(server.kubeconfig(tmp_path, user=plugin.user())) as cluster:
        await cluster.version()
        await cluster.version()
        assert plugin.runs == 1
        plugin.give("second", expires_in_s=3600)

        async def second() -> bool:
            await cluster.version()
            return _sent_tokens(server)[-1] == "second"

        deadline = time.monotonic() + 5
        while not await second():
            assert time.monotonic() < deadline
    assert plugin.runs == 2


async def test_a_refused_token_is_renewed_once(server: WildServer, tmp_path: Path, plugin: Plugin) -> None:
    plugin.give("old")

    async def only_new(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.headers["authorization"] == "Bearer new":
            await server.answer(request, writer)
        else:
            await server.refuse(writer, 401, "Unauthorized")

    async with opened(server.kubeconfig(tmp_path, user=plugin.user())) as cluster:
        await cluster.version()
        with server.misbehave(only_new):
            plugin.give("new")
            assert await cluster.version() == "v1.29.15"
        assert plugin.runs == 2


async def test_a_plugin_sees_no_terminal_and_its_own_environment(
    server: WildServer, tmp_path: Path, plugin: Plugin
) -> None:
    plugin.give()
    told = tmp_path / "told"
    plugin.write(
        f'test -t 0 && exit 9; printf "%s|%s|%s" "$1" "$WHO" "$KUBERNETES_EXEC_INFO" > {told}; cat {{credential}}'
    )
    user = plugin.user(args=["--now"], env=[{"name": "WHO", "value": "ada"}], provideClusterInfo=True)
    async with opened(server.kubeconfig(tmp_path, user=user)) as cluster:
        await cluster.version()
    argument, who, info = told.read_text().split("|", 2)
    assert (argument, who) == ("--now", "ada")
    said = json.loads(info)
    assert said["spec"]["interactive"] is False
    assert said["spec"]["cluster"]["server"] == server.url


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("echo 'login failed: token=abcdef123456 is too old' >&2; exit 3", r"exit code 3: login failed: token="),
        ("sleep 60", r"did not answer within 2 s"),
        ("echo 'Please visit https://login.example'", r"not an ExecCredential"),
        ('echo \'{"apiVersion":"v0","kind":"ExecCredential","status":{"token":"t"}}\'', r"answered v0"),
        (f'echo \'{{"apiVersion":"{API}","kind":"ExecCredential","status":{{}}}}\'', r"neither a token nor"),
    ],
)
async def test_a_plugin_that_fails_says_why(
    server: WildServer, tmp_path: Path, plugin: Plugin, body: str, why: str
) -> None:
    plugin.write(body.replace("{", "{{").replace("}", "}}"))
    async with opened(server.kubeconfig(tmp_path, user=plugin.user())) as cluster:
        with pytest.raises(Unauthorized, match=why) as refused:
            await cluster.version()
        assert "abcdef123456" not in str(refused.value)
        assert refused.value.stamp == "orlando"
        assert refused.value.todo
        async with cluster.reflect("configmaps") as maps:
            await until(lambda: maps.state.value.health is Health.UNAUTHORIZED)
    assert not server.requests


async def test_a_plugin_that_is_missing_tells_its_hint(server: WildServer, tmp_path: Path, plugin: Plugin) -> None:
    user = plugin.user(command="no-such-sign-in", installHint="Get it from the intranet.")
    async with opened(server.kubeconfig(tmp_path, user=user)) as cluster:
        with pytest.raises(Unauthorized, match=r"no-such-sign-in cannot be started .* Get it from the intranet"):
            await cluster.version()


async def test_a_certificate_from_a_plugin(tmp_path: Path, plugin: Plugin) -> None:
    users = Authority("users")
    pair = users.client("ada")
    plugin.give("", clientCertificateData=pair.certificate, clientKeyData=pair.key)
    async with WildServer(client_authority=users, folder=tmp_path) as server:
        async with opened(server.kubeconfig(tmp_path, user=plugin.user())) as cluster:
            assert await cluster.version()
        async with opened(server.kubeconfig(tmp_path, name="without")) as cluster:
            # With TLS 1.3 the client library tells either that the certificate was refused, or only the cut.
            with pytest.raises((CertificateRejected, Unreachable), match="refused our client certificate"):
                await cluster.version()


@pytest.mark.parametrize("form", ["data", "file"])
async def test_client_certificates(tmp_path: Path, form: str) -> None:
    users = Authority("users")
    pair = users.client("ada")
    if form == "data":
        user = {
            "client-certificate-data": base64.b64encode(pair.certificate.encode()).decode(),
            "client-key-data": base64.b64encode(pair.key.encode()).decode(),
        }
    else:
        pair.write(tmp_path, "ada")
        user = {"client-certificate": "ada.crt", "client-key": "ada.key"}  # relative to the kubeconfig
    before = set(Path(tempfile.gettempdir()).glob("stampdeck-*"))
    async with (
        WildServer(client_authority=users, folder=tmp_path) as server,
        opened(server.kubeconfig(tmp_path, user=user)) as cluster,
    ):
        assert await cluster.version()
        assert set(Path(tempfile.gettempdir()).glob("stampdeck-*")) <= before, "the key is still on disk"
    assert "authorization" not in server.requests[0].headers


async def test_a_key_of_another_certificate_is_told(server: WildServer, tmp_path: Path) -> None:
    users = Authority("users")
    users.client("ada").write(tmp_path, "ada")
    users.client("bob").write(tmp_path, "bob")
    user = {"client-certificate": "ada.crt", "client-key": "bob.key"}
    async with opened(server.kubeconfig(tmp_path, user=user)) as cluster:
        with pytest.raises(Unauthorized, match=r"cannot be used .*mismatch"):
            await cluster.version()


async def test_a_token_file_is_read_again(server: WildServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first-token\n")
    async with opened(server.kubeconfig(tmp_path, user={"tokenFile": "token"})) as cluster:
        await cluster.version()
        (tmp_path / "token.new").write_text("second-token\n")
        (tmp_path / "token.new").rename(tmp_path / "token")
        deadline = time.monotonic() + 5
        while _sent_tokens(server)[-1] != "second-token":
            assert time.monotonic() < deadline
            await cluster.version()
    assert _sent_tokens(server)[0] == "first-token"


async def test_basic_and_nobody_and_someone_else(server: WildServer, tmp_path: Path) -> None:
    for user, header, expected in (
        ({"username": "ada", "password": "lovelace"}, "authorization", "Basic YWRhOmxvdmVsYWNl"),
        ({}, "authorization", None),
        ({"token": TOKEN, "as": "bob"}, "impersonate-user", "bob"),
    ):
        async with opened(server.kubeconfig(tmp_path, user=user)) as cluster:
            await cluster.version()
        assert server.requests[-1].headers.get(header) == expected


async def test_a_mended_kubeconfig_heals_by_itself(server: WildServer, tmp_path: Path) -> None:
    path = server.kubeconfig(tmp_path)
    whole = path.read_text()
    path.write_text("contexts: []")
    async with opened(path) as cluster, cluster.reflect("configmaps") as maps:
        await until(lambda: maps.state.value.health is Health.UNAUTHORIZED)
        assert "no context named wild" in maps.state.value.reason
        path.write_text(whole)
        await until(lambda: maps.state.value.is_live)


async def test_nothing_is_written(server: WildServer, tmp_path: Path, plugin: Plugin) -> None:
    plugin.give()
    path = server.kubeconfig(tmp_path, user=plugin.user())
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(tmp_path)))
    async with opened(path) as cluster:
        await cluster.version()
    (tmp_path / "runs").unlink()
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(tmp_path))) == before


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"env": [{"NAME": "REGION"}]}, "each entry of its `env` needs `name` and `value`"),
        ({"env": "REGION=1"}, "its `env` is not a list"),
        ({"args": 5}, "its `args` is not a list"),
        ({"args": ["a\0b"]}, "null character"),
    ],
)
async def test_a_plugin_entry_that_makes_no_sense_is_told(
    server: WildServer, tmp_path: Path, plugin: Plugin, entry: dict[str, Any], why: str
) -> None:
    plugin.give()
    async with opened(server.kubeconfig(tmp_path, user=plugin.user(**entry))) as cluster:
        with pytest.raises(Unauthorized, match=why):
            await cluster.version()


async def test_a_token_that_cannot_be_sent_is_told_without_it(server: WildServer, tmp_path: Path) -> None:
    async with opened(server.kubeconfig(tmp_path, user={"token": "first-part\nsecond-part"})) as cluster:
        with pytest.raises(Unauthorized, match="control character") as failed:
            await cluster.version()
    assert "second-part" not in str(failed.value)


async def test_no_room_for_key_material_is_told(
    server: WildServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not-there"))
    async with opened(server.kubeconfig(tmp_path)) as cluster:
        with pytest.raises(Unauthorized, match="not-there"):
            await cluster.version()
