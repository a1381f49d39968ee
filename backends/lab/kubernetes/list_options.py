"""Query parameters of GET on a collection, checked as the server checks ListOptions."""

from __future__ import annotations

from dataclasses import dataclass

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import minor_of
from backends.lab.kubernetes.selectors import FieldSelector, LabelSelector, parse_fields, parse_labels
from backends.lab.kubernetes.statuses import ApiError, Cause, bad_request, invalid
from backends.lab.objects import Object

_INITIAL_EVENTS_SINCE = 32  # WatchList is on by default from this minor version


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What to list or watch; `revision` is None when the caller named none, 0 for "any"."""

    labels: LabelSelector
    fields: FieldSelector
    limit: int
    token: str
    revision: int | None
    match: str
    timeout_s: float | None
    bookmarks: bool
    initial_events: bool

    def matches(self, obj: Object) -> bool:
        """Tell whether the selectors accept an object in its stored form."""
        if self.labels and not self.labels.matches(obj["metadata"].get("labels")):
            return False
        return not self.fields or self.fields.matches(obj)

    @property
    def selects(self) -> bool:
        """Whether there is any selector."""
        return bool(self.labels) or bool(self.fields)


def parse_list_options(call: Call, storage: str, server_version: str) -> ListOptions:
    """Read the parameters; 400 and 422 in the server's words."""
    query = call.query
    initial_events = "sendInitialEvents" in query
    causes = _revision_causes(call, initial_events and minor_of(server_version) >= _INITIAL_EVENTS_SINCE)
    if causes:
        raise invalid("ListOptions", "meta.k8s.io", "", causes)
    fields = parse_fields(query.get("fieldSelector", ""), storage)
    if call.name:
        fields = parse_fields(
            ",".join(filter(None, (query.get("fieldSelector"), f"metadata.name={call.name}"))), storage
        )
    return ListOptions(
        labels=parse_labels(query.get("labelSelector", "")),
        fields=fields,
        limit=max(0, _number(query.get("limit", ""))),
        token=query.get("continue", ""),
        revision=parse_revision(query.get("resourceVersion", "")),
        match=query.get("resourceVersionMatch", ""),
        timeout_s=_number(query.get("timeoutSeconds", "")) or None,
        bookmarks=call.flag("allowWatchBookmarks"),
        initial_events=call.flag("sendInitialEvents"),
    )


def parse_revision(text: str) -> int | None:
    """Return the number, None when there is none; what the server says to anything else is a bare 500."""
    if not text:
        return None
    if not text.isdigit():
        why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise ApiError(500, "", f'resourceVersion: Invalid value: "{text}": {why}')
    return int(text)


def _number(text: str) -> int:
    try:
        return int(text) if text else 0
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _revision_causes(call: Call, serves_initial_events: bool) -> list[Cause]:
    query = call.query
    match, revision = query.get("resourceVersionMatch", ""), query.get("resourceVersion", "")
    found: list[Cause] = []

    def forbid(text: str) -> None:
        found.append(Cause("resourceVersionMatch", "FieldValueForbidden", text))

    if call.verb == "watch" and serves_initial_events:
        if match != "NotOlderThan":
            forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        return found
    if not match:
        return found
    if call.verb == "watch":
        forbid("resourceVersionMatch is forbidden for watch")
    if not revision:
        forbid("resourceVersionMatch is forbidden unless resourceVersion is provided")
    if query.get("continue"):
        forbid("resourceVersionMatch is forbidden when continue is provided")
    if match not in ("Exact", "NotOlderThan"):
        text = f'"{match}": supported values: "Exact", "NotOlderThan", ""'
        found.append(Cause("resourceVersionMatch", "FieldValueNotSupported", text))
    if match == "Exact" and revision == "0":
        forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    return found
