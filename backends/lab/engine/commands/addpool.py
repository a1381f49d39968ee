"""`addpool`: add a pool that a file describes to a cluster, by one ARM deployment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backends.lab.engine.arm import Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.deployments import deploy
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.model import ApiModel, json_problem, load_model, save_model
from backends.lab.engine.model_defaults import fill_pool
from backends.lab.engine.session import Session
from backends.lab.engine.template import machine
from backends.lab.engine.validation import ensure_resource_group, location, log_in, require, write_cloud_profile

Pool = dict[str, Any]

_GO_NAMES = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}


def run(session: Session) -> None:
    """Do it; raises `EngineFailure`, or `EnginePanic` where the real one crashes."""
    call = session.call
    try:
        require(call, "resource-group", "location", "api-model", "node-pool")
    except EngineFailure as error:
        raise error.under("failed to validate addpool command") from error
    try:
        model = load_model(call.text("api-model"))
        pool = _load_pool(call.text("node-pool"))
        arm = _prepare(session, model, pool)
    except EngineFailure as error:
        raise error.under("failed to load existing container service") from error
    fill_pool(pool, session.release)
    group, suffix = call.text("resource-group"), model.cluster_id
    described = {**model.content, "properties": {**model.properties, "agentPoolProfiles": [pool]}}
    machines = [machine(described, pool["name"], suffix, index, session.release) for index in range(int(pool["count"]))]
    try:
        deploy(session, arm, group, f"{group}-{session.deployment_suffix()}", machines, suffix)
    except ArmFailure as error:
        raise EngineFailure(error.text) from error
    # Read again: what the file says now is what the pool is added to.
    latest = load_model(call.text("api-model"))
    latest.properties.setdefault("agentPoolProfiles", []).append(pool)
    save_model(session, latest)


def _load_pool(path: str) -> Pool:
    """Read the pool's file; as in the real engine nobody asks whether its name and count make sense."""
    if not Path(path).exists():
        raise EngineFailure(f"specified agent pool spec does not exist ({path})")
    text = ""
    try:
        text = Path(path).read_text()
        pool = json.loads(text)
    except json.JSONDecodeError as error:
        raise EngineFailure(f"error parsing the agent pool: {json_problem(text, error)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise EngineFailure(f"error parsing the agent pool: error reading file {path}: {error}") from error
    if not isinstance(pool, dict):
        raise EngineFailure("error parsing the agent pool: json: cannot unmarshal array into Go value")
    for name, kind, go in (("name", str, "string"), ("count", int, "int"), ("vmSize", str, "string")):
        value = pool.setdefault(name, kind())
        if not isinstance(value, kind) or isinstance(value, bool):
            found = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}.get(
                type(value), "object"
            )
            raise EngineFailure(
                f"error parsing the agent pool: json: cannot unmarshal {found} into Go struct field "
                f"AgentPoolProfile.{name} of type {go}"
            )
    return pool


def _prepare(session: Session, model: ApiModel, pool: Pool) -> Arm:
    write_cloud_profile(session, model)
    for each in model.pools:
        if str(each.get("name", "")).lower() == str(pool["name"]).lower():
            raise EngineFailure(f"node pool {each['name']} already exists")
        kinds = [str(one.get("availabilityProfile", "AvailabilitySet")).lower() for one in (each, pool)]
        if kinds[0] != kinds[1]:
            raise EngineFailure(
                "mixed mode availability profiles are not allowed, all node pools should have the same "
                "availabilityProfile"
            )
    arm = log_in(session, model)
    ensure_resource_group(session, arm)
    if model.location and model.location != location(session.call):
        raise EngineFailure("--location does not match api model location")
    return arm
