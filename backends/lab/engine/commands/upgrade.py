"""`upgrade`: every node of a cluster replaced by one of another Kubernetes version."""

from __future__ import annotations

from pathlib import Path

from backends.lab.engine.arm import Arm
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.images import check_images
from backends.lab.engine.kube import Kube, connect
from backends.lab.engine.model import ApiModel, load_model, save_model
from backends.lab.engine.session import Session
from backends.lab.engine.upgrading.agents import upgrade_pools
from backends.lab.engine.upgrading.masters import check_upgraded_masters, upgrade_masters
from backends.lab.engine.upgrading.notices import overwrite_retired, set_version
from backends.lab.engine.upgrading.target import check_target
from backends.lab.engine.upgrading.topology import Wanted, find_machines
from backends.lab.engine.upgrading.work import Work
from backends.lab.engine.validation import (
    ensure_resource_group,
    location,
    log_in,
    model_path,
    require,
    write_cloud_profile,
)

_READY_TIMEOUT_S = 20 * 60.0
_DRAIN_TIMEOUT_S = 60 * 60.0


def run(session: Session) -> None:
    """Run the command; raises `EngineFailure` or `EnginePanic`."""
    try:
        require(session.call, "resource-group", "location", "upgrade-version")
        path = model_path(session.call)
    except EngineFailure as error:
        raise error.under("validating upgrade command") from error
    try:
        model, arm = _load(session, path)
    except EngineFailure as error:
        raise error.under("loading existing cluster") from error
    check_images(session, arm, model, path)
    kube = _connect(session, model)
    try:
        _upgrade(session, arm, kube, model)
    except EngineFailure as error:
        raise error.under("upgrading cluster") from error
    save_model(session, model)


def _load(session: Session, path: str) -> tuple[ApiModel, Arm]:
    target = session.call.text("upgrade-version")
    model = load_model(path)
    overwrite_retired(session, model, target)
    write_cloud_profile(session, model)
    arm = log_in(session, model)
    try:
        ensure_resource_group(session, arm)
    except EngineFailure as error:
        raise error.under("error ensuring resource group") from error
    try:
        if model.location and model.location != location(session.call):
            raise EngineFailure("--location does not match api model location")
        check_target(model.version, target, session.release, is_forced=session.call.flag("force"))
    except EngineFailure as error:
        raise error.under("error validating the api model") from error
    set_version(model, target)
    session.streams.info(f"Upgrading cluster with name suffix: {model.cluster_id}")
    return model, arm


def _connect(session: Session, model: ApiModel) -> Kube:
    given = session.call.text("kubeconfig")
    if given and not Path(given).exists():
        raise EngineFailure(f"reading --kubeconfig: open {Path(given).absolute()}: no such file or directory")
    try:
        return connect(Path(given) if given else model.kubeconfig, session.clock)
    except EngineFailure as error:
        raise error.under("generating kubeconfig") from error


def _upgrade(session: Session, arm: Arm, kube: Kube, model: ApiModel) -> None:
    call, log = session.call, session.streams.operation
    group, target = call.text("resource-group"), call.text("upgrade-version")
    masters_only = call.flag("control-plane-only")
    wanted = Wanted(
        target, call.flag("force"), model.cluster_id, frozenset(str(each.get("name")) for each in model.pools)
    )
    topology = find_machines(session, arm, kube, group, wanted)
    work = Work(
        session, arm, kube, model, group, wanted.suffix,
        _minutes(session, "vm-timeout", _READY_TIMEOUT_S), _minutes(session, "cordon-drain-timeout", _DRAIN_TIMEOUT_S),
    )  # fmt: skip
    check_upgraded_masters(work, topology)
    log.info(f"Upgrading {'control plane nodes' if masters_only else 'control plane and all nodes'} "
             f"to Kubernetes version {target}")  # fmt: skip
    last_look = upgrade_masters(work, topology)
    if not masters_only:
        if last_look is not None:
            last_look.join()
        upgrade_pools(work, topology)
    log.info(f"{'Control plane' if masters_only else 'Cluster'} upgraded successfully to Kubernetes version {target}")


def _minutes(session: Session, flag: str, default_s: float) -> float:
    given = session.call.number(flag)
    return default_s if given == -1 else given * 60.0
