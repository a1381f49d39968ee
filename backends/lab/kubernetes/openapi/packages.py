"""Which package of types stands behind an API group and version."""

from __future__ import annotations

from backends.lab.kubernetes.openapi.schema import META, Type, package

_OLD_VERSIONS = {
    ("autoscaling", "v2beta1"): "autoscaling.v2",
    ("autoscaling", "v2beta2"): "autoscaling.v2",
}
_OTHER_PACKAGES = {"extensions": ("networking.v1beta1", "apps.v1", "networking.v1")}
"""`extensions` once held kinds that have since moved to several groups."""


def short_group(group: str) -> str:
    """Return `rbac` for `rbac.authorization.k8s.io`, `core` for the empty group."""
    return group.partition(".")[0] or "core"


def packages_of(group: str, version: str) -> tuple[str, ...]:
    """Return the packages to look into, best first: an old version falls back on the shape of the stable one."""
    short = short_group(group)
    if group in _OTHER_PACKAGES:
        return _OTHER_PACKAGES[group]
    own = _OLD_VERSIONS.get((group, version), f"{short}.{version}")
    return (own, f"{short}.v1")


def find_kind(group: str, version: str, kind: str) -> Type | None:
    """Return the type of a kind, or None; options and Status are found in every group, as on the real server."""
    for name in packages_of(group, version):
        found = package(name).get(kind)
        if found is not None:
            return found
    return package(META).get(kind)


def definition_name(kind: Type) -> str:
    """Return the name of a type's OpenAPI definition, `io.k8s.api.apps.v1.Deployment`."""
    if kind.package == META:
        return f"io.k8s.apimachinery.pkg.apis.meta.v1.{kind.name}"
    if kind.package == "apiextensions.v1":
        return f"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.{kind.name}"
    if kind.package == "apiregistration.v1":
        return f"io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.{kind.name}"
    if kind.package.startswith("metrics."):
        return f"io.k8s.metrics.pkg.apis.{kind.package}.{kind.name}"
    return f"io.k8s.api.{kind.package}.{kind.name}"
