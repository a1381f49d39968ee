"""The ratings application of the deployment guide, with its ingress controller and disruption budgets."""

from __future__ import annotations

import base64

from backends.lab.clock import rfc3339
from backends.lab.objects import Object
from backends.lab.world.builder import Builder, container
from backends.lab.world.pods import DEFAULT_TOLERATIONS
from backends.lab.world.shapes import new_object
from backends.lab.world.volumes import bind_claim

NAMESPACE = "default"
INGRESS = "nginx-ingress-1588931383-controller"
_BACKEND = "nginx-ingress-1588931383-default-backend"


def build_application(builder: Builder, network: str) -> None:
    """Create every object of the application; its public address is in `network` (a /24)."""
    _build_web_and_api(builder)
    _build_database(builder)
    _build_ingress(builder, network)
    for name, rule in (
        ("ratings-web", {"minAvailable": 2}),
        ("ratings-api", {"minAvailable": 1}),
        ("ratings-mongodb", {"maxUnavailable": 1}),
    ):
        _build_budget(builder, name, rule)
    _build_report(builder)
    _build_settings(builder)


def _quick_to_move() -> list[Object]:
    """Tolerate a lost node for half a minute only: this application is meant to be highly available."""
    return [{**each, "tolerationSeconds": 30} for each in DEFAULT_TOLERATIONS]


def _probe(port: int) -> Object:
    probe = {"httpGet": {"path": "/healthz", "port": port, "scheme": "HTTP"}, "periodSeconds": 4}
    return {**probe, "initialDelaySeconds": 1, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}


def _build_web_and_api(builder: Builder) -> None:
    for name, replicas, port, image in (
        ("ratings-web", 3, 8080, "ratings.azurecr.io/ratings-web:v1"),
        ("ratings-api", 2, 3000, "ratings.azurecr.io/ratings-api:v1"),
    ):
        peer = {"name": "API", "value": "http://ratings-api"}
        database = {
            "name": "MONGODB_URI",
            "value": "mongodb://ratings-mongodb.default.svc.cluster.local:27017/ratingsdb",
        }
        main = container(
            name, image, cpu="100m", memory="96Mi", port=port,
            resources={"limits": {"cpu": "500m", "memory": "256Mi"}}, readinessProbe=_probe(port),
            livenessProbe={**_probe(port), "initialDelaySeconds": 10},
            env=[peer if name == "ratings-web" else database],
        )  # fmt: skip
        builder.deployment(
            NAMESPACE, name, replicas, {"app": name}, {"containers": [main], "tolerations": _quick_to_move()}
        )
        ports = [{"port": 80, "protocol": "TCP", "targetPort": port}]
        builder.service(NAMESPACE, name, {"app": name}, ports, selector={"app": name})


def _build_database(builder: Builder) -> None:
    name = "ratings-mongodb"
    mounts = [{"name": "data", "mountPath": "/bitnami/mongodb"}]
    main = container(
        "mongodb", "docker.io/bitnami/mongodb:4.0.8", cpu="200m", memory="512Mi", port=27017, volumeMounts=mounts
    )
    claim: Object = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "8Gi"}},
            "storageClassName": "default",
            "volumeMode": "Filesystem",
        },
    }
    labels = {"app": name}
    made = new_object(
        "persistentvolumeclaims", f"data-{name}-0", NAMESPACE, labels=labels, created=rfc3339(builder.born),
        spec=claim["spec"],
    )  # fmt: skip
    found = builder.store.create("persistentvolumeclaims", made, owned=True)
    bind_claim(builder.store, found)
    spec = {"containers": [main]}
    builder.stateful_set(NAMESPACE, name, labels, spec, serviceName=name, volumeClaimTemplates=[claim])
    ports = [{"name": "mongodb", "port": 27017, "protocol": "TCP", "targetPort": 27017}]
    builder.service(NAMESPACE, name, labels, ports, selector=labels)


def _build_ingress(builder: Builder, network: str) -> None:
    release = {"app": "nginx-ingress", "release": "nginx-ingress-1588931383"}
    for name, component, replicas, image in (
        (INGRESS, "controller", 2, "registry.k8s.io/ingress-nginx/controller:v1.9.6"),
        (_BACKEND, "default-backend", 1, "registry.k8s.io/defaultbackend-amd64:1.5"),
    ):
        labels = {**release, "component": component} if component == "controller" else {
            "app": "nginx-ingress-default", "release": release["release"], "component": component
        }  # fmt: skip
        port = 80 if component == "controller" else 8080
        main = container(f"nginx-ingress-{component}", image, cpu="50m", memory="90Mi", port=port)
        spec: Object = {"containers": [main], "tolerations": _quick_to_move()}
        if component == "controller":
            # As its chart has it: it goes on serving what is open, and may take its time.
            main["lifecycle"] = {"preStop": {"exec": {"command": ["/wait-shutdown"]}}}
            spec["terminationGracePeriodSeconds"] = 300
        builder.deployment(NAMESPACE, name, replicas, labels, spec)
        ports: list[Object] = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": port}]
        if component == "controller":
            ports = [
                {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80, "nodePort": 31080},
                {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443, "nodePort": 30667},
            ]
            builder.service(
                NAMESPACE, name, labels, ports, selector=labels, type="LoadBalancer", external=f"{network}.10",
                externalTrafficPolicy="Cluster", allocateLoadBalancerNodePorts=True,
            )  # fmt: skip
        else:
            builder.service(NAMESPACE, name, labels, ports, selector=labels)
    _build_rule(builder, f"{network}.10")


def _build_rule(builder: Builder, address: str) -> None:
    ingress_class = new_object(
        "ingressclasses.networking.k8s.io", "nginx", created=rfc3339(builder.born),
        spec={"controller": "k8s.io/ingress-nginx"},
    )  # fmt: skip
    builder.store.create("ingressclasses.networking.k8s.io", ingress_class, owned=True)
    backend = {"service": {"name": "ratings-web", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec = {
        "ingressClassName": "nginx",
        "rules": [{"host": "ratings.example.com", "http": {"paths": [path]}}],
        "tls": [{"hosts": ["ratings.example.com"], "secretName": "ratings-tls"}],
    }
    rule = new_object(
        "ingresses.networking.k8s.io", "ratings-web", NAMESPACE, created=rfc3339(builder.born), spec=spec,
        status={"loadBalancer": {"ingress": [{"ip": address}]}},
    )  # fmt: skip
    builder.store.create("ingresses.networking.k8s.io", rule, owned=True)


def _build_budget(builder: Builder, name: str, rule: Object) -> None:
    budget = new_object(
        "poddisruptionbudgets.policy", name, NAMESPACE, labels={"app": name}, created=rfc3339(builder.born),
        spec={**rule, "selector": {"matchLabels": {"app": name}}}, status={},
    )  # fmt: skip
    builder.store.create("poddisruptionbudgets.policy", budget, owned=True)


def _build_report(builder: Builder) -> None:
    """Create the nightly work that here runs every few minutes, so that pods come and go."""
    main = container("report", "ratings.azurecr.io/ratings-report:v1", cpu="50m", memory="64Mi")
    pod_spec = {"containers": [main], "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 30}
    template = {"metadata": {"labels": {"app": "ratings-report"}}, "spec": pod_spec}
    spec = {
        "schedule": "*/4 * * * *",
        "concurrencyPolicy": "Forbid",
        "suspend": False,
        "successfulJobsHistoryLimit": 2,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {}, "spec": {"template": template, "backoffLimit": 3}},
    }
    cron = new_object(
        "cronjobs.batch", "ratings-report", "reporting", created=rfc3339(builder.born), spec=spec, status={}
    )
    builder.store.create("cronjobs.batch", cron, owned=True)


def _build_settings(builder: Builder) -> None:
    """Create what the application is configured with; every secret value is random and opens nothing."""
    created = rfc3339(builder.born)

    def secret() -> str:
        return base64.b64encode(f"{builder.store.rng.getrandbits(96):024x}".encode()).decode()

    for name, kind, keys in (
        ("ratings-mongodb", "Opaque", ("mongodb-root-password", "mongodb-password")),
        ("ratings-tls", "kubernetes.io/tls", ("tls.crt", "tls.key")),
    ):
        data = {key: secret() for key in keys}
        made = new_object("secrets", name, NAMESPACE, labels={"app": name}, created=created, data=data, type=kind)
        builder.store.create("secrets", made, owned=True)
    data = {"SITE_TITLE": "Ratings", "API": "http://ratings-api", "PAGE_SIZE": "20"}
    made = new_object("configmaps", "ratings-config", NAMESPACE, created=created, data=data)
    builder.store.create("configmaps", made, owned=True)
