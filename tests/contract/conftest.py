"""Every test of the contract runs on the lab and on a real control plane."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.kubernetes import Cluster
from tests.contract.subject import Subject, lab_subject, real_subject
from tests.support.control_plane import control_plane

__all__ = ["control_plane"]

_REAL = pytest.param("real", marks=[pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")])


@pytest.fixture(params=["lab", _REAL])
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    """The API under contract."""
    if request.param == "real":
        yield real_subject(request.getfixturevalue("control_plane"))
        return
    async with lab_subject(tmp_path) as lab:
        yield lab


@pytest.fixture
async def cluster(subject: Subject) -> AsyncIterator[Cluster]:
    """Our client as administrator."""
    async with subject.cluster() as opened:
        yield opened


@pytest.fixture
async def namespace(subject: Subject, cluster: Cluster) -> str:
    """A namespace of the test's own."""
    return await subject.namespace(cluster)
