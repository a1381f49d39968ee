"""One request, understood: what is asked of which resource, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backends.lab.kubernetes.access import User

_WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(slots=True)
class Call:
    """A path below /api or /apis taken apart; `plural` is empty for discovery of the group version itself."""

    method: str
    path: str
    query: Mapping[str, str]
    user: User
    group: str = ""
    version: str = ""
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: tuple[str, ...] = field(default=())
    watches: bool = False

    @property
    def verb(self) -> str:
        """The verb that authorization and discovery speak of."""
        if self.method == "DELETE":
            return "delete" if self.name else "deletecollection"
        if self.method in ("GET", "HEAD"):
            if self.watches and not self.subresource:
                return "watch"
            return "get" if self.name else "list"
        return _WRITES.get(self.method, self.method.lower())

    @property
    def resource_path(self) -> str:
        """`pods` or `pods/log`, as access rules name it."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural

    def flag(self, name: str) -> bool:
        """Return whether a query parameter says yes."""
        return self.query.get(name, "").lower() in ("true", "1")

    @property
    def dry_run(self) -> bool:
        """Whether nothing must be stored."""
        return bool(self.query.get("dryRun"))


def parse_call(method: str, path: str, query: Mapping[str, str], user: User) -> Call | None:
    """Take a path apart; None when it is not below /api/VERSION or /apis/GROUP/VERSION."""
    parts = [part for part in path.split("/") if part]
    call = Call(method, path, query, user, watches=query.get("watch", "").lower() in ("true", "1"))
    if len(parts) >= 2 and parts[0] == "api":
        call.version, rest = parts[1], parts[2:]
    elif len(parts) >= 3 and parts[0] == "apis":
        call.group, call.version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    if rest[:1] == ["watch"]:
        call.watches, rest = True, rest[1:]
    # /namespaces/NS/pods is in a namespace; /namespaces, /namespaces/NS and its own subresources are not.
    if rest[:1] == ["namespaces"] and len(rest) >= 3 and rest[2] not in ("status", "finalize"):
        call.namespace, rest = rest[1], rest[2:]
    call.plural, call.name, call.subresource = (*rest[:3], "", "", "")[:3]
    call.rest = tuple(rest[3:])
    return call
