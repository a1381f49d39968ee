"""kube-system as aks-engine leaves it: control plane, DNS, proxy, metrics, dashboard, monitoring agents."""

from __future__ import annotations

from backends.lab.clock import rfc3339
from backends.lab.objects import Object
from backends.lab.world.builder import Builder, container
from backends.lab.world.shapes import new_object
from backends.lab.world.static_pods import NAMESPACE, static_pods

_EVERYWHERE: list[Object] = [{"operator": "Exists"}]


def build_system(builder: Builder) -> None:
    """Create every object of kube-system; nodes must exist."""
    _build_control_plane(builder)
    _build_daemons(builder)
    _build_services(builder)
    _build_storage(builder)


def _build_control_plane(builder: Builder) -> None:
    for node in builder.nodes:
        if "agentpool" in node["metadata"]["labels"]:
            continue
        for pod in static_pods(node, builder.version, builder.born, builder.store.rng):
            builder.pod(NAMESPACE, pod.name, pod.labels, pod.spec, pod.owners, node, builder.born, pod.annotations)


def _build_daemons(builder: Builder) -> None:
    agent = "ama-logs" if builder.minor >= 25 else "omsagent"
    for name, image, cpu, memory in (
        ("kube-proxy", f"mcr.microsoft.com/oss/kubernetes/kube-proxy:{builder.version}", "100m", ""),
        ("azure-ip-masq-agent", "mcr.microsoft.com/oss/kubernetes/ip-masq-agent:v2.8.0", "50m", "50Mi"),
        ("csi-azuredisk-node", "mcr.microsoft.com/oss/kubernetes-csi/azuredisk-csi:v1.29.12", "10m", "20Mi"),
        (agent, "mcr.microsoft.com/azuremonitor/containerinsights/ciprod:3.1.28", "75m", "225Mi"),
    ):
        main = container(name, image, cpu=cpu, memory=memory)
        spec = {
            "containers": [main],
            "hostNetwork": name in ("kube-proxy", "azure-ip-masq-agent"),
            "priorityClassName": "system-node-critical",
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": _EVERYWHERE,
        }
        if not spec["hostNetwork"]:
            del spec["hostNetwork"]
        builder.daemon_set(NAMESPACE, name, {"k8s-app": name}, spec)
    watcher = container(
        agent, "mcr.microsoft.com/azuremonitor/containerinsights/ciprod:3.1.28", cpu="150m", memory="250Mi"
    )
    builder.deployment(NAMESPACE, f"{agent}-rs", 1, {"rsName": f"{agent}-rs"}, {"containers": [watcher]})


def _build_services(builder: Builder) -> None:
    api = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]
    provider = {"component": "apiserver", "provider": "kubernetes"}
    builder.service("default", "kubernetes", provider, api, cluster_ip="10.0.0.1")
    addresses = [
        {"ip": node["status"]["addresses"][0]["address"]}
        for node in builder.nodes
        if "agentpool" not in node["metadata"]["labels"]
    ]
    endpoints = new_object("endpoints", "kubernetes", "default", created=rfc3339(builder.born))
    endpoints["subsets"] = [{"addresses": addresses, "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}]
    builder.store.create("endpoints", endpoints, owned=True)
    _build_addon(
        builder, "coredns", 2, {"k8s-app": "kube-dns"}, "coredns/coredns:v1.9.4", "kube-dns", "CoreDNS",
        [
            {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        ],
        cluster_ip="10.0.0.10",
    )  # fmt: skip
    _build_addon(
        builder, "metrics-server", 1, {"k8s-app": "metrics-server"}, "kubernetes/metrics-server:v0.6.3",
        "metrics-server", "Metrics-server", [{"port": 443, "protocol": "TCP", "targetPort": 4443}],
    )  # fmt: skip
    _build_addon(
        builder, "kubernetes-dashboard", 1, {"k8s-app": "kubernetes-dashboard"}, "kubernetes/dashboard:v2.7.0",
        "kubernetes-dashboard", "kubernetes-dashboard", [{"port": 443, "protocol": "TCP", "targetPort": 8443}],
    )  # fmt: skip


def _build_addon(
    builder: Builder,
    name: str,
    replicas: int,
    labels: dict[str, str],
    image: str,
    service: str,
    title: str,
    ports: list[Object],
    cluster_ip: str | None = None,
) -> None:
    """Create an addon's Deployment and its Service, which `kubectl cluster-info` lists by its labels."""
    main = container(
        name, f"mcr.microsoft.com/oss/{image}", cpu="100m", memory="70Mi", port=int(ports[0]["targetPort"])
    )
    spec: Object = {"containers": [main], "priorityClassName": "system-cluster-critical"}
    if name != "coredns":
        spec["volumes"] = [{"name": "tmp-dir", "emptyDir": {}}]
    builder.deployment(NAMESPACE, name, replicas, labels, spec)
    marks = {
        **labels,
        "addonmanager.kubernetes.io/mode": "Reconcile",
        "kubernetes.io/cluster-service": "true",
        "kubernetes.io/name": title,
    }
    builder.service(NAMESPACE, service, marks, ports, selector=labels, cluster_ip=cluster_ip)


def _build_storage(builder: Builder) -> None:
    for name, default in (("default", True), ("managed-premium", False), ("managed-standard", False)):
        mark = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
        made = new_object(
            "storageclasses.storage.k8s.io", name, created=rfc3339(builder.born), annotations=mark,
            provisioner="disk.csi.azure.com", reclaimPolicy="Delete", volumeBindingMode="Immediate",
            allowVolumeExpansion=True, parameters={"kind": "managed", "skuName": "Premium_LRS"},
        )  # fmt: skip
        builder.store.create("storageclasses.storage.k8s.io", made, owned=True)
