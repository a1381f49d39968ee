"""The table behind the catalog: one line per resource and group version, with the minor versions that serve it."""

from __future__ import annotations

from dataclasses import dataclass

_ALL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_GET = ("get",)
_CREATE = ("create",)
_READ = ("get", "list")
_STATUS = ("get", "patch", "update")
_CONNECT = ("create", "get")
_PROXY = ("create", "delete", "get", "patch", "update")
_EVER = (0, 999)


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of one group version; `window` is the first and last minor version that serves it.

    `storage` None means its own full name; `deletecollection_since` is the minor version that got the verb.
    """

    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    window: tuple[int, int] = _EVER
    verbs: tuple[str, ...] = _ALL
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    storage: str | None = None
    deletecollection_since: int = 0


@dataclass(frozen=True, slots=True)
class SubEntry:
    """The shape of a subresource; an empty kind means the parent's. Keys may be `PLURAL:NAME` where it differs."""

    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""
    window: tuple[int, int] = _EVER


SUBRESOURCES: dict[str, SubEntry] = {
    "status": SubEntry("", _STATUS),
    "scale": SubEntry("Scale", _STATUS, "autoscaling", "v1"),
    "approval": SubEntry("", _STATUS),
    "finalize": SubEntry("", ("update",)),
    "attach": SubEntry("PodAttachOptions", _CONNECT),
    "binding": SubEntry("Binding", _CREATE),
    "ephemeralcontainers": SubEntry("", _STATUS, window=(23, 999)),
    "eviction": SubEntry("Eviction", _CREATE, "policy", "v1"),
    "exec": SubEntry("PodExecOptions", _CONNECT),
    "log": SubEntry("", _GET),
    "portforward": SubEntry("PodPortForwardOptions", _CONNECT),
    "proxy": SubEntry("PodProxyOptions", _PROXY),
    "nodes:proxy": SubEntry("NodeProxyOptions", _PROXY),
    "services:proxy": SubEntry("ServiceProxyOptions", _PROXY),
    "resize": SubEntry("", _STATUS, window=(33, 999)),
    "token": SubEntry("TokenRequest", _CREATE, "authentication.k8s.io", "v1"),
}

_POD_SUBRESOURCES = (
    "attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize", "status",
)  # fmt: skip
_IN_ALL = ("all",)
_EXTENSIONS = ("api-extensions",)
_STATUS_ONLY = ("status",)
_SCALE_AND_STATUS = ("scale", "status")
_NO_COLLECTION = tuple(verb for verb in _ALL if verb != "deletecollection")

CORE_ENTRIES: tuple[Entry, ...] = (
    Entry("bindings", "Binding", verbs=_CREATE, storage=""),
    Entry("componentstatuses", "ComponentStatus", False, ("cs",), verbs=_READ),
    Entry("configmaps", "ConfigMap", True, ("cm",)),
    Entry("endpoints", "Endpoints", True, ("ep",)),
    Entry("events", "Event", True, ("ev",)),
    Entry("limitranges", "LimitRange", True, ("limits",)),
    Entry("namespaces", "Namespace", False, ("ns",), verbs=_NO_COLLECTION, subresources=("finalize", "status")),
    Entry("nodes", "Node", False, ("no",), subresources=("nodes:proxy", "status")),
    Entry("persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",), subresources=_STATUS_ONLY),
    Entry("persistentvolumes", "PersistentVolume", False, ("pv",), subresources=_STATUS_ONLY),
    Entry("pods", "Pod", True, ("po",), categories=_IN_ALL, subresources=_POD_SUBRESOURCES),
    Entry("podtemplates", "PodTemplate"),
    Entry(
        "replicationcontrollers", "ReplicationController", True, ("rc",),
        categories=_IN_ALL, subresources=_SCALE_AND_STATUS,
    ),
    Entry("resourcequotas", "ResourceQuota", True, ("quota",), subresources=_STATUS_ONLY),
    Entry("secrets", "Secret"),
    Entry("serviceaccounts", "ServiceAccount", True, ("sa",), subresources=("token",)),
    Entry(
        "services", "Service", True, ("svc",), categories=_IN_ALL,
        subresources=("services:proxy", "status"), deletecollection_since=23,
    ),
)  # fmt: skip


def _workloads(window: tuple[int, int] = _EVER, storage_group: str | None = None) -> tuple[Entry, ...]:
    """Return the workload kinds that both apps/v1 and, long ago, extensions/v1beta1 serve."""

    def stored(plural: str) -> str | None:
        return f"{plural}.{storage_group}" if storage_group else None

    return tuple(
        Entry(plural, kind, True, (short,), window, categories=_IN_ALL, subresources=below, storage=stored(plural))
        for plural, kind, short, below in (
            ("daemonsets", "DaemonSet", "ds", _STATUS_ONLY),
            ("deployments", "Deployment", "deploy", _SCALE_AND_STATUS),
            ("replicasets", "ReplicaSet", "rs", _SCALE_AND_STATUS),
        )
    )


def _ingresses(window: tuple[int, int], storage: str | None = None) -> Entry:
    return Entry("ingresses", "Ingress", True, ("ing",), window, subresources=_STATUS_ONLY, storage=storage)


def _autoscalers(window: tuple[int, int] = _EVER) -> tuple[Entry, ...]:
    kind = "HorizontalPodAutoscaler"
    short = ("hpa",)
    return (
        Entry("horizontalpodautoscalers", kind, True, short, window, categories=_IN_ALL, subresources=_STATUS_ONLY),
    )


def _cronjobs(window: tuple[int, int]) -> Entry:
    return Entry("cronjobs", "CronJob", True, ("cj",), window, categories=_IN_ALL, subresources=_STATUS_ONLY)


def _budgets(window: tuple[int, int]) -> Entry:
    return Entry("poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",), window, subresources=_STATUS_ONLY)


def _roles(window: tuple[int, int] = _EVER) -> tuple[Entry, ...]:
    return (
        Entry("clusterrolebindings", "ClusterRoleBinding", False, window=window),
        Entry("clusterroles", "ClusterRole", False, window=window),
        Entry("rolebindings", "RoleBinding", window=window),
        Entry("roles", "Role", window=window),
    )


def _webhooks(window: tuple[int, int]) -> tuple[Entry, ...]:
    return tuple(
        Entry(f"{kind.lower()}s", kind, False, window=window, categories=_EXTENSIONS)
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    )


def _access_reviews(window: tuple[int, int] = _EVER) -> tuple[Entry, ...]:
    return tuple(
        Entry(f"{kind.lower()}s", kind, kind.startswith("Local"), window=window, verbs=_CREATE, storage="")
        for kind in (
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        )
    )


def _flow_control(window: tuple[int, int]) -> tuple[Entry, ...]:
    return (
        Entry("flowschemas", "FlowSchema", False, window=window, subresources=_STATUS_ONLY),
        Entry(
            "prioritylevelconfigurations", "PriorityLevelConfiguration", False,
            window=window, subresources=_STATUS_ONLY,
        ),
    )  # fmt: skip


def _one(plural: str, kind: str, namespaced: bool, window: tuple[int, int], *short: str) -> Entry:
    return Entry(plural, kind, namespaced, short, window)


_APISERVICE = Entry("apiservices", "APIService", False, categories=_EXTENSIONS, subresources=_STATUS_ONLY)
_CRD_NAMES = ("crd", "crds")

GROUP_ENTRIES: tuple[tuple[str, tuple[tuple[str, tuple[Entry, ...]], ...]], ...] = (
    ("apiregistration.k8s.io", (
        ("v1", (_APISERVICE,)),
        ("v1beta1", (Entry("apiservices", "APIService", False, (), (0, 21), categories=_EXTENSIONS,
                           subresources=_STATUS_ONLY),)),
    )),
    # The guide's clusters (1.14) list extensions before apps, hence its `deployment.extensions/ratings-api`.
    ("extensions", (
        ("v1beta1", (
            *_workloads((0, 15), "apps"),
            _ingresses((0, 18), "ingresses.networking.k8s.io"),
            Entry("networkpolicies", "NetworkPolicy", True, ("netpol",), (0, 15),
                  storage="networkpolicies.networking.k8s.io"),
        )),
    )),
    ("apps", (
        ("v1", (
            Entry("controllerrevisions", "ControllerRevision"),
            *_workloads(),
            Entry("statefulsets", "StatefulSet", True, ("sts",), categories=_IN_ALL, subresources=_SCALE_AND_STATUS),
        )),
    )),
    ("events.k8s.io", (
        ("v1", (Entry("events", "Event", True, ("ev",), (19, 999), storage="events"),)),
        ("v1beta1", (Entry("events", "Event", True, ("ev",), (0, 24), storage="events"),)),
    )),
    ("authentication.k8s.io", (
        ("v1", (
            Entry("selfsubjectreviews", "SelfSubjectReview", False, window=(28, 999), verbs=_CREATE, storage=""),
            Entry("tokenreviews", "TokenReview", False, verbs=_CREATE, storage=""),
        )),
        ("v1beta1", (Entry("tokenreviews", "TokenReview", False, (), (0, 21), _CREATE, storage=""),)),
    )),
    ("authorization.k8s.io", (("v1", _access_reviews()), ("v1beta1", _access_reviews((0, 21))))),
    ("autoscaling", (
        ("v2", _autoscalers((23, 999))),
        ("v1", _autoscalers()),
        ("v2beta1", _autoscalers((0, 24))),
        ("v2beta2", _autoscalers((12, 25))),
    )),
    ("batch", (
        ("v1", (
            _cronjobs((21, 999)),
            Entry("jobs", "Job", categories=_IN_ALL, subresources=_STATUS_ONLY),
        )),
        ("v1beta1", (_cronjobs((0, 24)),)),
    )),
    ("certificates.k8s.io", (
        ("v1", (Entry("certificatesigningrequests", "CertificateSigningRequest", False, ("csr",), (19, 999),
                      subresources=("approval", "status")),)),
        ("v1beta1", (Entry("certificatesigningrequests", "CertificateSigningRequest", False, ("csr",), (0, 21),
                           subresources=("approval", "status")),)),
    )),
    ("networking.k8s.io", (
        ("v1", (
            Entry("ingressclasses", "IngressClass", False, window=(19, 999)),
            _ingresses((19, 999)),
            Entry("networkpolicies", "NetworkPolicy", True, ("netpol",)),
        )),
        ("v1beta1", (
            Entry("ingressclasses", "IngressClass", False, window=(18, 21)),
            _ingresses((14, 21)),
        )),
    )),
    # Between the two windows the real server moved `extensions` behind networking.k8s.io.
    ("extensions", (("v1beta1", (_ingresses((19, 21), "ingresses.networking.k8s.io"),)),)),
    ("policy", (
        ("v1", (_budgets((21, 999)),)),
        ("v1beta1", (_budgets((0, 24)), _one("podsecuritypolicies", "PodSecurityPolicy", False, (0, 24), "psp"))),
    )),
    ("rbac.authorization.k8s.io", (("v1", _roles()), ("v1beta1", _roles((0, 21))))),
    ("storage.k8s.io", (
        ("v1", (
            _one("csidrivers", "CSIDriver", False, (18, 999)),
            _one("csinodes", "CSINode", False, (17, 999)),
            _one("csistoragecapacities", "CSIStorageCapacity", True, (24, 999)),
            _one("storageclasses", "StorageClass", False, _EVER, "sc"),
            Entry("volumeattachments", "VolumeAttachment", False, subresources=_STATUS_ONLY),
        )),
        ("v1beta1", (
            _one("csidrivers", "CSIDriver", False, (14, 21)),
            _one("csinodes", "CSINode", False, (14, 21)),
            _one("storageclasses", "StorageClass", False, (0, 21), "sc"),
            _one("volumeattachments", "VolumeAttachment", False, (0, 21)),
        )),
    )),
    ("admissionregistration.k8s.io", (("v1", _webhooks((16, 999))), ("v1beta1", _webhooks((0, 21))))),
    ("apiextensions.k8s.io", (
        ("v1", (Entry("customresourcedefinitions", "CustomResourceDefinition", False, _CRD_NAMES, (16, 999),
                      categories=_EXTENSIONS, subresources=_STATUS_ONLY),)),
        ("v1beta1", (Entry("customresourcedefinitions", "CustomResourceDefinition", False, _CRD_NAMES, (0, 21),
                           categories=_EXTENSIONS, subresources=_STATUS_ONLY),)),
    )),
    ("scheduling.k8s.io", (
        ("v1", (_one("priorityclasses", "PriorityClass", False, (14, 999), "pc"),)),
        ("v1beta1", (_one("priorityclasses", "PriorityClass", False, (0, 21), "pc"),)),
    )),
    ("coordination.k8s.io", (
        ("v1", (_one("leases", "Lease", True, (14, 999)),)),
        ("v1beta1", (_one("leases", "Lease", True, (0, 21)),)),
    )),
    ("node.k8s.io", (
        ("v1", (_one("runtimeclasses", "RuntimeClass", False, (20, 999)),)),
        ("v1beta1", (_one("runtimeclasses", "RuntimeClass", False, (14, 24)),)),
    )),
    ("discovery.k8s.io", (
        ("v1", (_one("endpointslices", "EndpointSlice", True, (21, 999)),)),
        ("v1beta1", (_one("endpointslices", "EndpointSlice", True, (17, 24)),)),
    )),
    ("flowcontrol.apiserver.k8s.io", (
        ("v1", _flow_control((29, 999))),
        ("v1beta3", _flow_control((26, 31))),
        ("v1beta2", _flow_control((23, 28))),
        ("v1beta1", _flow_control((20, 25))),
    )),
    # Served by the metrics-server through the aggregation layer, hence after the server's own groups.
    ("metrics.k8s.io", (
        ("v1beta1", (
            Entry("nodes", "NodeMetrics", False, verbs=_READ, storage=""),
            Entry("pods", "PodMetrics", True, verbs=_READ, storage=""),
        )),
    )),
)  # fmt: skip
