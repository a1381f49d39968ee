"""Building workloads that have long been running: objects in their final state, without any controller's help."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from backends.lab.clock import rfc3339
from backends.lab.objects import Object, ObjectStore
from backends.lab.world.daemonset import TOLERATED
from backends.lab.world.deployment_annotations import REVISION
from backends.lab.world.deployment_status import deployment_status
from backends.lab.world.nodes import node_info
from backends.lab.world.pods import pod_address, qos_class, running_status, with_defaults
from backends.lab.world.shapes import new_object, owner_reference, short_hash
from backends.lab.world.statefulset import REVISION_LABEL, controller_revision, revision_name

CLUSTER_AGE_S = 12 * 86400.0


class Builder:
    """Makes finished objects in a store; everything was created between `born` and now."""

    def __init__(self, store: ObjectStore, version: str) -> None:
        self.store = store
        self.version = version
        self.minor = int(version.split(".")[1])
        self.now = store.clock.now()
        self.born = self.now - CLUSTER_AGE_S
        self.runtime = node_info(version)["containerRuntimeVersion"].split(":")[0]
        self.nodes: list[Object] = []
        self.agents: list[Object] = []
        self._addresses = 0
        self._services = 0

    def find_nodes(self) -> None:
        """Learn the nodes that were made; pods are spread over the agents in turn."""
        self.nodes = self.store.listing("nodes")
        self.agents = [each for each in self.nodes if each["metadata"]["labels"].get("agentpool")]
        self._turn = cycle(self.agents)

    def next_agent(self) -> Object:
        """Return the node for the next pod."""
        return next(self._turn)

    def deployment(
        self, namespace: str, name: str, replicas: int, labels: Mapping[str, str], spec: Object, **more: Any
    ) -> Object:
        """Create a Deployment, its ReplicaSet and its running pods; `more` goes into the Deployment's spec."""
        born = self._some_time()
        template: Object = {"metadata": {"labels": dict(labels)}, "spec": _template_spec(spec)}
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
        whole = {
            "replicas": replicas,
            "selector": {"matchLabels": dict(labels)},
            "template": template,
            "strategy": strategy,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            **more,
        }
        deployment = self.store.create(
            "deployments.apps",
            new_object(
                "deployments.apps", name, namespace, labels=dict(labels), annotations={REVISION: "1"},
                created=rfc3339(born), spec=whole, status={},
            ),
            owned=True,
        )  # fmt: skip
        replica_set = self._replica_set(deployment, template, born)
        status, _ = deployment_status(deployment, replica_set, [replica_set], born)
        return self.store.replace(
            "deployments.apps", {**deployment, "metadata": dict(deployment["metadata"]), "status": status}, owned=True
        )

    def _replica_set(self, deployment: Object, template: Object, born: float) -> Object:
        meta, replicas = deployment["metadata"], deployment["spec"]["replicas"]
        plain = {"labels": template["metadata"]["labels"], "annotations": {}, "spec": template["spec"]}
        label = short_hash(json.dumps(plain, sort_keys=True))
        labels = {**template["metadata"]["labels"], "pod-template-hash": label}
        stamped = {"metadata": {"labels": labels}, "spec": template["spec"]}
        name = f"{meta['name']}-{label}"
        status = {"replicas": replicas, "observedGeneration": 1}
        if replicas:
            status |= {"fullyLabeledReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas}
        annotations = {
            "deployment.kubernetes.io/desired-replicas": str(replicas),
            "deployment.kubernetes.io/max-replicas": str(replicas + -(-replicas // 4)),
            REVISION: "1",
        }
        replica_set = new_object(
            "replicasets.apps", name, meta["namespace"], labels=labels, annotations=annotations,
            owners=[owner_reference(deployment)], created=rfc3339(born),
            spec={"replicas": replicas, "selector": {"matchLabels": labels}, "template": stamped}, status=status,
        )  # fmt: skip
        replica_set = self.store.create("replicasets.apps", replica_set, owned=True)
        spec, references = with_defaults(template["spec"]), [owner_reference(replica_set)]
        for _ in range(replicas):
            name = f"{replica_set['metadata']['name']}-{self.store.suffix()}"
            self.pod(meta["namespace"], name, labels, spec, references, self.next_agent(), born)
        return replica_set

    def stateful_set(self, namespace: str, name: str, labels: Mapping[str, str], spec: Object, **more: Any) -> Object:
        """Create a StatefulSet with one running pod; `more` goes into its spec."""
        born = self._some_time()
        template: Object = {"metadata": {"labels": dict(labels)}, "spec": _template_spec(spec)}
        whole = {
            "replicas": 1,
            "selector": {"matchLabels": dict(labels)},
            "template": template,
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "revisionHistoryLimit": 10,
            **more,
        }
        made = new_object(
            "statefulsets.apps", name, namespace, labels=dict(labels), created=rfc3339(born), spec=whole, status={}
        )
        workload = self.store.create("statefulsets.apps", made, owned=True)
        self.store.create("controllerrevisions.apps", controller_revision(workload, 1), owned=True)
        revision = revision_name(workload)
        pod_name = f"{name}-0"
        stamped = {**labels, REVISION_LABEL: revision, "statefulset.kubernetes.io/pod-name": pod_name}
        if self.minor >= 28:
            stamped["apps.kubernetes.io/pod-index"] = "0"
        pod_spec = {**with_defaults(template["spec"]), "hostname": pod_name, "subdomain": whole.get("serviceName", "")}
        claims = [each["metadata"]["name"] for each in whole.get("volumeClaimTemplates") or ()]
        pod_spec["volumes"] = [
            {"name": each, "persistentVolumeClaim": {"claimName": f"{each}-{pod_name}"}} for each in claims
        ]
        self.pod(namespace, pod_name, stamped, pod_spec, [owner_reference(workload)], self.next_agent(), born)
        return workload

    def daemon_set(self, namespace: str, name: str, labels: Mapping[str, str], spec: Object) -> Object:
        """Create a DaemonSet with a running pod on every node."""
        born = self._some_time()

        template: Object = {"metadata": {"labels": dict(labels)}, "spec": _template_spec(spec)}
        count = len(self.nodes)
        status = {
            "currentNumberScheduled": count,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": count,
            "numberReady": count,
            "observedGeneration": 1,
            "updatedNumberScheduled": count,
            "numberAvailable": count,
        }
        whole = {
            "selector": {"matchLabels": dict(labels)},
            "template": template,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "revisionHistoryLimit": 10,
        }
        made = new_object(
            "daemonsets.apps",
            name,
            namespace,
            labels=dict(labels),
            created=rfc3339(born),
            spec=whole,
            status=status,
            annotations={"deprecated.daemonset.template.generation": "1"},
        )
        workload = self.store.create("daemonsets.apps", made, owned=True)
        self.store.create("controllerrevisions.apps", controller_revision(workload, 1), owned=True)
        revision = revision_name(workload).removeprefix(f"{name}-")
        stamped = {**labels, REVISION_LABEL: revision, "pod-template-generation": "1"}
        pod_spec = with_defaults(template["spec"])
        pod_spec["tolerations"] = [*(template["spec"].get("tolerations") or ()), *TOLERATED]
        for node in self.nodes:
            pod_name = f"{name}-{self.store.suffix()}"
            self.pod(namespace, pod_name, stamped, pod_spec, [owner_reference(workload)], node, born)
        return workload

    def pod(
        self,
        namespace: str,
        name: str,
        labels: Mapping[str, str],
        spec: Object,
        owners: Sequence[Object],
        node: Object,
        born: float,
        annotations: Mapping[str, str] | None = None,
    ) -> Object:
        """Create one running, ready pod on a node; equal parts of many pods are shared, not copied."""
        host = node["status"]["addresses"][0]["address"]
        self._addresses += 1
        address = host if spec.get("hostNetwork") else pod_address(self._addresses + 15)
        meta: Object = {"name": name, "namespace": namespace, "labels": labels, "creationTimestamp": rfc3339(born)}
        if owners and owners[0]["kind"] != "Node":
            meta["generateName"] = name.rpartition("-")[0] + "-"
        meta["ownerReferences"] = owners
        if annotations:
            meta["annotations"] = dict(annotations)
        pod: Object = {"kind": "Pod", "apiVersion": "v1", "metadata": meta}
        pod["spec"] = {**spec, "nodeName": node["metadata"]["name"]}
        pod["status"] = {"qosClass": qos_class(spec)}
        identity = f"{self.store.rng.getrandbits(240):060x}"
        pod["status"] = running_status(
            pod, host_ip=host, pod_ip=address, at=born + 4, container_id=identity, runtime=self.runtime
        )
        return self.store.create("pods", pod, owned=True)

    def service(
        self, namespace: str, name: str, labels: Mapping[str, str], ports: Sequence[Object], **spec: Any
    ) -> Object:
        """Create a Service with a cluster address; `external` is the address of its load balancer."""
        self._services += 1
        external = spec.pop("external", None)
        address = spec.pop("cluster_ip", None) or f"10.0.{37 + self._services * 11 % 200}.{self._services * 29 % 250}"
        whole: Object = {"type": "ClusterIP", "sessionAffinity": "None", "clusterIP": address, "clusterIPs": [address]}
        if self.minor >= 21:
            whole |= {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}
        if self.minor >= 22:
            whole |= {"internalTrafficPolicy": "Cluster"}
        whole |= {"ports": list(ports), **spec}
        status: Object = {"loadBalancer": {"ingress": [{"ip": external}]} if external else {}}
        made = new_object(
            "services", name, namespace, labels=dict(labels), created=rfc3339(self._some_time()), spec=whole,
            status=status,
        )  # fmt: skip
        return self.store.create("services", made, owned=True)

    def _some_time(self) -> float:
        return self.born + self.store.rng.uniform(600, CLUSTER_AGE_S / 2)


def container(name: str, image: str, *, cpu: str = "", memory: str = "", port: int = 0, **more: Any) -> Object:
    """Return a container with requests and one port, as the API stores it."""
    found: Object = {"name": name, "image": image}
    if port:
        found["ports"] = [{"containerPort": port, "protocol": "TCP"}]
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    found["resources"] = {"requests": requests, **more.pop("resources", {})} if requests else {}
    return {
        **found,
        **more,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def _template_spec(spec: Object) -> Object:
    """Return a template's pod spec with the API's defaults (admission's come with the pod)."""
    return {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        **spec,
    }
