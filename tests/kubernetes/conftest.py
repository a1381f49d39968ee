"""A server that misbehaves on command, and our client on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.kubernetes import Cluster
from tests.kubernetes.wild_server import WildServer, opened


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[WildServer]:
    """A server with the configmaps `one` and `two`."""
    async with WildServer(folder=tmp_path) as wild:
        wild.put("one")
        wild.put("two")
        yield wild


@pytest.fixture
async def cluster(server: WildServer, tmp_path: Path) -> AsyncIterator[Cluster]:
    """Our client, impatient."""
    async with opened(server.kubeconfig(tmp_path)) as found:
        yield found
