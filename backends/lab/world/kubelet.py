"""The kubelets of all nodes: containers start, become ready, crash, back off and end; a silent node does nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from backends.lab.objects import Change, Object
from backends.lab.world import containers
from backends.lab.world.cluster import Cluster, key_of_change
from backends.lab.world.images import ImageStore, exists, misbehaves
from backends.lab.world.pod_steps import PodSteps, Run
from backends.lab.world.pods import is_finished, is_ready, pod_address
from backends.lab.world.replicaset import parse_time
from backends.lab.world.shapes import Key, controller_of, is_deleting, key_of, with_status

_BACK_OFF_FIRST_S = 10.0
_BACK_OFF_LAST_S = 300.0
_BACK_OFF_RESET_S = 600.0
_CRASH_AFTER_S = (2.0, 5.0)
_STOP_S = (0.6, 2.5)
_JOB_S = (4.0, 15.0)
_HOOK_S = (6.0, 9.0)
JOB_DURATION = "lab.stampdeck/run-seconds"
"""Annotation of a pod whose containers end by themselves after so many simulated seconds."""


class Kubelet(PodSteps):
    """Runs the pods of every node that is not in `silent`."""

    name: ClassVar[str] = "kubelet"
    watches: ClassVar[tuple[str, ...]] = ("pods",)

    def __init__(self, cluster: Cluster) -> None:
        self.crashes: Callable[[Object], bool] = lambda pod: False
        """Asked a few seconds after a container started: does it crash now?"""
        self.images = ImageStore()
        self._addresses = cluster.store.count("pods") + 16
        super().__init__(cluster)

    def notice(self, change: Change) -> Iterable[Key]:
        key = key_of_change(change)
        if change.type == "DELETED":
            self._runs.pop(key, None)
            return ()
        pod = change.object
        if not pod["spec"].get("nodeName"):
            return ()
        settled = change.revision == 0 and is_ready(pod) and not is_deleting(pod)
        return () if settled else (key,)

    def reconcile(self, key: Key) -> None:
        pod = self.store.find("pods", *key)
        if pod is None or pod["spec"].get("nodeName", "") in self.silent or not pod["spec"].get("nodeName"):
            return
        if is_deleting(pod):
            self._stop(key, pod)
        elif not is_finished(pod) and not pod["status"].get("containerStatuses"):
            self._take(key, pod)

    # starting

    def _take(self, key: Key, pod: Object) -> None:
        node = self.store.find("nodes", "", pod["spec"]["nodeName"])
        if node is None:
            return
        self._runs[key] = Run(pod["metadata"]["uid"])
        self._write(containers.creating(pod, node, self.cluster.now))
        self._later(self._between(0.3, 1.2), key, self._pull)

    def _pull(self, key: Key, pod: Object) -> None:
        node = pod["spec"]["nodeName"]
        for container in pod["spec"]["containers"]:
            image = container["image"]
            if not exists(image):
                self._tell(pod, container, "Pulling", f'Pulling image "{image}"')
                self._later(self._between(0.8, 2.0), key, self._fail_pull)
                return
        if all(self.images.has(node, each["image"]) for each in pod["spec"]["containers"]):
            for container in pod["spec"]["containers"]:
                text = f'Container image "{container["image"]}" already present on machine'
                self._tell(pod, container, "Pulled", text)
            self._launch(key, pod)
            return
        for container in pod["spec"]["containers"]:
            self._tell(pod, container, "Pulling", f'Pulling image "{container["image"]}"')
        took_s = self._between(0.8, 3.0)
        self._later(took_s, key, lambda key, pod: self._pulled(key, pod, took_s))

    def _pulled(self, key: Key, pod: Object, took_s: float) -> None:
        for container in pod["spec"]["containers"]:
            image = container["image"]
            self.images.add(pod["spec"]["nodeName"], image)
            more = f" ({took_s:.3f}s including waiting)" if self.cluster.minor >= 26 else ""
            self._tell(pod, container, "Pulled", f'Successfully pulled image "{image}" in {took_s:.3f}s{more}')
        self._launch(key, pod)

    def _fail_pull(self, key: Key, pod: Object) -> None:
        statuses, back_off = [], False
        for container, status in zip(pod["spec"]["containers"], pod["status"]["containerStatuses"], strict=True):
            if exists(container["image"]):
                statuses.append(status)
                continue
            image = container["image"]
            back_off = status["state"].get("waiting", {}).get("reason") == "ErrImagePull"
            if back_off:
                text = f'Back-off pulling image "{image}"'
                self._tell(pod, container, "BackOff", text)
                self._tell(pod, container, "Failed", "Error: ImagePullBackOff", warning=True)
                state = containers.waiting("ImagePullBackOff", text)
            else:
                text = self.images.refusal(image)
                self._tell(pod, container, "Failed", f'Failed to pull image "{image}": {text}', warning=True)
                self._tell(pod, container, "Failed", "Error: ErrImagePull", warning=True)
                state = containers.waiting("ErrImagePull", text)
            statuses.append({**status, "state": state})
        self._write(containers.with_containers(pod, statuses, self.cluster.now))
        run = self._runs[key]
        if back_off:
            run.back_off_s = min(max(_BACK_OFF_FIRST_S, run.back_off_s * 2), _BACK_OFF_LAST_S)
            self._later(run.back_off_s, key, self._pull)
        else:
            self._later(self._between(2.0, 4.0), key, self._fail_pull)

    def _launch(self, key: Key, pod: Object) -> None:
        now = self.cluster.now
        statuses = []
        for container, old in zip(pod["spec"]["containers"], pod["status"]["containerStatuses"], strict=True):
            if "running" in old["state"]:
                statuses.append(old)
                continue
            self._tell(pod, container, "Created", f"Created container {container['name']}")
            self._tell(pod, container, "Started", f"Started container {container['name']}")
            identity = f"{self.images.runtime}://{self.cluster.rng.getrandbits(256):064x}"
            fresh = containers.started(container, old, now, identity)
            statuses.append(fresh)
        ip = pod["status"].get("podIP") or self._address(pod)
        changes: dict[str, Any] = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]}
        pod = self._write(containers.with_containers(pod, statuses, now, **changes))
        run = self._runs[key]
        run.started_at = now
        duration = self._job_duration_s(pod)
        if duration is not None:
            self._settle(key, pod)
            self._later(duration, key, self._complete)
        elif self.crashes(pod) or misbehaves(pod, "crash"):
            self._later(self._between(*_CRASH_AFTER_S), key, self._crash)
        elif not misbehaves(pod, "unready"):
            self._later(max(containers.ready_after_s(each) for each in pod["spec"]["containers"]), key, self._settle)

    def _settle(self, key: Key, pod: Object) -> None:
        """Every container passes its readiness probe."""
        statuses = [{**each, "ready": True, "started": True} for each in pod["status"]["containerStatuses"]]
        self._write(containers.with_containers(pod, statuses, self.cluster.now))

    # ending

    def _stop(self, key: Key, pod: Object) -> None:
        run = self._runs.setdefault(key, Run(pod["metadata"]["uid"]))
        latest = parse_time(pod["metadata"]["deletionTimestamp"])
        if run.stopping:
            if latest < run.ends_at:  # somebody asked again, with a shorter grace
                run.ends_at = latest
                self._later(max(0.0, latest - self.cluster.now), key, self._remove)
            return
        run.stopping = True
        for container in pod["spec"]["containers"]:
            self._tell(pod, container, "Killing", f"Stopping container {container['name']}")
        grace_s = float(pod["metadata"].get("deletionGracePeriodSeconds", 30))
        takes_s = min(grace_s, self._hooks_s(pod) + self._between(*_STOP_S))
        run.ends_at = self.cluster.now + takes_s
        self._later(takes_s, key, self._remove)

    def _remove(self, key: Key, pod: Object) -> None:
        self._runs.pop(key, None)
        if pod["metadata"].get("finalizers"):
            # the API removes it with its last finalizer
            statuses = [
                {**each, "state": containers.terminated(each, 0, "Completed", self.cluster.now), "ready": False}
                for each in pod["status"].get("containerStatuses") or ()
            ]
            self._write(containers.with_containers(pod, statuses, self.cluster.now, phase="Succeeded"))
            return
        self.store.remove("pods", *key)

    def _complete(self, key: Key, pod: Object) -> None:
        failing = any(each["image"].endswith(":fail") for each in pod["spec"]["containers"])
        self._write(containers.completed(pod, 1 if failing else 0, self.cluster.now))
        self._runs.pop(key, None)

    # crashing

    def crash(self, pod: Object, exit_code: int = 1, reason: str = "Error") -> None:
        """Let the first container of a running pod end now; it restarts as its back-off allows."""
        key = key_of(pod)
        current = self.store.find("pods", *key)
        if current is None or current["spec"].get("nodeName") in self.silent or is_deleting(current):
            return
        run = self._runs.setdefault(key, Run(pod["metadata"]["uid"]))
        run.turn += 1
        self._crash(key, current, exit_code, reason)

    def _crash(self, key: Key, pod: Object, exit_code: int = 1, reason: str = "Error") -> None:
        if not pod["status"].get("containerStatuses"):
            return
        run, now = self._runs[key], self.cluster.now
        if now - run.started_at > _BACK_OFF_RESET_S:
            run.back_off_s = 0.0
        first, *others = pod["status"]["containerStatuses"]
        state = containers.terminated(first, exit_code, reason, now)
        dead = {**first, "state": state, "lastState": first["lastState"], "ready": False, "started": False}
        self._write(containers.with_containers(pod, [dead, *others], now))
        self._later(self._between(0.5, 1.5), key, self._back_off)

    def _back_off(self, key: Key, pod: Object) -> None:
        run = self._runs[key]
        first, *others = pod["status"]["containerStatuses"]
        last = first["state"] if "terminated" in first["state"] else first["lastState"]
        delay_s, run.back_off_s = run.back_off_s, min(max(_BACK_OFF_FIRST_S, run.back_off_s * 2), _BACK_OFF_LAST_S)
        if delay_s <= 0:
            self._restart(key, pod)
            return
        container = pod["spec"]["containers"][0]
        whole = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})"
        text = f"back-off {containers.go_duration(delay_s)} restarting failed container={container['name']} pod={whole}"
        more = f" {container['name']} in pod {whole}" if self.cluster.minor >= 26 else ""
        self._tell(pod, container, "BackOff", f"Back-off restarting failed container{more}", warning=True)
        waits = {**first, "state": containers.waiting("CrashLoopBackOff", text), "lastState": last}
        self._write(containers.with_containers(pod, [waits, *others], self.cluster.now))
        self._later(delay_s, key, self._restart)

    def _restart(self, key: Key, pod: Object) -> None:
        first, *others = pod["status"]["containerStatuses"]
        last = first["state"] if "terminated" in first["state"] else first["lastState"]
        container = pod["spec"]["containers"][0]
        self._tell(pod, container, "Pulled", f'Container image "{container["image"]}" already present on machine')
        again = {**first, "state": {}, "lastState": last, "restartCount": first["restartCount"] + 1}
        self._launch(key, with_status(pod, containerStatuses=[again, *others]))

    def recover(self, pod: Object) -> None:
        """Let a pod that waits in a back-off start again at once: its cause is gone."""
        key = key_of(pod)
        run = self._runs.get(key)
        states = [each["state"] for each in pod["status"].get("containerStatuses") or ()]
        if run is None or is_deleting(pod) or pod["spec"].get("nodeName") in self.silent or is_ready(pod):
            return
        run.back_off_s = 0.0
        if any("waiting" in state and state["waiting"]["reason"] == "CrashLoopBackOff" for state in states):
            self._later(self._between(0.5, 2.0), key, self._restart)
        elif all("running" in state for state in states):
            self._later(self._between(0.5, 2.0), key, self._settle)

    # nodes that fall silent

    def resume(self, node: str) -> None:
        """Take up the pods of a node that speaks again: ready ones are reported ready, deleted ones end."""
        self.silent.discard(node)
        for pod in self.index.on_node(node):
            key = key_of(pod)
            statuses = pod["status"].get("containerStatuses") or ()
            run = self._runs.setdefault(key, Run(pod["metadata"]["uid"]))
            run.turn += 1
            run.stopping = False
            if is_deleting(pod):
                self.cluster.driver.enqueue(self, key)
            elif is_finished(pod):
                continue
            elif statuses and all("running" in each["state"] for each in statuses):
                if misbehaves(pod, "unready"):
                    continue
                self._later(self._between(0.5, 3.0), key, self._settle)
            elif statuses:
                self._later(self._between(0.5, 3.0), key, self._pull)
            else:
                self.cluster.driver.enqueue(self, key)

    # small things

    def _address(self, pod: Object) -> str:
        if pod["spec"].get("hostNetwork"):
            return str(pod["status"]["hostIP"])
        self._addresses += 1
        return pod_address(self._addresses)

    def _hooks_s(self, pod: Object) -> float:
        """Return how long the preStop hooks of a pod take: a sleep as long as it says, others some seconds."""
        longest = 0.0
        for container in pod["spec"]["containers"]:
            hook = (container.get("lifecycle") or {}).get("preStop") or {}
            command = (hook.get("exec") or {}).get("command") or []
            asked = (hook.get("sleep") or {}).get("seconds") or next(
                (after for before, after in itertools.pairwise(" ".join(command).split()) if before == "sleep"), None
            )
            if asked is not None and str(asked).isdigit():
                longest = max(longest, float(asked))
            elif hook:
                longest = max(longest, self._between(*_HOOK_S))
        return longest

    def _job_duration_s(self, pod: Object) -> float | None:
        asked = (pod["metadata"].get("annotations") or {}).get(JOB_DURATION)
        if asked is not None:
            return float(asked)
        owner = controller_of(pod)
        if pod["spec"].get("restartPolicy") == "Always" or owner is None or owner["kind"] != "Job":
            return None
        return self._between(*_JOB_S)
