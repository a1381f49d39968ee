"""`scale`: a pool brought to a number of nodes."""

from __future__ import annotations

from backends.lab.engine.arm import Arm
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.images import check_images
from backends.lab.engine.kube import connect
from backends.lab.engine.model import ApiModel, Properties, load_model, save_model
from backends.lab.engine.scaling.down import scale_down
from backends.lab.engine.scaling.nodes import PoolNodes
from backends.lab.engine.scaling.pool import PoolWork, find_pool_machines
from backends.lab.engine.scaling.up import scale_up
from backends.lab.engine.session import Session
from backends.lab.engine.validation import (
    ensure_resource_group,
    location,
    log_in,
    missing,
    model_path,
    require,
    write_cloud_profile,
)


def run(session: Session) -> None:
    """Run the command; raises `EngineFailure` or `EnginePanic`."""
    try:
        path = _validate(session)
    except EngineFailure as error:
        raise error.under("failed to validate scale command") from error
    try:
        model, arm, pool = _load(session, path)
        server = _server(session, model)
        kube = connect(model.kubeconfig, session.clock, server)
    except EngineFailure as error:
        raise error.under("failed to load existing container service") from error
    check_images(session, arm, model, path)
    work = PoolWork(
        session, arm, kube, model, session.call.text("resource-group"), pool, session.call.number("new-node-count")
    )
    nodes = PoolNodes(work)
    if session.call.text("apiserver") or session.call.text("master-FQDN"):
        nodes.read()
    machines = find_pool_machines(work)
    if len(machines) == work.count:
        _tell_equal(work, nodes, len(machines))
        return
    if len(machines) > work.count:
        scale_down(work, nodes, machines)
    else:
        scale_up(work, nodes, machines)
    _save(session, model, work)


def _validate(session: Session) -> str:
    require(session.call, "resource-group", "location")
    if session.call.number("new-node-count") == 0:
        raise missing("new-node-count")
    return model_path(session.call)


def _load(session: Session, path: str) -> tuple[ApiModel, Arm, Properties]:
    model = load_model(path)
    write_cloud_profile(session, model)
    arm = log_in(session, model)
    ensure_resource_group(session, arm)
    if model.location and model.location != location(session.call):
        raise EngineFailure("--location does not match api model location")
    return model, arm, _choose_pool(session, model)


def _choose_pool(session: Session, model: ApiModel) -> Properties:
    name = session.call.text("node-pool")
    if name:
        pool = model.pool(name)
        if pool is None:
            raise EngineFailure(f"node pool {name} was not found in the deployed api model")
        return pool
    if len(model.pools) > 1:
        raise EngineFailure("--node-pool is required if more than one agent pool is defined in the container service")
    if not model.pools:
        raise EngineFailure("No node pools found to scale")
    return model.pools[0]


def _server(session: Session, model: ApiModel) -> str:
    """Return the address of the API to be asked, empty for the kubeconfig's own.

    The lab has no name server: the cluster's own name stands for the address in its kubeconfig. Any other name is
    looked up, as the real one does with all.
    """
    given = session.call.text("apiserver") or session.call.text("master-FQDN")
    if given.startswith("http://"):
        raise EngineFailure("apiserver URL cannot be insecure http://")
    name = given.removeprefix("https://").rstrip("/")
    return f"https://{name}" if name and name.partition(":")[0].lower() != model.fqdn.lower() else ""


def _tell_equal(work: PoolWork, nodes: PoolNodes, machines: int) -> None:
    streams = work.session.streams
    end = "." if nodes.found is None else ":"
    streams.info(f"Node pool {work.name} is already at the desired count {work.count}{end}")
    if nodes.found is None:
        return
    nodes.show()
    if len(nodes.found) != machines:
        streams.operation.warn(
            f'There are {len(nodes.found)} nodes named "*{work.name}*" in the Kubernetes cluster, but there are '
            f'{machines} VMs named "*{work.name}*" in the resource group {work.group}\n'
        )


def _save(session: Session, model: ApiModel, work: PoolWork) -> None:
    """Write the count, and nothing else, into the model as it is on the disk by now."""
    current = load_model(model.path)
    for pool in current.pools:
        if pool.get("name") == work.name:
            pool["count"] = work.count
    save_model(session, current)
