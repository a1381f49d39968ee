"""The plan of a drain is the one of the real kubectl: the same pods go, the same stay, the same are withheld."""

from __future__ import annotations

import asyncio
import re

import pytest

from backends.kubernetes import Cluster
from backends.model.drain import DrainOptions, plan_drain
from backends.model.fields import text
from backends.operations.node_works.drain import drain_words
from backends.operations.node_works.facts import read_facts
from tests.contract.subject import Subject
from tests.support.peers import require_kubectl

pytestmark = pytest.mark.kubectl

_EVICTING = re.compile(r"^evicting pod (\S+) \(dry run\)", re.MULTILINE)
_ALL = DrainOptions(force=True, delete_local_data=True)


async def _kubectl(subject: Subject, node: str, options: DrainOptions) -> tuple[int | None, str]:
    """Have kubectl plan the drain with the words that we say do the same."""
    words = [str(require_kubectl()), "--kubeconfig", str(subject.kubeconfig), "--context", "admin"]
    words += [*drain_words(node, options), "--dry-run=client"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.fixture
async def bare(subject: Subject, cluster: Cluster, namespace: str) -> str:
    """A pod of nobody and one with data of its own on a node; return the node."""
    node = await subject.node(cluster)
    for name, volumes in (("bare", []), ("data", [{"name": "tmp", "emptyDir": {}}])):
        spec = {"nodeName": node, "volumes": volumes, "containers": [{"name": "c", "image": "registry.example/c:v1"}]}
        await cluster.create("pods", {"metadata": {"name": name}, "spec": spec}, namespace=namespace)
    return node


async def test_the_same_pods_leave(subject: Subject, cluster: Cluster, bare: str) -> None:
    for node in [text(each, "metadata", "name") for each in await cluster.list_objects("nodes")]:
        plan = plan_drain(await read_facts(cluster, node), _ALL)
        code, said = await _kubectl(subject, node, _ALL)
        assert code == 0, said
        assert sorted(_EVICTING.findall(said)) == sorted(each.key for each in plan.leaving)


@pytest.mark.parametrize("options", [DrainOptions(), DrainOptions(force=True), DrainOptions(delete_local_data=True)])
async def test_what_is_withheld_is_what_kubectl_refuses(
    subject: Subject, cluster: Cluster, namespace: str, bare: str, options: DrainOptions
) -> None:
    plan = plan_drain(await read_facts(cluster, bare), options)
    withheld = {each.key for each in plan.leaving if each.withheld(options)}
    code, said = await _kubectl(subject, bare, options)
    assert (code == 0) is not bool(withheld), said
    assert {f"{namespace}/bare", f"{namespace}/data"} & withheld
    refused = said[said.index("There are pending nodes") :]
    assert all(key in refused for key in withheld), said
