"""What the engine fills into an api model: the finished apimodel.json has every setting of the cluster in it.

Structure and names are those of a model that v0.85.0 finished for Azure Stack Hub; images follow the version.
"""

from __future__ import annotations

import copy
from typing import Any

from backends.lab.engine.releases import Release

Model = dict[str, Any]

_REGISTRY = "mcr.microsoft.com/oss"
_ABSENT_ADDONS = (
    "tiller", "cluster-autoscaler", "smb-flexvolume", "kubernetes-dashboard", "nvidia-device-plugin",
    "azure-npm-daemonset", "calico-daemonset", "cilium", "aad-pod-identity", "appgw-ingress", "azuredisk-csi-driver",
    "azurefile-csi-driver", "azure-policy", "node-problem-detector", "kube-dns", "pod-security-policy", "aad", "antrea",
    "flannel", "scheduled-maintenance", "csi-secrets-store", "azure-arc-onboarding",
)  # fmt: skip
_CLOUD_MANAGERS = {"28": "v1.28.5", "29": "v1.29.3", "30": "v1.30.4", "31": "v1.31.3", "32": "v1.32.4"}
_SYSCTL = {
    "net.core.message_burst": "80", "net.core.message_cost": "40", "net.core.somaxconn": "16384",
    "net.ipv4.ip_forward": "1", "net.ipv4.neigh.default.gc_thresh1": "4096",
    "net.ipv4.neigh.default.gc_thresh2": "8192", "net.ipv4.neigh.default.gc_thresh3": "16384",
    "net.ipv4.tcp_max_syn_backlog": "16384", "net.ipv4.tcp_retries2": "8",
}  # fmt: skip
_KUBELET = {
    "--address": "0.0.0.0", "--anonymous-auth": "false", "--authentication-token-webhook": "true",
    "--authorization-mode": "Webhook", "--client-ca-file": "/etc/kubernetes/certs/ca.crt",
    "--cloud-config": "/etc/kubernetes/azure.json", "--cloud-provider": "external", "--cluster-dns": "10.0.0.10",
    "--cluster-domain": "cluster.local",
    "--container-runtime-endpoint": "unix:///run/containerd/containerd.sock",
    "--eviction-hard": "memory.available<750Mi,nodefs.available<10%,nodefs.inodesFree<5%",
    "--kubeconfig": "/var/lib/kubelet/kubeconfig", "--max-pods": "110", "--node-status-update-frequency": "1m",
    "--pod-manifest-path": "/etc/kubernetes/manifests", "--read-only-port": "0", "--rotate-certificates": "true",
    "--tls-cert-file": "/etc/kubernetes/certs/kubeletserver.crt",
    "--tls-private-key-file": "/etc/kubernetes/certs/kubeletserver.key", "--v": "2",
}  # fmt: skip


def fill(model: Model, release: Release) -> Model:
    """Return a copy of an api model with every default of a release filled in; certificates are not its matter."""
    filled = copy.deepcopy(model)
    properties = filled["properties"]
    profile = properties.setdefault("orchestratorProfile", {})
    profile.setdefault("orchestratorType", "Kubernetes")
    version = profile.get("orchestratorVersion") or _newest(release, profile.get("orchestratorRelease", ""))
    master = properties["masterProfile"]
    config = _kubernetes_config(master.get("dnsPrefix", ""))
    profile["kubernetesConfig"] = config | {
        name: value for name, value in profile.get("kubernetesConfig", {}).items() if name not in ("addons",)
    }
    for name, value in _master_defaults(release).items():
        master[name] = master.get(name) or value
    for pool in properties["agentPoolProfiles"]:
        fill_pool(pool, release)
    properties.setdefault("featureFlags", {"enableTelemetry": True})
    properties.setdefault("telemetryProfile", {})
    set_version(filled, version)
    return filled


def fill_pool(pool: Model, release: Release) -> None:
    """Fill the defaults of a pool in."""
    for name, value in _pool_defaults(release).items():
        pool.setdefault(name, value)


def set_version(model: Model, version: str) -> None:
    """Make a model one of a Kubernetes version: its number, its minor, and the tags of the images that follow it."""
    profile = model["properties"]["orchestratorProfile"]
    profile["orchestratorVersion"] = version
    profile["orchestratorRelease"] = version.rpartition(".")[0]
    profile["kubernetesConfig"]["addons"] = _addons(version)
    profile["kubernetesConfig"]["components"] = _components(version)


def _newest(release: Release, minor: str) -> str:
    fitting = [each for each in release.kubernetes if each.startswith(f"{minor}.")] if minor else []
    return fitting[-1] if fitting else release.default


def _kubernetes_config(cluster_name: str) -> Model:
    kubeconfig = "/var/lib/kubelet/kubeconfig"
    return {
        "kubernetesImageBase": "mcr.microsoft.com/", "kubernetesImageBaseType": "mcr",
        "mcrKubernetesImageBase": "mcr.microsoft.com/", "clusterSubnet": "10.244.0.0/16", "dnsServiceIP": "10.0.0.10",
        "serviceCidr": "10.0.0.0/16", "networkPlugin": "kubenet", "containerRuntime": "containerd",
        "containerdVersion": "1.6.36", "useCloudControllerManager": True, "useInstanceMetadata": False,
        "enableRbac": True, "enableSecureKubelet": True, "enableAggregatedAPIs": True,
        "privateCluster": {"enabled": False}, "gchighthreshold": 85, "gclowthreshold": 80, "etcdVersion": "3.3.25",
        "etcdDiskSizeGB": "512", "etcdStorageLimitGB": 2, "kubeletConfig": dict(_KUBELET),
        "controllerManagerConfig": {
            "--cluster-cidr": "10.244.0.0/16", "--cluster-name": cluster_name, "--kubeconfig": kubeconfig,
            "--node-monitor-grace-period": "5m", "--profiling": "false", "--v": "2",
        },
        "cloudControllerManagerConfig": {
            "--cloud-provider": "azure", "--cluster-name": cluster_name, "--kubeconfig": kubeconfig,
            "--route-reconciliation-period": "10s", "--v": "2",
        },
        "apiServerConfig": {
            "--authorization-mode": "Node,RBAC", "--etcd-servers": "https://127.0.0.1:2379", "--secure-port": "443",
            "--service-cluster-ip-range": "10.0.0.0/16", "--tls-cert-file": "/etc/kubernetes/certs/apiserver.crt",
            "--tls-private-key-file": "/etc/kubernetes/certs/apiserver.key", "--v": "2",
        },
        "schedulerConfig": {"--kubeconfig": kubeconfig, "--leader-elect": "true", "--v": "2"},
        "cloudProviderBackoffMode": "v2", "cloudProviderBackoff": True, "cloudProviderRateLimit": True,
        "loadBalancerSku": "Basic", "maximumLoadBalancerRuleCount": 250, "kubeProxyMode": "iptables",
    }  # fmt: skip


def _master_defaults(release: Release) -> Model:
    taint = {"--register-with-taints": "node-role.kubernetes.io/control-plane=true:NoSchedule"}
    return {
        "count": 3, "subjectAltNames": None, "vmSize": "Standard_DS2_v2", "firstConsecutiveStaticIP": "10.240.255.5",
        "ipAddressCount": 1, "storageProfile": "ManagedDisks", "oauthEnabled": False, "preProvisionExtension": None,
        "extensions": [], "distro": release.distro, "kubernetesConfig": {"kubeletConfig": _KUBELET | taint},
        "availabilityProfile": "AvailabilitySet", "platformFaultDomainCount": 3, "platformUpdateDomainCount": 3,
        "sysctldConfig": dict(_SYSCTL), "cosmosEtcd": False, "osDiskCachingType": "ReadWrite",
    }  # fmt: skip


def _pool_defaults(release: Release) -> Model:
    return {
        "osType": "Linux", "availabilityProfile": "AvailabilitySet", "storageProfile": "ManagedDisks",
        "ipAddressCount": 1, "distro": release.distro, "kubernetesConfig": {"kubeletConfig": dict(_KUBELET)},
        "acceleratedNetworkingEnabled": False, "auditDEnabled": False, "fqdn": "", "preProvisionExtension": None,
        "extensions": [], "platformFaultDomainCount": 3, "platformUpdateDomainCount": 3,
        "sysctldConfig": dict(_SYSCTL), "osDiskCachingType": "ReadWrite", "dataDiskCachingType": "ReadOnly",
    }  # fmt: skip


def _addons(version: str) -> list[Model]:
    names = {"domain": "cluster.local", "clusterIP": "10.0.0.10", "min-replicas": "1", "nodes-per-replica": "32"}
    return [
        *({"name": each, "enabled": False} for each in _ABSENT_ADDONS),
        _part("metrics-server", f"{_REGISTRY}/kubernetes/metrics-server:v0.5.2") | {"mode": "Reconcile"},
        _part("cloud-node-manager", f"{_REGISTRY}/v2/kubernetes/azure-cloud-node-manager:{_cloud_manager(version)}"),
        _part("ip-masq-agent", f"{_REGISTRY}/kubernetes/ip-masq-agent:v2.8.0"),
        _part("coredns", f"{_REGISTRY}/kubernetes/coredns:v1.9.4") | {"config": names},
        _part("kube-proxy", f"{_REGISTRY}/v2/kubernetes/kube-proxy:v{version}") | {
            "config": {"cluster-cidr": "10.244.0.0/16", "featureGates": "{}", "proxy-mode": "iptables"}
        },
        {"name": "audit-policy", "enabled": True},
        {"name": "azure-cloud-provider", "enabled": True},
    ]  # fmt: skip


def _components(version: str) -> list[Model]:
    def command(name: str, image: str) -> Model:
        return _part(name, image) | {"config": {"command": f'"{name}"'}}

    own = ("kube-scheduler", "kube-controller-manager", "kube-apiserver")
    cloud = f"{_REGISTRY}/v2/kubernetes/azure-cloud-controller-manager:{_cloud_manager(version)}"
    return [
        *(command(each, f"{_REGISTRY}/v2/kubernetes/{each}:v{version}") for each in own),
        command("cloud-controller-manager", cloud),
        _part("kube-addon-manager", f"{_REGISTRY}/kubernetes/kube-addon-manager:v9.1.6"),
        {"name": "azure-kms-provider", "enabled": False},
    ]


def _part(name: str, image: str) -> Model:
    return {"name": name, "enabled": True, "containers": [{"name": name, "image": image}]}


def _cloud_manager(version: str) -> str:
    return _CLOUD_MANAGERS.get(version.split(".")[1], "v1.33.1")
