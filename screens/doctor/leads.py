"""Where a check leads: the table of what it asked about, and the command that asks the same by hand."""

from __future__ import annotations

import shlex

from backends.model.checks import Check
from backends.model.kubectl_line import kubectl_line
from backends.model.stamp import Stamp
from screens.places import ResourcesPlace

_TABLES = {"logs": "pods", "tables": "nodes", "metrics": "nodes", "application": "pods"}
_NO_TABLE = frozenset({"api", "credentials", "certificate", "permissions", "clock", "configuration", "doctor"})
_BY_HAND = {
    "api": ("version",),
    "credentials": ("auth", "can-i", "--list"),
    "certificate": ("version", "-v=6"),
    "permissions": ("auth", "can-i", "--list"),
    "logs": ("auth", "can-i", "get", "pods", "--subresource=log", "--all-namespaces"),
    "tables": ("get", "nodes", "-o", "wide"),
    "metrics": ("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"),
    "clock": ("get", "--raw", "/version", "-v=8"),
}


def table_of(check: Check) -> ResourcesPlace | None:
    """Return the table that shows what the check asked about, on its stamp; None where there is none."""
    if not check.stamp or check.source in _NO_TABLE:
        return None
    return ResourcesPlace(_TABLES.get(check.source, check.source), (check.stamp,))


def by_hand(check: Check, stamp: Stamp | None) -> str:
    """Return the command line that asks the same without the console, empty where there is none."""
    if check.source == "journal":
        return "stampdeck audit verify && stampdeck audit open"
    if stamp is None:
        return ""
    if check.source == "application":
        access = stamp.application
        if access is None:
            return ""
        host = ["-H", f"Host: {access.host}"] if access.host else []
        trusted = ["--cacert", str(access.ca_file)] if access.ca_file else []
        return shlex.join(["curl", "-sv", *trusted, *host, access.url])
    words = _BY_HAND.get(check.source)
    if words is None and table_of(check) is not None:
        words = ("auth", "can-i", "list", check.source, "--all-namespaces")
    return kubectl_line(stamp, *words) if words else ""
