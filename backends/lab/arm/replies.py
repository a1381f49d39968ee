"""Answers to operations that take a while: 202 with where to ask, and what is said there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backends.lab.arm.calls import Call, Reply
from backends.lab.arm.cloud import Cloud, Operation
from backends.lab.arm.problems import Problem

POLL_AFTER_S = 30
"""Seconds of the stamp's own time: who waits for machines lives by the lab's clock."""


def stamped(cloud: Cloud, at: float) -> str:
    """Return a simulated moment as ARM writes times, as the real moment it is reached at."""
    return datetime.fromtimestamp(cloud.real_s(at), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def accepted(cloud: Cloud, call: Call, operation: Operation, provider: str = "Microsoft.Compute") -> Reply:
    """Return 202 with Location and Azure-AsyncOperation of an operation of a provider."""
    root = f"{call.base}{call.subscription_id}/providers/{provider}/locations/{cloud.location}"
    version = f"api-version={call.version}"
    where = f"{root}/operations/{operation.identity}"
    headers = {
        "Azure-AsyncOperation": f"{where}?{version}",
        "Location": f"{where}?monitor=true&{version}",
        "Retry-After": str(POLL_AFTER_S),
    }
    return Reply(202, None, headers)


class OperationRoutes:
    """Answers to those who ask how far an operation is."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def show(self, call: Call) -> Reply:
        """Answer a poll: of the Location, 202 until the end; of the operation, its status."""
        operation = self.find(call)
        if call.query.get("monitor") == "true" or "/operationresults/" in call.path.lower():
            return self._monitored(call, operation)
        return Reply(200, self.described(operation), self._again(operation))

    def find(self, call: Call) -> Operation:
        """Return the operation of a path; raises Problem when there is none."""
        found = self._cloud.operations.get(call.name.lower())
        if found is None:
            raise Problem(404, "OperationNotFound", f"The operation '{call.name}' could not be found.")
        return found

    def described(self, operation: Operation) -> dict[str, Any]:
        """Return the body of Azure-AsyncOperation."""
        body: dict[str, Any] = {"startTime": stamped(self._cloud, operation.started_s), "name": operation.identity}
        if operation.status != "InProgress":
            body["endTime"] = stamped(self._cloud, operation.ended_s)
        body["status"] = operation.status
        return body | {"error": operation.error} if operation.error else body

    def _monitored(self, call: Call, operation: Operation) -> Reply:
        if operation.status == "InProgress":
            return Reply(202, None, {"Location": f"{call.base}{call.path}?{_query(call)}", **self._again(operation)})
        if operation.error:
            return Reply(409, {"error": operation.error})
        return Reply(operation.done_status, None)

    def _again(self, operation: Operation) -> dict[str, str]:
        return {"Retry-After": str(POLL_AFTER_S)} if operation.status == "InProgress" else {}


def _query(call: Call) -> str:
    return "&".join(f"{key}={value}" for key, value in call.query.items())
