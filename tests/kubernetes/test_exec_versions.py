"""Commands on a lab of a newer version, which can be told that their input ended."""

from __future__ import annotations

from pathlib import Path

from backends.clock import SystemClock
from backends.kubernetes import Cluster
from backends.kubernetes.exec import run_command
from backends.lab.runner import LabOptions, open_lab
from backends.model.stamp import ClusterAccess, Stamp


async def test_input_has_an_end_from_1_30_on(tmp_path: Path) -> None:
    options = LabOptions(tmp_path / "lab", stamps=1, incidents=False, version="v1.33.4")
    async with open_lab(options) as lab:
        (name,) = lab.stamps
        stamp = Stamp(name, ClusterAccess(tmp_path / "lab" / "kube" / f"{name}.yaml", name))
        async with Cluster(stamp, SystemClock()) as cluster:
            pods = await cluster.list_objects("pods", namespace="default", selector="app=ratings-web")
            pod = str(pods[0]["metadata"]["name"])
            async with cluster.open_exec("default", pod, "", ["cat"], stdin=True) as stream:
                assert stream.can_end_input
                result = await run_command(stream, b"some input" * 10_000)
    assert (result.exit_code, result.output) == (0, b"some input" * 10_000)
