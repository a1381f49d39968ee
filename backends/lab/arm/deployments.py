"""Deployments as resources: the engine makes machines with them, and leaves them as traces."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Any

from backends.lab.arm.calls import RESOURCES, Call, Reply, Route, paged
from backends.lab.arm.cloud import Cloud
from backends.lab.arm.problems import Problem
from backends.lab.arm.replies import POLL_AFTER_S, OperationRoutes, stamped
from backends.lab.arm.rollout import VM, Deployment, Rollout
from backends.lab.arm.templates import read_template

KIND = "Microsoft.Resources/deployments"
_GROUP = "/subscriptions/{subscription}/resourcegroups/{group}"
_PLACE = f"{_GROUP}/providers/{KIND}"
_NAME = re.compile(r"[A-Za-z0-9._()-]{1,64}")
_FIRST_TOOK_S = 1380.0


class DeploymentRoutes:
    """Answers about deployments."""

    def __init__(self, cloud: Cloud, rollout: Rollout, page_size: int) -> None:
        self._cloud = cloud
        self._rollout = rollout
        self._page_size = page_size
        self._operations = OperationRoutes(cloud)
        self._held: dict[tuple[str, str], Deployment] = {}
        self._remember_first()
        cloud.listen(self._forget)

    def routes(self) -> list[Route]:
        """Return what is served."""
        read = f"{KIND}/read"
        steps = "Microsoft.Resources/deployments/operations/read"
        return [
            Route("GET", _PLACE, self._list, RESOURCES, read),
            Route("GET", f"{_PLACE}/{{name}}", self._show, RESOURCES, read),
            Route("PUT", f"{_PLACE}/{{name}}", self._put, RESOURCES, f"{KIND}/write"),
            Route("DELETE", f"{_PLACE}/{{name}}", self._delete, RESOURCES, f"{KIND}/delete"),
            Route("GET", f"{_PLACE}/{{deployment}}/operationStatuses/{{name}}", self._operations.show, RESOURCES,
                  "Microsoft.Resources/deployments/operationStatuses/read"),
            Route("GET", f"{_PLACE}/{{name}}/operations", self._list_steps, RESOURCES, steps),
            Route("GET", f"{_GROUP}/deployments/{{name}}/operations", self._list_steps, RESOURCES, steps),
        ]  # fmt: skip

    def _put(self, call: Call) -> Reply:
        group = self._cloud.living_group(call.group)
        if not _NAME.fullmatch(call.name):
            raise Problem(400, "InvalidDeploymentName", f"The deployment name '{call.name}' is not valid.")
        held = self._held.get((call.group.lower(), call.name.lower()))
        if held is not None and held.state == "Running":
            text = f"Unable to edit or replace deployment '{call.name}': it is still active."
            raise Problem(409, "DeploymentActive", text)
        properties = call.body.get("properties") if isinstance(call.body, dict) else None
        wanted = read_template(properties, group.name, self._cloud.location)
        new = self._rollout.check(call.name, wanted)
        deployment = Deployment(
            call.name, group.name, self._cloud.now_s, str(uuid.UUID(int=self._cloud.dice.getrandbits(128), version=4)),
            self._cloud.open_operation(), tuple(each.machine.name for each in wanted),
        )  # fmt: skip
        self._held[call.group.lower(), call.name.lower()] = deployment
        self._rollout.begin(deployment, new)
        where = f"{call.base}{call.path}/operationStatuses/{deployment.operation.identity}?api-version={call.version}"
        headers = {"Azure-AsyncOperation": where, "Retry-After": str(POLL_AFTER_S)}
        return Reply(200 if held else 201, self._described(deployment), headers)

    def _show(self, call: Call) -> Reply:
        found = self._find(call)
        return Reply(204) if call.method == "HEAD" else Reply(200, self._described(found))

    def _list(self, call: Call) -> Reply:
        self._cloud.group(call.group)
        found = [each for (group, _), each in self._held.items() if group == call.group.lower()]
        found.sort(key=lambda each: -each.begun_s)
        return paged(call, [self._described(each) for each in found], self._page_size)

    def _delete(self, call: Call) -> Reply:
        self._cloud.group(call.group)
        found = self._held.get((call.group.lower(), call.name.lower()))
        if found is not None and found.state == "Running":
            raise Problem(409, "DeploymentActive", f"The deployment '{call.name}' is active and cannot be deleted.")
        self._held.pop((call.group.lower(), call.name.lower()), None)
        return Reply(204)

    def _list_steps(self, call: Call) -> Reply:
        deployment = self._find(call)
        failed = {(kind, name): error for kind, name, error in deployment.failures}
        targets = [(VM, name) for name in deployment.machines if (VM, name) not in failed] + list(failed)
        return paged(
            call, [self._step(deployment, *each, failed.get(each)) for each in targets], self._page_size
        )  # fmt: skip

    def _find(self, call: Call) -> Deployment:
        self._cloud.group(call.group)
        found = self._held.get((call.group.lower(), call.name.lower()))
        if found is None:
            raise Problem(404, "DeploymentNotFound", f"Deployment '{call.name}' could not be found.")
        return found

    def _described(self, deployment: Deployment) -> dict[str, Any]:
        at = deployment.ended_s or self._cloud.now_s
        properties: dict[str, Any] = {
            "mode": "Incremental",
            "provisioningState": deployment.state,
            "timestamp": stamped(self._cloud, deployment.ended_s or deployment.begun_s),
            "duration": _duration(at - deployment.begun_s),
            "correlationId": deployment.identity,
            "outputResources": [
                {"id": self._cloud.resource_id(deployment.group, VM, name)} for name in deployment.machines
            ]
            if deployment.state == "Succeeded"
            else [],
        }
        if deployment.error is not None:
            properties["error"] = deployment.error
        return {
            "id": self._cloud.resource_id(deployment.group, KIND, deployment.name),
            "name": deployment.name,
            "type": KIND,
            "properties": properties,
        }

    def _step(self, deployment: Deployment, kind: str, name: str, error: Any) -> dict[str, Any]:
        state = "Failed" if error else deployment.state if deployment.state == "Running" else "Succeeded"
        number = hashlib.sha256(f"{deployment.identity}/{name}".encode()).hexdigest()[:16].upper()
        owner, _, part = name.partition("/")
        path = self._cloud.resource_id(deployment.group, VM, owner) + (f"/extensions/{part}" if part else "")
        properties: dict[str, Any] = {
            "provisioningOperation": "Create",
            "provisioningState": state,
            "timestamp": stamped(self._cloud, deployment.ended_s or self._cloud.now_s),
            "statusCode": "Conflict" if error else "Created" if state == "Running" else "OK",
            "targetResource": {"id": path, "resourceType": kind, "resourceName": name},
        }
        if error:
            properties["statusMessage"] = error
        root = self._cloud.resource_id(deployment.group, KIND, deployment.name)
        return {"id": f"{root}/operations/{number}", "operationId": number, "properties": properties}

    def _forget(self, group: str) -> None:
        """A group is gone, and its history with it."""
        self._held = {key: each for key, each in self._held.items() if key[0] != group.lower()}

    def _remember_first(self) -> None:
        """Keep the trace of the deployment that made the cluster."""
        machines = self._cloud.inventory.machines.of(self._cloud.inventory.shape.resource_group)
        if not machines:
            return
        group = self._cloud.inventory.shape.resource_group
        name = f"{group}-{self._cloud.dice.randrange(10**8, 2**31)}"
        begun_s = min(each.created_s for each in machines) - _FIRST_TOOK_S
        operation = self._cloud.open_operation()
        self._cloud.close_operation(operation)
        first = Deployment(name, group, begun_s, str(uuid.uuid4()), operation, tuple(each.name for each in machines))
        first.state, first.ended_s = "Succeeded", begun_s + _FIRST_TOOK_S
        self._held[group, name] = first


def _duration(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"PT{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''}{rest:.7f}S"
