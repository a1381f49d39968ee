"""The same kubectl commands on the lab and on a real kube-apiserver of the same version say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from backends.lab.runner import LabOptions
from tests.lab.kubectl.conftest import SPEED, LabThread, kubeconfig_of
from tests.lab.kubectl.printed import Kubectl, Printed
from tests.support.control_plane import ControlPlane, control_plane
from tests.support.peers import require_kubectl

__all__ = ["control_plane"]

pytestmark = [pytest.mark.kubectl, pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")]

VERSION = "v1.20.2"
NAMESPACE = "parity"
APPLICATION = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      automountServiceAccountToken: false
      containers:
      - name: web
        image: registry.example/web:v1
        ports: [{containerPort: 8080}]
        env: [{name: COLOR, value: blue}]
        readinessProbe: {httpGet: {path: /healthz, port: 8080}}
        resources: {requests: {cpu: 25m, memory: 32Mi}, limits: {cpu: 125m}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {automountServiceAccountToken: false, containers: [{name: db, image: "registry.example/db:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - host: web.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue}
"""
NEWER_LINES = ("selfsubjectreviews.authentication.k8s.io ",)
"""Lines that come of resources that are newer."""
NODE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"labels": {"kubernetes.io/role": "agent", "kubernetes.io/os": "linux"}},
}

READS = [
    ("get", "deployments,statefulsets"),
    ("get", "deployments", "-o", "wide"),
    ("get", "replicasets", "-o", "wide"),
    ("get", "statefulsets", "-o", "wide"),
    ("get", "pods"),
    ("get", "services"),
    ("get", "services", "-o", "wide"),
    ("get", "ingresses.networking.k8s.io"),
    ("get", "pdb"),
    ("get", "configmap", "settings"),
    ("get", "configmaps"),
    ("get", "controllerrevisions"),
    ("get", "endpoints", "web"),
    ("get", "all"),
    ("get", "configmap", "settings", "-o", "yaml"),
    ("get", "pods", "-l", "app=db", "--show-labels"),
    ("get", "pods", "--field-selector=status.phase=Failed"),
    ("get", "pod", "no-such-pod"),
    ("get", "nosuchkind"),
    ("get", "jobs"),
    ("describe", "deployment", "web"),
    ("describe", "statefulset", "db"),
    ("describe", "service", "web"),
    ("describe", "pdb", "web"),
    ("describe", "configmap", "settings"),
    ("rollout", "history", "deployment/web"),
    ("rollout", "status", "deployment/web"),
    ("rollout", "status", "statefulset/db"),
    ("auth", "can-i", "create", "deployments"),
    ("auth", "can-i", "--list"),
    ("api-resources", "--api-group=apps"),
    ("api-resources", "--api-group=policy"),
    ("explain", "nosuchkind"),
    ("logs", "no-such-pod"),
    ("scale", "deployment/nothing", "--replicas=1"),
]
WRITES = [
    ("scale", "deployment/web", "--replicas=3"),
    ("rollout", "status", "deployment/web", "--timeout=60s"),
    ("autoscale", "deployment", "web", "--cpu=80%", "--min=1", "--max=10"),
    ("delete", "hpa", "web"),
    ("label", "configmap", "settings", "tier=front"),
    ("label", "configmap", "settings", "tier=back"),
    ("annotate", "configmap", "settings", "note=x"),
    ("patch", "configmap", "settings", "-p", '{"data":{"color":"red"}}'),
    ("patch", "configmap", "settings", "--type=json", "-p", '[{"op":"remove","path":"/data/nothing"}]'),
    ("patch", "deployment", "web", "-p", '{"spec":{"replicas":"many"}}'),
    ("patch", "deployment", "web", "-p", '{"spec":{"paused":[]}}'),
    ("patch", "deployment", "web", "-p", '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'),
    ("set", "image", "deployment/web", "web=registry.example/web:v2"),
    ("rollout", "pause", "deployment/web"),
    ("rollout", "pause", "deployment/web"),
    ("rollout", "resume", "deployment/web"),
    ("rollout", "status", "deployment/web", "--timeout=60s"),
    ("set", "image", "deployment/web", "web=registry.example/web:v3"),
    ("annotate", "deployment", "web", "kubernetes.io/change-cause=a newer image"),
    ("rollout", "status", "deployment/web", "--timeout=60s"),
    ("rollout", "history", "deployment/web"),
    ("rollout", "history", "deployment/web", "--revision=3"),
    ("rollout", "undo", "deployment/web", "--to-revision=2", "--dry-run=server"),
    ("rollout", "undo", "deployment/web", "--to-revision=2"),
    ("rollout", "status", "deployment/web", "--timeout=60s"),
    ("rollout", "history", "deployment/web"),
    ("rollout", "undo", "deployment/web", "--to-revision=99"),
    ("set", "image", "statefulset/db", "db=registry.example/db:2"),
    ("rollout", "status", "statefulset/db", "--timeout=60s"),
    ("rollout", "history", "statefulset/db"),
    ("rollout", "undo", "statefulset/db"),
    ("rollout", "status", "statefulset/db", "--timeout=60s"),
    ("rollout", "history", "statefulset/db"),
    ("rollout", "undo", "statefulset/db", "--to-revision=7"),
    ("create", "serviceaccount", "deployer"),
    ("create", "serviceaccount", "deployer"),
    ("create", "rolebinding", "edit", "--clusterrole=edit", f"--serviceaccount={NAMESPACE}:deployer"),
    ("create", "deployment", "Wrong_Name", "--image=i:1"),
    ("create", "service", "clusterip", "web", "--tcp=80:80"),
    ("create", "service", "nodeport", "low", "--tcp=80:80", "--node-port=80"),
    ("create", "job", "job", "--image=i:1", "--dry-run=server"),
    ("delete", "configmap", "settings", "nothing"),
    ("delete", "statefulset", "db"),
    ("delete", "service", "web"),
]


@dataclass(frozen=True, slots=True)
class Pair:
    """kubectl on both servers."""

    simulated: Kubectl
    real: Kubectl

    def run(self, *arguments: str, stdin: str | None = None) -> tuple[Printed, Printed]:
        """Run the same command on both."""
        found = [each.run(*arguments, "-n", NAMESPACE, stdin=stdin, code=None) for each in (self.simulated, self.real)]
        return found[0], found[1]


@pytest.fixture(scope="module")
def pair(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both servers with the same application rolled out."""
    program = require_kubectl()
    thread = LabThread(
        LabOptions(tmp_path_factory.mktemp("lab-1.20"), speed=SPEED, stamps=1, incidents=False, version=VERSION)
    )
    running = thread.start()
    try:
        simulated = Kubectl(program, kubeconfig_of(running), tmp_path_factory.mktemp("home-lab"))
        real = Kubectl(program, control_plane.kubeconfig, tmp_path_factory.mktemp("home-real"), context="admin")
        for position in range(2):
            meta = {**NODE["metadata"], "name": f"k8s-linuxpool-35064155-{position}"}
            real.run("apply", "-f", "-", stdin=json.dumps({**NODE, "metadata": meta}))
        for each in (simulated, real):
            each.run("create", "namespace", NAMESPACE)
            each.until(lambda printed: "default" in printed.out, "get", "serviceaccounts", "-n", NAMESPACE)
            each.run("apply", "-f", "-", "-n", NAMESPACE, stdin=APPLICATION)
            each.run("rollout", "status", "deployment/web", "-n", NAMESPACE, "--timeout=60s")
            each.run("rollout", "status", "statefulset/db", "-n", NAMESPACE, "--timeout=60s")
            each.until(lambda printed: " 1 " in printed.out, "get", "pdb", "-n", NAMESPACE)
        yield Pair(simulated, real)
        real.run("delete", "namespace", NAMESPACE, "--wait=false")
    finally:
        thread.stop()


_VARYING = [
    (re.compile(r"https://127\.0\.0\.1:\d+"), "SERVER"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UID"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+(:\d+)?\b"), "ADDRESS"),
    (re.compile(r"\b(web|db)-[a-z0-9]{8,10}-[a-z0-9]{5}\b"), r"\1-HASH-POD"),
    (re.compile(r"\b(web|db)-[a-z0-9]{8,10}\b"), r"\1-HASH"),
    (re.compile(r"(hash[:=] ?\"?)[a-z0-9]{8,10}\b"), r"\1HASH"),
    (re.compile(r'(resourceVersion: ")\d+'), r"\1N"),
    (re.compile(r"(?<=\s)(\d+[ydhms]){1,2}(?=\s)"), "AGE"),
    (re.compile(r"-{2,}"), "--"),
]


def plain(text: str) -> list[str]:
    """Return lines without what differs between two clusters, and without the width of columns."""
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return [" ".join(line.split()) for line in text.splitlines()]


def comparable(printed: Printed) -> list[str]:
    """Return the lines of the output up to the events, whose counts depend on speed, without newer ones.

    The rules that `auth can-i --list` shows twice come of roles that overlap: they are compared once.
    """
    lines = plain(printed.out)
    lines = lines[: next((at for at, line in enumerate(lines) if line.startswith("Events:")), len(lines))]
    lines = [line for line in lines if not line.startswith(NEWER_LINES)]
    return list(dict.fromkeys(lines)) if printed.command.startswith("auth can-i --list") else lines


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_reading(pair: Pair, command: tuple[str, ...]) -> None:
    simulated, real = pair.run(*command)
    assert comparable(simulated) == comparable(real)
    assert plain(simulated.err) == plain(real.err)
    assert simulated.code == real.code


@pytest.mark.parametrize(
    "target", ["deployment/web", "statefulset/db", "service/web", "pdb/web", "replicasets", "pods"]
)
def test_objects_have_the_same_fields(pair: Pair, target: str) -> None:
    """Defaults, statuses and metadata: every field the real server fills is filled, and no other."""
    simulated, real = (json.loads(each.out) for each in pair.run("get", target, "-o", "json"))
    assert set(paths(simulated)) == set(paths(real))


def test_events_are_worded_alike(pair: Pair) -> None:
    def said(printed: Printed) -> set[tuple[str, ...]]:
        keep = ("deployment/web", "replicaset/web", "statefulset/db")
        rows = printed.table.rows
        found = {(row["REASON"], row["OBJECT"], row["MESSAGE"]) for row in rows if row["TYPE"] == "Normal"}
        return {tuple(plain(" ".join(each))) for each in found if each[1].startswith(keep)}

    simulated, real = pair.run("get", "events")
    assert said(simulated) == said(real)


def test_the_same_api_services_are_listed_but_for_the_metrics(pair: Pair) -> None:
    simulated, real = (sorted(comparable(each)) for each in pair.run("get", "apiservices"))
    more = set(simulated) - set(real)
    assert {line.split()[0] for line in more} == {"v1beta1.metrics.k8s.io"}
    assert set(real) <= set(simulated)
    fields = [json.loads(each.out) for each in pair.run("get", "apiservice", "v1.apps", "-o", "json")]
    assert fields[0]["spec"] == fields[1]["spec"]
    assert set(paths(fields[0])) == set(paths(fields[1]))


def test_component_statuses_look_alike(pair: Pair) -> None:
    simulated, real = pair.run("get", "componentstatuses")
    assert simulated.table.columns == real.table.columns
    assert simulated.table.row("etcd-0") == real.table.row("etcd-0")
    assert {row["NAME"] for row in simulated.table.rows} == {row["NAME"] for row in real.table.rows}
    assert simulated.err == real.err


def test_writing(pair: Pair) -> None:
    """One after the other, because each leaves something behind for the next."""
    for command in WRITES:
        simulated, real = pair.run(*command)
        if command[:2] == ("rollout", "status"):
            simulated, real = (replace(each, out=each.out.splitlines()[-1]) for each in (simulated, real))
        assert plain(simulated.out) == plain(real.out), command
        assert plain(simulated.err) == plain(real.err), command
        assert simulated.code == real.code, command


def paths(value: Any, at: str = "") -> Iterator[str]:
    """Yield the path of every field that is set; lists are looked into as one.

    Older servers write the unset creationTimestamp of templates as null, newer ones leave it out.
    """
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("labels", "annotations", "matchLabels"):
                yield f"{at}.{key}"
            else:
                yield from paths(each, f"{at}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from paths(each, f"{at}[]")
    elif value is not None:
        yield at
