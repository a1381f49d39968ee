"""Quiet collections cost no lists, and watches that carry nothing are found out while the API answers all else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.kubernetes import Cluster, Timing
from backends.kubernetes.connection import Connection
from backends.lab.control import LabControl
from backends.model.health import Health
from tests.contract.subject import Subject, real_subject, send
from tests.support.control_plane import ControlPlane
from tests.support.relay import Relay
from tests.support.waiting import until

SOON = replace(Timing(), quiet_s=0.5)


@contextmanager
def requests_of(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[str], list[str]]]:
    """Note the paths of whole answers and of streams; both are carried out as ever."""
    lists: list[str] = []
    streams: list[str] = []
    request, stream = cluster.connection.request, cluster.connection.stream

    def note_request(method: str, path: str, **options: Any) -> Any:
        lists.append(path)
        return request(method, path, **options)

    def note_stream(path: str, *arguments: Any, **options: Any) -> Any:
        streams.append(path)
        return stream(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "request", lambda _, *args, **options: note_request(*args, **options))
        patched.setattr(Connection, "stream", lambda _, *args, **options: note_stream(*args, **options))
        yield lists, streams


@pytest.mark.parametrize("kind", ["secrets", "configmaps"])
async def test_a_quiet_collection_is_not_listed_again(
    subject: Subject, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both with the server's watch cache and, on the real one for configmaps, without it."""
    async with subject.cluster(timing=SOON) as cluster:
        namespace = await subject.namespace(cluster)
        path = f"/api/v1/namespaces/{namespace}/{kind}"
        async with cluster.reflect(kind, namespace=namespace, selector="of=silence") as quiet:
            await until(lambda: quiet.state.value.is_live)
            first = quiet.state.value.as_of or 0.0
            with requests_of(cluster, monkeypatch) as (lists, streams):
                await until(lambda: streams.count(path) >= 2)
                await until(lambda: (quiet.state.value.as_of or 0.0) > first + 1.0)
                assert quiet.state.value.is_live
                assert path not in lists
            # What follows a proof is what was there, still watched.
            await send(cluster, "POST", path, {"metadata": {"name": "one", "labels": {"of": "silence"}}})
            await until(lambda: [row.name for row in quiet.store.rows.values()] == ["one"])


async def test_watches_that_carry_nothing_make_stale_and_the_rows_are_right_all_the_same(lab_folder: Path) -> None:
    kubeconfig, control = lab_folder / "kube" / "orlando.yaml", LabControl.read(lab_folder)

    async def nothing() -> None:
        pass

    async with (
        Subject("lab", kubeconfig, nothing).cluster("orlando", timing=SOON) as cluster,
        cluster.reflect("configmaps", selector="of=mute") as maps,
    ):
        await until(lambda: maps.state.value.is_live)
        await control.fault("orlando", "watch-silent")
        try:
            made = {"metadata": {"generateName": "mute-", "labels": {"of": "mute"}}}
            await send(cluster, "POST", "/api/v1/namespaces/default/configmaps", made)
            await until(lambda: maps.state.value.health is Health.STALE)
            await until(lambda: len(maps.store.rows) == 1)
            assert "without a word" in maps.state.value.reason
        finally:
            await control.clear("orlando", "watch-silent")
        await until(lambda: maps.state.value.is_live)


@pytest.mark.kube_apiserver
@pytest.mark.xdist_group("control_plane")
async def test_a_connection_that_fell_silent_on_the_way_is_left(control_plane: ControlPlane, tmp_path: Path) -> None:
    real = real_subject(control_plane)
    async with Relay("127.0.0.1", control_plane.ports[2]) as relay:
        config = yaml.safe_load(real.kubeconfig.read_text())
        for each in config["clusters"]:
            each["cluster"]["server"] = f"https://127.0.0.1:{relay.port}"
        kubeconfig = tmp_path / "through-the-relay"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(yaml.safe_dump(config))
        async with replace(real, kubeconfig=kubeconfig).cluster(timing=SOON) as cluster:
            namespace = await real.namespace(cluster)
            path = f"/api/v1/namespaces/{namespace}/secrets"
            async with cluster.reflect("secrets", namespace=namespace, selector="of=silence") as secrets:
                await until(lambda: secrets.state.value.is_live)
                relay.freeze()
                # By another way, so that our own connections stay as they are.
                made = {"metadata": {"name": "unheard", "labels": {"of": "silence"}}}
                await asyncio.to_thread(control_plane.ask, "POST", path, made)
                await until(lambda: [row.name for row in secrets.store.rows.values()] == ["unheard"])
                await until(lambda: secrets.state.value.is_live)
