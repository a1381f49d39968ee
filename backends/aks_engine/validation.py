"""What may be asked of aks-engine: refused here, in words, before anything is sent anywhere."""

from __future__ import annotations

import ipaddress
import re

from backends.errors import UsageError
from backends.model.engine.api_model import ApiModel, Pool
from backends.model.engine.command import AddPool, Deploy, EngineCommand, GetLogs, RotateCerts, Scale, Upgrade
from backends.model.engine.releases import parse_version, step_is_whole, version_key

MOST_NODES = 100
"""Nodes of one pool that aks-engine accepts (MaxAgentCount)."""

_POOL = re.compile(r"[a-z][a-z0-9]{0,11}")
_MACHINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def check(command: EngineCommand, model: ApiModel | None) -> None:
    """Raise UsageError when aks-engine would refuse the command, or do something else than is meant.

    `model` is the cluster's api model; only `deploy` can do without it.
    """
    if isinstance(command, Upgrade):
        _check_upgrade(command, _needed(model, command))
    elif isinstance(command, Scale):
        _check_scale(command, _needed(model, command))
    elif isinstance(command, AddPool):
        _needed(model, command)
        _check_path(command.profile, "the file that describes the pool")
    elif isinstance(command, Deploy):
        _check_path(command.model, "the api model to deploy")
        _check_path(command.output, "the folder for what is made")
    else:
        _needed(model, command)
        _check_ssh(command)


def _check_upgrade(command: Upgrade, model: ApiModel) -> None:
    version, current = command.version, model.version
    if parse_version(version) is None:
        raise UsageError(f"{version!r} is no version to upgrade to", todo="give all three numbers, such as 1.34.4")
    if parse_version(current) is None:
        raise UsageError(f"the api model's version {current!r} is none", todo="look at orchestratorVersion in it")
    if version == current and not command.force:
        raise UsageError(
            f"the cluster has {current} already",
            todo="for a new base image, or the agents after the control plane alone, upgrade to the same with force",
        )
    if version == current:
        return
    if command.force:
        raise UsageError(
            f"force is for the same version only, not for {current} to {version}",
            why="it replaces also the nodes that are done, and a run that failed could not be resumed",
        )
    if version_key(version) < version_key(current):
        raise UsageError(f"{version} is older than {current}", why="Kubernetes cannot be taken back")
    if not step_is_whole(current, version):
        raise UsageError(
            f"{current} to {version} skips a minor version",
            why="Kubernetes does not allow it, though aks-engine would do it",
            todo="go one minor at a time: `stampdeck upgrade plan` tells the way",
        )


def _check_scale(command: Scale, model: ApiModel) -> None:
    pool = _pool_of(command.pool, model)
    count = command.count
    if count < 1:
        raise UsageError(f"pool {pool.name} cannot be scaled to {count}", why="aks-engine keeps at least one node")
    if count > MOST_NODES:
        raise UsageError(f"pool {pool.name} cannot have {count} nodes", why=f"aks-engine allows {MOST_NODES} a pool")
    if count == pool.count:
        raise UsageError(
            f"pool {pool.name} has {count} nodes already, by the api model",
            todo="if the cluster has not, the api model is out of step: mend its count first",
        )
    if count < pool.count:
        _check_api_server(model)


def _pool_of(name: str, model: ApiModel) -> Pool:
    pool = model.pool(name)
    if pool is None or _POOL.fullmatch(name) is None:
        known = ", ".join(each.name for each in model.pools) or "none"
        raise UsageError(f"the cluster has no pool named {name!r} to scale", why=f"the api model has {known}")
    return pool


def _check_api_server(model: ApiModel) -> None:
    server = model.api_server
    if not server:
        raise UsageError(
            "scaling down needs the name of the API server", why="the api model does not tell it: no location or suffix"
        )
    try:
        ipaddress.ip_address(server)
    except ValueError:
        if _HOST.fullmatch(server) is None:
            raise UsageError(f"{server!r} is no name of an API server") from None
    else:
        raise UsageError(f"scaling down needs the API server's name, not {server}", why="aks-engine fails by address")


def _check_ssh(command: RotateCerts | GetLogs) -> None:
    if _HOST.fullmatch(command.ssh_host) is None:
        raise UsageError(f"{command.ssh_host!r} is no host name or address", todo="name one that reaches all nodes")
    _check_path(command.ssh_key, "the private key for the nodes")
    if not isinstance(command, GetLogs):
        return
    wrong = [each for each in command.machines if _MACHINE.fullmatch(each) is None]
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no name of a machine")
    if command.machines and command.control_plane_only:
        raise UsageError("logs are taken either from named machines or from the control plane alone")


def _check_path(path: str, what: str) -> None:
    if not path or path.startswith("-") or any(ord(char) < 32 or ord(char) == 127 for char in path):
        raise UsageError(f"{path!r} is no path for {what}", todo="give a path on the helper VM")


def _needed(model: ApiModel | None, command: EngineCommand) -> ApiModel:
    if model is None:
        raise UsageError(f"{command.WORD} needs the cluster's api model", todo="read it first")
    return model
