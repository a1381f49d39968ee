"""One request to the Resource Manager and its answer, and the table that says who answers what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from backends.lab.arm.problems import no_such_path

RESOURCES = (
    "2019-10-01", "2018-05-01", "2018-02-01", "2017-05-10", "2017-05-01", "2016-09-01", "2016-06-01", "2016-02-01",
    "2015-11-01",
)  # fmt: skip
COMPUTE = ("2020-06-01", "2019-12-01", "2019-07-01", "2019-03-01", "2018-09-30", "2018-06-01", "2017-12-01", "2017-03-30", "2016-03-30", "2015-06-15")  # fmt: skip # noqa: E501
NETWORK = ("2018-11-01", "2018-08-01", "2017-10-01", "2017-03-01", "2016-09-01", "2016-06-01", "2015-06-15")
"""The api-versions of the profile 2020-09-01-hybrid, and older ones that a stamp still takes."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request: path parameters as the client wrote them, the query, and the decoded body."""

    method: str
    path: str
    base: str
    parameters: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def group(self) -> str:
        """The resource group of the path."""
        return self.parameters["group"]

    @property
    def name(self) -> str:
        """The name of the resource."""
        return self.parameters["name"]

    @property
    def version(self) -> str:
        """The api-version asked with."""
        return self.query.get("api-version", "")

    @property
    def subscription_id(self) -> str:
        """The id of the subscription, as ids begin."""
        return f"/subscriptions/{self.parameters['subscription']}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `body` None for none."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path; `{name}` takes one segment. `action` is what the caller's role has to allow."""

    method: str
    pattern: str
    answer: Answer
    versions: Sequence[str]
    action: str


class RouteTable:
    """Finds the route of a path, whose letters may be of either case."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(route, route.pattern.strip("/").split("/")) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route and the path's parameters; raises Problem 404 or 405."""
        parts = [part for part in path.split("/") if part]
        methods = set()
        for route, pattern in self._routes:
            parameters = _match(pattern, parts)
            if parameters is None:
                continue
            if route.method == method or (method == "HEAD" and route.method == "GET"):
                return route, parameters
            methods.add(route.method)
        problem = no_such_path(path)
        if methods:
            problem.status, problem.code = 405, "MethodNotAllowed"
            problem.message = f"The requested resource does not support http method '{method}'."
            problem.headers["Allow"] = ",".join(sorted(methods))
        raise problem


def _match(pattern: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    found: dict[str, str] = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if wanted.startswith("{"):
            found[wanted[1:-1]] = part
        elif wanted.lower() != part.lower():
            return None
    return found


def paged(call: Call, items: Sequence[Mapping[str, Any]], page_size: int) -> Reply:
    """Return one page of a list, with nextLink while there is more; `$top` makes pages smaller."""
    asked = call.query.get("$top", "")
    size = min(page_size, int(asked)) if asked.isdigit() and int(asked) > 0 else page_size
    mark = call.query.get("$skiptoken", "")
    start = int(mark) if mark.isdigit() else 0
    body: dict[str, Any] = {"value": list(items[start : start + size])}
    if start + size < len(items):
        query = urlencode({**call.query, "$skiptoken": start + size}, safe="$")
        body["nextLink"] = f"{call.base}{call.path}?{query}"
    return Reply(200, body)
