"""Every test of the contract runs on the lab, as `stampdeck lab` runs it, and on a real control plane."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backends.kubernetes import Cluster
from console.commands.lab_process import lab_process
from tests.contract.subject import Subject, lab_subject, real_subject
from tests.support.control_plane import control_plane

__all__ = ["control_plane"]

_REAL = pytest.param("real", marks=[pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")])


@pytest.fixture(scope="session")
def lab_folder() -> Iterator[Path]:
    """The folder of a lab in a process of its own, for all tests: worlds, controllers, kubelets and servers."""
    with lab_process() as lab:
        yield lab.folder


@pytest.fixture(params=[pytest.param("lab", marks=pytest.mark.xdist_group("contract_lab")), _REAL])
async def subject(request: pytest.FixtureRequest) -> Subject:
    """The API under contract."""
    if request.param == "real":
        return real_subject(request.getfixturevalue("control_plane"))
    return await lab_subject(request.getfixturevalue("lab_folder"))


@pytest.fixture
async def cluster(subject: Subject) -> AsyncIterator[Cluster]:
    """Our client as administrator."""
    async with subject.cluster() as opened:
        yield opened


@pytest.fixture
async def namespace(subject: Subject, cluster: Cluster) -> str:
    """A namespace of the test's own."""
    return await subject.namespace(cluster)
