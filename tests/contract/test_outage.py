"""A real API server that dies, hangs and comes back: told within ten seconds, healed within ten."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.model.health import Health
from tests.contract.subject import real_subject
from tests.support.control_plane import ControlPlane, running_control_plane
from tests.support.waiting import until

pytestmark = [pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")]


@pytest.fixture
def own_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane of this test's own: controllers of a shared one would need minutes to come back."""
    with running_control_plane(tmp_path, controllers=False) as plane:
        yield plane


async def test_an_outage_is_told_and_heals_in_time(own_plane: ControlPlane) -> None:
    async with (
        real_subject(own_plane).cluster() as cluster,
        cluster.reflect("nodes") as nodes,
        cluster.reflect("namespaces") as namespaces,
    ):
        await until(lambda: nodes.state.value.is_live and namespaces.state.value.is_live)
        rows = len(namespaces.store.rows)

        own_plane.signal("kube-apiserver", signal.SIGSTOP)
        try:
            await until(lambda: nodes.state.value.health is Health.DOWN, within_s=10)
            assert namespaces.state.value.health is Health.DOWN
        finally:
            own_plane.signal("kube-apiserver", signal.SIGCONT)
        await until(lambda: nodes.state.value.is_live, within_s=10)

        own_plane.stop("kube-apiserver")
        try:
            await until(lambda: nodes.state.value.health is Health.DOWN, within_s=10)
            assert "connection refused" in nodes.state.value.reason
            assert len(namespaces.store.rows) >= rows
        finally:
            own_plane.start("kube-apiserver")
            await asyncio.to_thread(own_plane.wait_ready)
        began = time.monotonic()
        await until(lambda: nodes.state.value.is_live and namespaces.state.value.is_live, within_s=10)
        assert len(namespaces.store.rows) >= rows
        assert time.monotonic() - began < 10
