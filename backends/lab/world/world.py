"""One simulated cluster, alive: its controllers together, and what its nodes answer to the API server."""

from __future__ import annotations

import asyncio
import functools
import random
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from backends.lab.clock import LabClock
from backends.lab.faults import Fault, FaultBoard
from backends.lab.kubernetes.node_services import ContainerUnavailable, LogEntry, PodUsage, Terminal, Usage
from backends.lab.metrics import MetricsSnapshots
from backends.lab.objects import ObjectStore
from backends.lab.tasks import keep_running
from backends.lab.world.accounts import DefaultAccounts
from backends.lab.world.autoscaler import HorizontalAutoscaler
from backends.lab.world.churn import churn
from backends.lab.world.cluster import Cluster
from backends.lab.world.daemonset import DaemonSetController
from backends.lab.world.deployment import DeploymentController
from backends.lab.world.disruption import DisruptionController
from backends.lab.world.endpoints import EndpointsController, LoadBalancers
from backends.lab.world.garbage import GarbageCollector, Namespaces
from backends.lab.world.images import misbehaves
from backends.lab.world.incidents import Incidents
from backends.lab.world.job import CronJobController, JobController
from backends.lab.world.kubelet import Kubelet
from backends.lab.world.load import DEFAULT_NAMESPACE, Load
from backends.lab.world.logs import ContainerLogs
from backends.lab.world.node_lifecycle import NodeLifecycle
from backends.lab.world.nodes import HEARTBEAT_S, NodeAgents
from backends.lab.world.publishing import RootCertificates
from backends.lab.world.quota import QuotaController
from backends.lab.world.replicaset import ReplicaSetController
from backends.lab.world.scheduler import Scheduler
from backends.lab.world.shell import run_command
from backends.lab.world.statefulset import StatefulSetController
from backends.lab.world.volumes import VolumeBinder
from backends.lab.world.world_faults import WorldFaults

_INGRESS = "nginx-ingress-1588931383-controller"


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier of the application, in pods.

    Those wanted; those listed as ready; of these the ones on silent nodes, and those whose release answers errors or
    is slow.
    """

    wanted: int
    listed: int
    dead: int
    failing: int = 0
    slow: int = 0

    @property
    def answering(self) -> int:
        """Pods that really answer."""
        return self.listed - self.dead


class World:
    """Everything that moves on one stamp. Implements NodeServices for its API server."""

    def __init__(
        self,
        name: str,
        store: ObjectStore,
        clock: LabClock,
        faults: FaultBoard,
        *,
        version: str,
        network: str = "20.40.100",
        incidents: bool = True,
        changes_per_s: float = 0.0,
    ) -> None:
        rng = random.Random(f"{name}{store.rng.random()}")
        self.cluster = Cluster(name, store, clock, rng, version)
        self._changes_per_s = changes_per_s
        cluster = self.cluster
        self.load = Load(cluster, phase=zlib.crc32(name.encode()) / 2**32 * 6.28)
        self.kubelet = Kubelet(cluster)
        self._learn_images()
        self.nodes = NodeAgents(cluster, self.kubelet)
        self.node_lifecycle = NodeLifecycle(cluster)
        # One beat for both: after the process was held up, nobody may look at leases before they are renewed.
        cluster.driver.call_every(HEARTBEAT_S, self._beat)
        Scheduler(cluster)
        for controller in (
            DeploymentController, ReplicaSetController, StatefulSetController, DaemonSetController, JobController,
            CronJobController, EndpointsController, DisruptionController, Namespaces, VolumeBinder, QuotaController,
        ):  # fmt: skip
            controller(cluster)
        LoadBalancers(cluster, network)
        DefaultAccounts(cluster)
        self.root_certificates = RootCertificates(cluster)
        GarbageCollector(cluster)
        self.metrics = MetricsSnapshots(cluster, self.load, self.kubelet.silent)
        self.autoscaler = HorizontalAutoscaler(cluster, self.metrics)
        self.logs = ContainerLogs(cluster, self.load, self.kubelet.silent)
        self.faults = WorldFaults(cluster, self.kubelet, self.nodes)
        self.application_address: tuple[str, int] | None = None
        if incidents:
            Incidents(cluster, self.kubelet)
        cluster.driver.call_every(60.0, cluster.events.expire)
        faults.listen(self._hear)
        cluster.driver.settle()

    async def run(self) -> None:
        """Live until cancelled."""
        tasks = [keep_running(f"world-{self.cluster.name}", self.cluster.driver.run)]
        if self._changes_per_s > 0:
            churning = functools.partial(churn, self.cluster, self._changes_per_s)
            tasks.append(keep_running(f"churn-{self.cluster.name}", churning))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def tiers(self) -> Mapping[str, Tier]:
        """Return the state of the application's tiers: ingress, web, api, database."""
        return {
            "ingress": self._tier("deployments.apps", _INGRESS),
            "web": self._tier("deployments.apps", "ratings-web"),
            "api": self._tier("deployments.apps", "ratings-api"),
            "database": self._tier("statefulsets.apps", "ratings-mongodb"),
        }

    # NodeServices

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> Sequence[LogEntry]:
        return self.logs.read(namespace, pod, container, previous=previous)

    def follow_log(self, namespace: str, pod: str, container: str, after: int) -> AsyncIterator[Sequence[LogEntry]]:
        return self.logs.follow(namespace, pod, container, after)

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], terminal: Terminal, *, tty: bool
    ) -> int:
        found = self.cluster.store.get("pods", namespace, pod)
        node = found["spec"].get("nodeName", "")
        if node in self.kubelet.silent:
            host = found["status"].get("hostIP", node)
            raise ContainerUnavailable(f"error dialing backend: dial tcp {host}:10250: connect: no route to host")
        states = {each["name"]: each["state"] for each in found["status"].get("containerStatuses") or ()}
        if "running" not in states.get(container, {}):
            raise ContainerUnavailable(f'container not found ("{container}")')
        return await run_command(self.cluster, found, container, command, terminal, tty=tty)

    def port_answers(self, namespace: str, pod: str, port: int) -> tuple[str, int] | None:
        found = self.cluster.store.find("pods", namespace, pod)
        if found is None or found["spec"].get("nodeName") in self.kubelet.silent:
            return None
        ports = [each["containerPort"] for c in found["spec"]["containers"] for each in c.get("ports") or ()]
        app = (found["metadata"].get("labels") or {}).get("app", "")
        serves = namespace == DEFAULT_NAMESPACE and app in ("ratings-web", "ratings-api", "nginx-ingress")
        return self.application_address if serves and port in ports else None

    def node_usage(self) -> Mapping[str, Usage]:
        return self.metrics.nodes()

    def pod_usage(self) -> Sequence[PodUsage]:
        return self.metrics.pods()

    # inside

    def _beat(self) -> None:
        self.nodes.renew_leases()
        self.node_lifecycle.monitor()

    def _tier(self, resource: str, name: str) -> Tier:
        workload = self.cluster.store.find(resource, DEFAULT_NAMESPACE, name)
        listed = self.load.addresses(name)
        dead = sum(each.get("nodeName") in self.kubelet.silent for each in listed)
        targets = ((each.get("targetRef") or {}).get("name", "") for each in listed)
        found = [self.cluster.store.find("pods", DEFAULT_NAMESPACE, name) for name in targets]
        failing, slow = (sum(pod is not None and misbehaves(pod, how) for pod in found) for how in ("errors", "slow"))
        wanted = workload["spec"].get("replicas", 1) if workload else 0
        return Tier(wanted, len(listed), dead, failing, slow)

    def _learn_images(self) -> None:
        for pod in self.cluster.store.each("pods"):
            for container in pod["spec"]["containers"]:
                self.kubelet.images.add(pod["spec"].get("nodeName", ""), container["image"])

    def _hear(self, fault: Fault, begins: bool) -> None:
        if fault.name == "metrics-down":
            self.autoscaler.metrics_served = not begins
        else:
            self.faults.hear(fault, begins)
