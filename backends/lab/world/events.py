"""Events as the recorders of real components write them: counted when they repeat, forgotten after an hour."""

from __future__ import annotations

from backends.lab.clock import LabClock, rfc3339
from backends.lab.objects import NoSuchObject, Object, ObjectStore
from backends.lab.world.shapes import new_object

EXPIRY_S = 3600.0
"""--event-ttl of the API server."""
_KEPT = 5000

_Same = tuple[str, str, str, str, str]


class EventRecorder:
    """Writes core/v1 events into a store, aggregating equal ones into a count."""

    def __init__(self, store: ObjectStore, clock: LabClock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[_Same, tuple[str, str, float]] = {}

    def record(
        self, obj: Object, kind: str, reason: str, message: str, component: str, *, host: str = "", field_path: str = ""
    ) -> None:
        """Record one event of type Normal or Warning about `obj`; `host` is the node of a kubelet's event."""
        meta = obj["metadata"]
        now = self._clock.now()
        same = (meta.get("uid", meta["name"]), reason, message, component, field_path)
        known = self._known.pop(same, None)
        if known is not None and self._repeat(known, now):
            self._known[same] = (known[0], known[1], now)
            return
        namespace = meta.get("namespace") or "default"
        # client-go names an event after its object and the time in nanoseconds, in hexadecimal
        name = f"{meta['name']}.{int(now * 1e9) + len(self._known):x}"
        involved: Object = {
            "kind": obj["kind"],
            "name": meta["name"],
            "uid": meta["name"] if obj["kind"] == "Node" and component == "kubelet" else meta.get("uid", ""),
            "apiVersion": obj["apiVersion"],
            "resourceVersion": meta.get("resourceVersion", ""),
        }
        if meta.get("namespace"):
            involved["namespace"] = meta["namespace"]
        if field_path:
            involved["fieldPath"] = field_path
        source = {"component": component, "host": host} if host else {"component": component}
        stamp = rfc3339(now)
        event = new_object(
            "events", name, namespace, involvedObject=involved, reason=reason, message=message, source=source,
            firstTimestamp=stamp, lastTimestamp=stamp, count=1, type=kind, eventTime=None,
            reportingComponent=component, reportingInstance=host,
        )  # fmt: skip
        self._store.create("events", event, owned=True)
        self._known[same] = (namespace, name, now)

    def expire(self) -> None:
        """Forget events not repeated for an hour, and the oldest when there are too many."""
        horizon = self._clock.now() - EXPIRY_S
        surplus = len(self._known) - _KEPT
        for position, (same, (namespace, name, at)) in enumerate(list(self._known.items())):
            if at > horizon and position >= surplus:
                break  # in order of their last repetition
            del self._known[same]
            if self._store.find("events", namespace, name) is not None:
                self._store.remove("events", namespace, name)

    def _repeat(self, known: tuple[str, str, float], now: float) -> bool:
        try:
            event = self._store.get("events", known[0], known[1])
        except NoSuchObject:
            return False
        again = {**event, "metadata": dict(event["metadata"]), "count": event.get("count", 1) + 1}
        self._store.replace("events", again | {"lastTimestamp": rfc3339(now)}, owned=True)
        return True
