"""Who may do what: role-based access control over the Role and binding objects in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from backends.lab.kubernetes.access import User
from backends.lab.objects import ObjectStore

_RBAC = "rbac.authorization.k8s.io"
Rule = dict[str, Any]
"""A PolicyRule of rbac.authorization.k8s.io/v1."""

# What every authenticated user may ask (system:discovery and system:basic-user).
_OPEN_PATHS = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
)
BASIC_RULES: tuple[Rule, ...] = (
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
    {"verbs": ["get"], "nonResourceURLs": list(_OPEN_PATHS)},
)
ANONYMOUS_RULES: tuple[Rule, ...] = (
    {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]},
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What an access check is about; `path` is set for requests that are not about a resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def resource_path(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Authorization:
    """Evaluates rules the way the RBAC authorizer does: the first rule that allows decides."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def allows(self, user: User, asked: Attributes) -> str | None:
        """Return why it is allowed (empty for system:masters), None when it is not."""
        if user.is_master:
            return ""
        for rule, reason in self.rules(user, asked.namespace):
            if rule_allows(rule, asked):
                return reason
        return None

    def rules(self, user: User, namespace: str) -> Iterator[tuple[Rule, str]]:
        """Yield every rule that holds for the user, cluster-wide and in the namespace, with its reason."""
        own = BASIC_RULES if "system:authenticated" in user.groups else ANONYMOUS_RULES
        yield from ((rule, "RBAC: allowed by a default role") for rule in own)
        for binding in self._store.each(f"clusterrolebindings.{_RBAC}"):
            yield from self._bound(binding, user, "")
        if namespace:
            for binding in self._store.listing(f"rolebindings.{_RBAC}", namespace):
                yield from self._bound(binding, user, namespace)

    def _bound(self, binding: dict[str, Any], user: User, namespace: str) -> Iterator[tuple[Rule, str]]:
        subject = next((each for each in binding.get("subjects") or () if _is_subject(each, user, namespace)), None)
        if subject is None:
            return
        ref, name = binding["roleRef"], binding["metadata"]["name"]
        if ref["kind"] == "ClusterRole":
            role = self._store.find(f"clusterroles.{_RBAC}", "", ref["name"])
        else:
            role = self._store.find(f"roles.{_RBAC}", namespace, ref["name"])
        kind = "RoleBinding" if namespace else "ClusterRoleBinding"
        where = f"{name}/{namespace}" if namespace else name
        who = f'{subject["kind"]} "{_subject_name(subject)}"'
        reason = f'RBAC: allowed by {kind} "{where}" of {ref["kind"]} "{ref["name"]}" to {who}'
        for rule in (role or {}).get("rules") or ():
            yield rule, reason


def _subject_name(subject: dict[str, Any]) -> str:
    if subject["kind"] == "ServiceAccount":
        return f"{subject['name']}/{subject.get('namespace', '')}"
    return str(subject["name"])


def _is_subject(subject: dict[str, Any], user: User, namespace: str) -> bool:
    match subject.get("kind"):
        case "User":
            return bool(subject["name"] == user.name)
        case "Group":
            return subject["name"] in user.groups
        case "ServiceAccount":
            home = subject.get("namespace") or namespace
            return user.name == f"system:serviceaccount:{home}:{subject['name']}"
    return False


def rule_allows(rule: Rule, asked: Attributes) -> bool:
    """Tell whether one PolicyRule covers what is asked."""
    if not _covers(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(
            path in ("*", asked.path) or (path.endswith("*") and asked.path.startswith(path[:-1]))
            for path in rule.get("nonResourceURLs") or ()
        )
    names = rule.get("resourceNames")
    return (
        _covers(rule.get("apiGroups"), asked.group)
        and (
            _covers(rule.get("resources"), asked.resource_path)
            or (bool(asked.subresource) and f"*/{asked.subresource}" in (rule.get("resources") or ()))
        )
        and (not names or asked.name in names)
    )


def _covers(allowed: Iterable[str] | None, wanted: str) -> bool:
    found = allowed or ()
    return "*" in found or wanted in found


def refusal(user: User, asked: Attributes) -> str:
    """Return the sentence of a 403, after "is forbidden: "."""
    if asked.path:
        return f'User "{user.name}" cannot {asked.verb} path "{asked.path}"'
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    return (
        f'User "{user.name}" cannot {asked.verb} resource "{asked.resource_path}" in API group "{asked.group}" {where}'
    )
