"""`get-logs`: one archive per node.

The real one runs a script on each node by SSH. What is in the archives of the lab is what its Kubernetes API tells of
the node: the object, its pods, its events and the logs of its pods.
"""

from __future__ import annotations

import re
import urllib.parse
from pathlib import Path

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.go_text import file_problem
from backends.lab.engine.jumpbox import Jumpbox
from backends.lab.engine.kube import Kube, KubeFailure, connect
from backends.lab.engine.model import ApiModel, load_model
from backends.lab.engine.node_logs import collect
from backends.lab.engine.session import Session
from backends.lab.engine.uploading import UploadFailure, upload
from backends.lab.engine.validation import location, write_cloud_profile

_COLLECTING_S = 30.0
_VHD_DISTROS = re.compile(r"aks-ubuntu-\d\d\.\d\d")


def run(session: Session) -> None:
    """Do it; raises `EngineFailure` at the first node that cannot be reached."""
    try:
        folder = _check(session)
    except EngineFailure as error:
        raise error.under("validating get-logs args") from error
    try:
        model = _load(session)
    except EngineFailure as error:
        raise error.under("loading API model") from error
    try:
        kube = connect(model.kubeconfig, session.clock)
    except EngineFailure as error:
        raise EngineFailure(f"creating Kubernetes client: {error.text}", hides_usage=True) from error
    nodes = _with_script(session, model, _nodes(session, model, kube))
    if not nodes:
        session.streams.info("All nodes skipped")
        return
    jumpbox = Jumpbox(session, model)
    session.dice.shuffle(nodes)
    for node in nodes:
        session.streams.info(f"Processing node: {node}")
        jumpbox.reach(node, kube)
        session.clock.sleep(_COLLECTING_S * session.dice.uniform(0.7, 1.6))
        _save(Path(folder) / f"{node}.zip", collect(node, kube))
    session.streams.info(f"Logs downloaded to {folder}")
    _upload(session, folder, nodes)


def _check(session: Session) -> str:
    """Return the folder for the logs; raises `EngineFailure`."""
    call = session.call
    for flag in ("location", "ssh-host"):
        if not call.text(flag).strip():
            raise EngineFailure(f"--{flag} must be specified")
    for flag in ("api-model", "linux-ssh-private-key"):
        if not call.text(flag):
            raise EngineFailure(f"--{flag} must be specified")
        if not Path(call.text(flag)).exists():
            raise EngineFailure(f"specified --{flag} does not exist ({call.text(flag)})")
    for flag in ("linux-script", "windows-script"):
        if call.text(flag) and not Path(call.text(flag)).exists():
            raise EngineFailure(f"specified --{flag} does not exist ({call.text(flag)})")
    folder = call.text("output-directory")
    if not folder:
        folder = str(Path(call.text("api-model")).parent / "_logs")
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineFailure(f"error creating output directory ({folder})") from error
    address = call.text("upload-sas-url")
    if address and not re.match(r"/\w+", urllib.parse.urlsplit(address).path):
        raise EngineFailure(
            "invalid upload SAS URL format, expected 'https://{blob-service-uri}/{container-name}?{sas-token}'"
        )
    if "vm-names" in call.given and not any(call.texts("vm-names")):
        raise EngineFailure("--vm-names cannot be empty")
    if "vm-names" in call.given and call.flag("control-plane-only"):
        raise EngineFailure("--control-plane-only and --vm-names are mutually exclusive")
    return folder


def _load(session: Session) -> ApiModel:
    try:
        model = load_model(session.call.text("api-model"))
    except EngineFailure as error:
        raise EngineFailure(error.text.replace("parsing the api model", "parsing api-model")) from error
    write_cloud_profile(session, model)
    if model.location and model.location != location(session.call):
        raise EngineFailure("--location flag does not match api-model location")
    return model


def _nodes(session: Session, model: ApiModel, kube: Kube) -> list[str]:
    """Return the nodes that are wanted; those of the control plane by their numbers when the API does not answer."""
    call, log = session.call, session.streams
    if "vm-names" in call.given:
        names = [each for each in call.texts("vm-names") if each]
        for each in names:
            log.info(f"Treating node {each} as a {'Linux' if each.startswith('k8s') else 'Windows'} agent node")
            if not each.startswith("k8s"):
                log.info(f"Skipping node {each}, WindowsProfile was not provided")
        return [each for each in names if each.startswith("k8s")]
    prefix = f"k8s-master-{model.cluster_id}-"
    try:
        names = [str(each["metadata"]["name"]) for each in kube.list_nodes()]
    except KubeFailure as error:
        log.warn(f"Error retrieving node list from apiserver: {error.text}")
        log.info("Collecting logs from control plane nodes only")
        return [f"{prefix}{index}" for index in range(int(model.masters.get("count", 0)))]
    return [each for each in names if each.startswith(prefix) or not call.flag("control-plane-only")]


def _with_script(session: Session, model: ApiModel, nodes: list[str]) -> list[str]:
    """Leave out pools whose image has no script to collect logs, unless --linux-script brings one."""
    if session.call.text("linux-script"):
        return nodes
    profiles = {"master": model.masters, **{str(each.get("name")): each for each in model.pools}}
    ready = {name for name, each in profiles.items() if _VHD_DISTROS.fullmatch(str(each.get("distro", "")))}
    pools = list(dict.fromkeys(_pool(each) for each in nodes))
    for pool in pools:
        if pool not in ready:
            session.streams.warn(
                f"Skipping node pool '{pool}' as flag '--linux-script' is not set and the pool distro is not "
                "aks-ubuntu-18.04"
            )
    return [each for each in nodes if _pool(each) in ready]


def _pool(node: str) -> str:
    return [*node.split("-"), ""][1]


def _save(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
        path.chmod(0o644)
    except OSError as error:
        cause = file_problem(error)
        raise EngineFailure(f": opening destination file: open {path}: {cause}", hides_usage=True) from error


def _upload(session: Session, folder: str, nodes: list[str]) -> None:
    """Upload the archives when that is wanted; the last failure is the command's."""
    address = session.call.text("upload-sas-url")
    last: UploadFailure | None = None
    for node in nodes if address else ():
        session.streams.info(f"Uploading {node} logs")
        last = None
        try:
            upload(Path(folder) / f"{node}.zip", address)
        except UploadFailure as error:
            session.streams.warn(f"Error uploading {node} logs")
            session.streams.debug(f"Error: {error}")
            last = error
    if last is not None:
        raise EngineFailure(str(last), hides_usage=True)
