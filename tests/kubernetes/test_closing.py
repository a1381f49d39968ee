"""Connections that were for one request are gone with it, whatever the server's TLS still has to say."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backends.clock import SystemClock
from backends.kubernetes import Cluster
from backends.lab.runner import Lab, LabOptions, open_lab
from backends.model.stamp import ClusterAccess, Stamp
from backends.operations.ports import PatchKind


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A lab in this process, whose API servers speak TLS."""
    async with open_lab(LabOptions(tmp_path / "lab", stamps=1, incidents=False)) as running:
        yield running


def _open_to(port: int) -> int:
    """Count the connections of this process to a port that nobody has begun to close at the socket."""
    transports = [each for each in gc.get_objects() if isinstance(each, asyncio.Transport)]
    addresses = [each.get_extra_info("peername") for each in transports if not each.is_closing()]
    return sum(1 for each in addresses if isinstance(each, tuple) and each[1] == port)


async def test_the_connection_of_a_write_ends_with_its_answer(lab: Lab) -> None:
    port = urlsplit(lab.running.addresses["orlando/api"]).port
    assert port is not None
    stamp = Stamp("orlando", ClusterAccess(lab.running.directory / "kube" / "orlando.yaml", "orlando"))
    async with Cluster(stamp, SystemClock()) as cluster:
        await cluster.get("deployment", "ratings-web", "default")
        before = _open_to(port)
        assert before, "reads keep theirs"
        for replicas in (4, 5):
            scale = {"spec": {"replicas": replicas}}
            await cluster.patch("deployment", "ratings-web", scale, namespace="default", patch=PatchKind.MERGE)
            assert _open_to(port) == before
