"""Who may do what: role bindings, service accounts, secrets and signing requests."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.tables.printer import AGE, NAME, Cells, Object, Printer, PrinterOf, column, same_for_all
from backends.lab.kubernetes.tables.texts import NONE, age, human_duration


def _subjects(obj: Object, kind: str) -> str:
    found = [each for each in obj.get("subjects") or () if each.get("kind") == kind]
    if kind == "ServiceAccount":
        return ", ".join(
            f"{each['namespace']}/{each['name']}" if each.get("namespace") else each["name"] for each in found
        )
    return ", ".join(each["name"] for each in found)


def _binding_cells(obj: Object, now: float) -> Cells:
    role = obj.get("roleRef") or {}
    return [
        obj["metadata"]["name"],
        f"{role.get('kind', '')}/{role.get('name', '')}",
        age(obj, now),
        _subjects(obj, "User"),
        _subjects(obj, "Group"),
        _subjects(obj, "ServiceAccount"),
    ]


_BINDINGS = same_for_all(
    (
        NAME,
        column("Role", "Role that is given."),
        AGE,
        column("Users", "Users who get it.", wide=True),
        column("Groups", "Groups that get it.", wide=True),
        column("ServiceAccounts", "Service accounts that get it.", wide=True),
    ),
    _binding_cells,
)


def _request_condition(obj: Object) -> str:
    status: dict[str, Any] = obj.get("status") or {}
    kinds = {each.get("type") for each in status.get("conditions") or ()}
    text = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    if "Failed" in kinds:
        text += ",Failed"
    return f"{text},Issued" if status.get("certificate") else text


def _request_cells(obj: Object, now: float, with_duration: bool) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    seconds = spec.get("expirationSeconds")
    duration = [NONE if seconds is None else human_duration(seconds)] if with_duration else []
    return [
        obj["metadata"]["name"],
        age(obj, now),
        spec.get("signerName") or NONE,
        spec.get("username", ""),
        *duration,
        _request_condition(obj),
    ]


def _requests(minor: int) -> Printer:
    with_duration = minor >= 22
    duration = (column("RequestedDuration", "How long the certificate is to be valid."),) if with_duration else ()
    columns = (
        NAME,
        AGE,
        column("SignerName", "Signer that is asked."),
        column("Requestor", "Who asks."),
        *duration,
        column("Condition", "Where the request stands."),
    )
    return Printer(columns, lambda obj, now: _request_cells(obj, now, with_duration))


def _secret_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], obj.get("type", "Opaque"), len(obj.get("data") or ()), age(obj, now)]


def _account_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], len(obj.get("secrets") or ()), age(obj, now)]


def _pod_security_cells(obj: Object, now: float) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    rules = [(spec.get(key) or {}).get("rule", "") for key in ("seLinux", "runAsUser", "fsGroup", "supplementalGroups")]
    return [
        obj["metadata"]["name"],
        str(bool(spec.get("privileged"))).lower(),
        ",".join(spec.get("allowedCapabilities") or ()),
        *rules,
        bool(spec.get("readOnlyRootFilesystem")),
        ",".join(spec.get("volumes") or ()),
    ]


PRINTERS: dict[str, PrinterOf] = {
    "rolebindings.rbac.authorization.k8s.io": _BINDINGS,
    "clusterrolebindings.rbac.authorization.k8s.io": _BINDINGS,
    "certificatesigningrequests.certificates.k8s.io": _requests,
    "podsecuritypolicies.policy": same_for_all(
        (
            NAME,
            column("Priv", "Whether privileged containers are allowed."),
            column("Caps", "Capabilities that may be added."),
            column("SELinux", "Rule for SELinux labels."),
            column("RunAsUser", "Rule for user ids."),
            column("FsGroup", "Rule for the group of volumes."),
            column("SupGroup", "Rule for further groups."),
            column("ReadOnlyRootFs", "Whether the root file system must be read-only."),
            column("Volumes", "Kinds of volume that are allowed."),
        ),
        _pod_security_cells,
    ),
    "secrets": same_for_all(
        (NAME, column("Type", "What the secret is for."), column("Data", "Number of entries."), AGE), _secret_cells
    ),
    "serviceaccounts": same_for_all((NAME, column("Secrets", "Secrets the account may use."), AGE), _account_cells),
}
