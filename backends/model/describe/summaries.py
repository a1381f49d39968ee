"""What a description says first, by kind."""

from __future__ import annotations

from collections.abc import Callable

from backends.model.describe.parts import labels_text
from backends.model.diagnosis import Object
from backends.model.fields import amount, items, mapping, text
from backends.model.selector import selector_text

Values = list[tuple[str, object]]


def pod_values(pod: Object) -> Values:
    """Where a pod runs, since when, and by which rules."""
    statuses = items(pod, "status", "containerStatuses")
    ready = sum(1 for each in statuses if each.get("ready"))
    status = "Terminating" if mapping(pod, "metadata").get("deletionTimestamp") else text(pod, "status", "phase")
    return [
        ("Status", status),
        ("Reason", text(pod, "status", "reason")),
        ("Message", text(pod, "status", "message")),
        ("Ready", f"{ready}/{len(items(pod, 'spec', 'containers'))}"),
        ("Restarts", sum(amount(each, "restartCount") for each in statuses)),
        ("Node", text(pod, "spec", "nodeName") or "<none>"),
        ("IP", text(pod, "status", "podIP")),
        ("QoS class", text(pod, "status", "qosClass")),
        ("Priority", text(pod, "spec", "priorityClassName") or text(pod, "spec", "priority")),
        ("Service account", text(pod, "spec", "serviceAccountName")),
        ("Restart policy", text(pod, "spec", "restartPolicy")),
        ("Node selector", labels_text(mapping(pod, "spec", "nodeSelector"))),
        ("Tolerations", "; ".join(_toleration(each) for each in items(pod, "spec", "tolerations"))),
        ("Volumes", "; ".join(_volume(each) for each in items(pod, "spec", "volumes"))),
    ]


def _toleration(toleration: Object) -> str:
    key, effect = text(toleration, "key") or "*", text(toleration, "effect")
    value = f"={text(toleration, 'value')}" if toleration.get("value") else ""
    seconds = f" for {text(toleration, 'tolerationSeconds')}s" if "tolerationSeconds" in toleration else ""
    return f"{key}{value}{f':{effect}' if effect else ''}{seconds}"


def _volume(volume: Object) -> str:
    kind = next((key for key in volume if key != "name"), "emptyDir")
    source = mapping(volume, kind)
    name = next((text(source, key) for key in ("claimName", "secretName", "name", "path") if source.get(key)), "")
    return f"{text(volume, 'name')} ({kind}{f' {name}' if name else ''})"


def node_values(node: Object) -> Values:
    """What a node is and offers."""
    info = mapping(node, "status", "nodeInfo")
    roles = sorted(_roles(node))
    addresses = ", ".join(
        f"{text(each, 'type')} {text(each, 'address')}" for each in items(node, "status", "addresses")
    )
    taints = "; ".join(
        f"{text(each, 'key')}{'=' + text(each, 'value') if each.get('value') else ''}:{text(each, 'effect')}"
        for each in items(node, "spec", "taints")
    )
    return [
        ("Roles", ", ".join(roles) or "<none>"),
        ("Unschedulable", "yes: cordoned" if mapping(node, "spec").get("unschedulable") else "no"),
        ("Taints", taints or "<none>"),
        ("Addresses", addresses),
        ("Kubelet", text(info, "kubeletVersion")),
        ("Operating system", text(info, "osImage")),
        ("Kernel", text(info, "kernelVersion")),
        ("Container runtime", text(info, "containerRuntimeVersion")),
        ("Architecture", text(info, "architecture")),
        ("Capacity", _amounts(mapping(node, "status", "capacity"))),
        ("Allocatable", _amounts(mapping(node, "status", "allocatable"))),
        ("Pod CIDR", text(node, "spec", "podCIDR")),
        ("Provider", text(node, "spec", "providerID")),
    ]


def _roles(node: Object) -> set[str]:
    labels = mapping(node, "metadata", "labels")
    found = {key.rpartition("/")[2] for key in labels if key.startswith("node-role.kubernetes.io/")}
    if labels.get("kubernetes.io/role"):
        found.add(str(labels["kubernetes.io/role"]))
    return found - {""}


def _amounts(values: Object) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(values.items()) if str(value) != "0")


def deployment_values(obj: Object) -> Values:
    """How far a Deployment is, and how it moves."""
    status = mapping(obj, "status")
    rolling = mapping(obj, "spec", "strategy", "rollingUpdate")
    return [
        (
            "Replicas",
            f"{amount(obj, 'spec', 'replicas', default=1)} wanted, {amount(status, 'updatedReplicas')} updated, "
            f"{amount(status, 'readyReplicas')} ready, {amount(status, 'availableReplicas')} available, "
            f"{amount(status, 'unavailableReplicas')} unavailable",
        ),
        ("Selector", selector_text(mapping(obj, "spec", "selector"))),
        ("Strategy", text(obj, "spec", "strategy", "type")),
        (
            "Rolling update",
            f"{text(rolling, 'maxUnavailable')} max unavailable, {text(rolling, 'maxSurge')} max surge"
            if rolling
            else "",
        ),
        ("Revision", text(obj, "metadata", "annotations", "deployment.kubernetes.io/revision")),
        ("Paused", "yes" if mapping(obj, "spec").get("paused") else ""),
        ("Min ready seconds", amount(obj, "spec", "minReadySeconds") or ""),
    ]


def replicas_values(obj: Object) -> Values:
    """How far a ReplicaSet or StatefulSet is."""
    status = mapping(obj, "status")
    wanted, have, ready = (
        amount(obj, "spec", "replicas", default=1),
        amount(status, "replicas"),
        amount(status, "readyReplicas"),
    )
    return [
        ("Replicas", f"{wanted} wanted, {have} there, {ready} ready"),
        ("Selector", selector_text(mapping(obj, "spec", "selector"))),
        ("Service", text(obj, "spec", "serviceName")),
        ("Update strategy", text(obj, "spec", "updateStrategy", "type")),
        ("Current revision", text(status, "currentRevision")),
        ("Update revision", text(status, "updateRevision")),
        ("Claims", ", ".join(text(each, "metadata", "name") for each in items(obj, "spec", "volumeClaimTemplates"))),
    ]


def daemonset_values(obj: Object) -> Values:
    """On how many nodes a DaemonSet is."""
    status = mapping(obj, "status")
    return [
        (
            "Nodes",
            f"{amount(status, 'desiredNumberScheduled')} wanted, {amount(status, 'currentNumberScheduled')} there, "
            f"{amount(status, 'numberReady')} ready, {amount(status, 'updatedNumberScheduled')} updated, "
            f"{amount(status, 'numberMisscheduled')} misplaced",
        ),
        ("Selector", selector_text(mapping(obj, "spec", "selector"))),
        ("Node selector", labels_text(mapping(obj, "spec", "template", "spec", "nodeSelector"))),
        ("Update strategy", text(obj, "spec", "updateStrategy", "type")),
    ]


def service_values(obj: Object) -> Values:
    """How a Service is reached, and what it leads to."""
    spec = mapping(obj, "spec")
    ingress = items(obj, "status", "loadBalancer", "ingress")
    return [
        ("Type", text(spec, "type")),
        ("Cluster IP", text(spec, "clusterIP")),
        ("External address", ", ".join(text(each, "ip") or text(each, "hostname") for each in ingress)),
        ("External name", text(spec, "externalName")),
        ("Ports", ", ".join(_service_port(each) for each in items(spec, "ports"))),
        ("Selector", labels_text(mapping(spec, "selector")) or "<none>"),
        ("Session affinity", text(spec, "sessionAffinity")),
        ("External traffic", text(spec, "externalTrafficPolicy")),
    ]


def _service_port(port: Object) -> str:
    name = f"{text(port, 'name')} " if port.get("name") else ""
    node = f", node port {text(port, 'nodePort')}" if port.get("nodePort") else ""
    return f"{name}{text(port, 'port')}/{text(port, 'protocol') or 'TCP'} to {text(port, 'targetPort')}{node}"


def autoscaler_values(obj: Object) -> Values:
    """What a HorizontalPodAutoscaler watches, and between which bounds it scales."""
    spec, status = mapping(obj, "spec"), mapping(obj, "status")
    target = mapping(spec, "scaleTargetRef")
    cpu = text(spec, "targetCPUUtilizationPercentage")
    now = text(status, "currentCPUUtilizationPercentage") or "unknown"
    metrics = [f"cpu {now}% of {cpu}%"] if cpu else []
    metrics += [_metric(each) for each in items(spec, "metrics")]
    return [
        ("Target", f"{text(target, 'kind')}/{text(target, 'name')}"),
        ("Metrics", ", ".join(metrics)),
        ("Bounds", f"{amount(spec, 'minReplicas', default=1)} to {amount(spec, 'maxReplicas')} pods"),
        ("Pods", f"{amount(status, 'currentReplicas')} now, {amount(status, 'desiredReplicas')} wanted"),
        ("Last scaled", text(status, "lastScaleTime") or "never"),
    ]


def _metric(metric: Object) -> str:
    kind = text(metric, "type")
    source = mapping(metric, kind[:1].lower() + kind[1:])
    target = mapping(source, "target")
    aim = next(
        (
            f"{text(target, key)}{unit}"
            for key, unit in (("averageUtilization", "%"), ("averageValue", ""), ("value", ""))
            if target.get(key) is not None
        ),
        "",
    )
    return f"{text(source, 'name') or text(source, 'metric', 'name') or kind} aims at {aim}"


def job_values(obj: Object) -> Values:
    """How far a Job is."""
    status = mapping(obj, "status")
    return [
        ("Completions", f"{amount(status, 'succeeded')} of {amount(obj, 'spec', 'completions', default=1)}"),
        ("Parallelism", amount(obj, "spec", "parallelism", default=1)),
        ("Pods", f"{amount(status, 'active')} active, {amount(status, 'failed')} failed"),
        ("Started", text(status, "startTime")),
        ("Completed", text(status, "completionTime")),
        ("Retries allowed", amount(obj, "spec", "backoffLimit", default=6)),
    ]


def cronjob_values(obj: Object) -> Values:
    """When a CronJob runs."""
    return [
        ("Schedule", text(obj, "spec", "schedule")),
        ("Suspended", "yes" if mapping(obj, "spec").get("suspend") else "no"),
        ("Active", len(items(obj, "status", "active"))),
        ("Last schedule", text(obj, "status", "lastScheduleTime")),
        ("Concurrency", text(obj, "spec", "concurrencyPolicy")),
    ]


def claim_values(obj: Object) -> Values:
    """What a PersistentVolumeClaim asks for and has got."""
    return [
        ("Status", text(obj, "status", "phase")),
        ("Volume", text(obj, "spec", "volumeName")),
        ("Capacity", text(obj, "status", "capacity", "storage")),
        ("Asked for", text(obj, "spec", "resources", "requests", "storage")),
        ("Access", ", ".join(str(each) for each in mapping(obj, "spec").get("accessModes") or [])),
        ("Storage class", text(obj, "spec", "storageClassName")),
    ]


def budget_values(obj: Object) -> Values:
    """What a PodDisruptionBudget allows."""
    spec, status = mapping(obj, "spec"), mapping(obj, "status")
    return [
        ("Min available", text(spec, "minAvailable")),
        ("Max unavailable", text(spec, "maxUnavailable")),
        ("Selector", selector_text(mapping(spec, "selector"))),
        ("Healthy", f"{amount(status, 'currentHealthy')} of {amount(status, 'expectedPods')}"),
        ("Must stay", amount(status, "desiredHealthy")),
        ("May be evicted", amount(status, "disruptionsAllowed")),
    ]


SUMMARIES: dict[str, Callable[[Object], Values]] = {
    "Pod": pod_values,
    "Node": node_values,
    "Deployment": deployment_values,
    "ReplicaSet": replicas_values,
    "ReplicationController": replicas_values,
    "StatefulSet": replicas_values,
    "DaemonSet": daemonset_values,
    "Service": service_values,
    "HorizontalPodAutoscaler": autoscaler_values,
    "Job": job_values,
    "CronJob": cronjob_values,
    "PersistentVolumeClaim": claim_values,
    "PodDisruptionBudget": budget_values,
}
