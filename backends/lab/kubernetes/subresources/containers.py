"""Which container a request is about, and what the API says when it cannot be served."""

from __future__ import annotations

import asyncio
from typing import Any

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.statuses import bad_request
from backends.lab.objects import Object

_LOOK_S = 0.1
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def choose_container(call: Call, pod: Object) -> str:
    """Return the asked container, or the only one; 400 when there is a choice or no such container."""
    spec = pod["spec"]
    init = [each["name"] for each in spec.get("initContainers") or ()]
    names: list[str] = [each["name"] for each in spec.get("containers") or ()]
    debug = [each["name"] for each in spec.get("ephemeralContainers") or ()]
    asked = call.query.get("container", "")
    if not asked:
        if len(names) == 1:
            return names[0]
        text = f"a container name must be specified for pod {call.name}, choose one of: [{' '.join(names)}]"
        if init:
            text += f" or one of the init containers: [{' '.join(init)}]"
        raise bad_request(text)
    if asked not in (*names, *init, *debug):
        raise bad_request(f"container {asked} is not valid for pod {call.name}")
    return asked


async def ended(context: ApiContext, namespace: str, name: str, uid: str) -> None:
    """Return when a pod is gone, replaced by another of its name, or runs no more."""
    while True:
        pod = context.store.find("pods", namespace, name)
        if pod is None or pod["metadata"]["uid"] != uid or (pod.get("status") or {}).get("phase") != "Running":
            return
        await asyncio.sleep(_LOOK_S)


def container_status(pod: Object, container: str) -> dict[str, Any] | None:
    """Return the status of a container, None when the kubelet has reported none."""
    status = pod.get("status") or {}
    for key in _STATUSES:
        for each in status.get(key) or ():
            if each["name"] == container:
                return dict(each)
    return None


def check_log_exists(pod: Object, container: str, *, previous: bool) -> None:
    """Raise what the kubelet says when a container has no log to show."""
    name = pod["metadata"]["name"]
    status = container_status(pod, container)
    state = (status or {}).get("state") or {}
    last = (status or {}).get("lastState") or {}
    if previous:
        if not last.get("terminated"):
            text = f'previous terminated container "{container}" in pod "{name}" not found'
            raise bad_request(text)
        return
    if state.get("running") is not None or state.get("terminated") or last.get("terminated"):
        return
    reason = (state.get("waiting") or {}).get("reason")
    if reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName"):
        why = {"ErrImagePull": "image can't be pulled", "InvalidImageName": "image name is not valid"}
        text = why.get(reason, "trying and failing to pull image")
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {text}')
    text = reason or "ContainerCreating"
    raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {text}')
