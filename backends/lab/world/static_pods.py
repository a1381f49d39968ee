"""The control plane's static pods of a master: what its kubelet runs from manifests and shows as mirror pods."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from backends.lab.clock import rfc3339
from backends.lab.objects import Object
from backends.lab.world.pods import qos_class, with_defaults

NAMESPACE = "kube-system"
_CONTROL_PLANE = (
    ("kube-apiserver", "kube-apiserver", "250m"),
    ("kube-controller-manager", "kube-controller-manager", "200m"),
    ("kube-scheduler", "kube-scheduler", "100m"),
    ("kube-addon-manager", "kube-addon-manager", "5m"),
)


@dataclass(frozen=True, slots=True)
class StaticPod:
    """The parts of one mirror pod."""

    name: str
    labels: dict[str, str]
    spec: Object
    owners: list[Object]
    annotations: dict[str, str]

    def pending(self, node: str) -> Object:
        """Return the mirror pod as a kubelet that just started writes it."""
        meta = {
            "name": self.name,
            "namespace": NAMESPACE,
            "labels": self.labels,
            "ownerReferences": self.owners,
            "annotations": self.annotations,
        }
        status = {"phase": "Pending", "qosClass": qos_class(self.spec)}
        return {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": meta,
            "spec": {**self.spec, "nodeName": node},
            "status": status,
        }


def static_pods(node: Object, version: str, at: float, dice: random.Random) -> Iterator[StaticPod]:
    """Return the static pods of a master of a Kubernetes version, seen by its kubelet at simulated seconds."""
    name = node["metadata"]["name"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"], "controller": True}
    for component, image, cpu in _CONTROL_PLANE:
        tag = "v9.1.6" if component == "kube-addon-manager" else version
        spec = with_defaults(
            {
                "containers": [_container(component, f"mcr.microsoft.com/oss/kubernetes/{image}:{tag}", cpu)],
                "hostNetwork": True,
                "priority": 2000001000,
                "priorityClassName": "system-node-critical",
                "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            }
        )
        digest = f"{dice.getrandbits(128):032x}"
        annotations = {
            "kubernetes.io/config.hash": digest,
            "kubernetes.io/config.mirror": digest,
            "kubernetes.io/config.seen": rfc3339(at),
            "kubernetes.io/config.source": "file",
        }
        labels = {"component": component, "tier": "control-plane"}
        yield StaticPod(f"{component}-{name}", labels, spec, [owner], annotations)


def _container(name: str, image: str, cpu: str) -> Object:
    return {
        "name": name,
        "image": image,
        "resources": {"requests": {"cpu": cpu}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
