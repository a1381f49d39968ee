"""`rotate-certs`: new certificates for a cluster, its control plane rebooted, its workloads restarted.

Simulated, because nodes of the lab are not reached from the VM and hold no certificates: copying files to them and
running scripts there only take their time. Real: the login, the reboots by ARM, every wait for nodes and pods by the
Kubernetes API, the tokens of service accounts deleted, every deployment and daemon set rolled out, and the output
directory. The new kubeconfig holds the credentials of the old one: the lab's Kubernetes API keeps its own.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from backends.lab.engine.arm import COMPUTE, Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.go_text import file_doing
from backends.lab.engine.jumpbox import Jumpbox
from backends.lab.engine.kube import Kube, KubeFailure, connect
from backends.lab.engine.model import ApiModel, json_problem, load_model, save_model
from backends.lab.engine.output import read_access, write_cluster
from backends.lab.engine.pki import certificate_profile, issue, issued_of, make_keys
from backends.lab.engine.readiness import INTERVAL_S, Readiness
from backends.lab.engine.session import Session
from backends.lab.engine.tokens import renew_tokens
from backends.lab.engine.validation import location, log_in, write_cloud_profile

_PKI_S = 3.5
_COPY_S = 0.4
_SCRIPT_S = 0.05


def run(session: Session) -> None:
    """Do it; raises `EngineFailure`, or `EnginePanic` where the real one crashes."""
    try:
        folder = _check(session)
    except EngineFailure as error:
        raise error.under("validating rotate-certs args") from error
    try:
        model, profile, arm = _load(session)
    except EngineFailure as error:
        raise error.under("loading API model") from error
    jumpbox = Jumpbox(session, model)
    try:
        jumpbox.check()
    except EngineFailure as error:
        raise error.under("validating ssh configuration") from error
    try:
        Rotation(session, model, arm, jumpbox, folder).run(profile)
    except EngineFailure as error:
        raise EngineFailure(error.text, hides_usage=True) from error


def _check(session: Session) -> Path:
    """Return the api model's folder; raises `EngineFailure`."""
    call = session.call
    for flag in ("location", "ssh-host"):
        if not call.text(flag).strip():
            raise EngineFailure(f"--{flag} must be specified")
    for flag in ("linux-ssh-private-key", "api-model"):
        if not call.text(flag):
            raise EngineFailure(f"--{flag} must be specified")
        if not Path(call.text(flag)).exists():
            raise EngineFailure(f"specified --{flag} does not exist ({call.text(flag)})")
    profile = call.text("certificate-profile")
    if profile and not Path(profile).exists():
        raise EngineFailure(f"specified --certificate-profile does not exist ({profile})")
    folder = Path(call.text("api-model")).parent
    try:
        (folder / "_rotate_certs_output").mkdir(mode=0o755, exist_ok=True)
    except OSError as error:
        raise EngineFailure(f"error creating output directory ({folder / '_rotate_certs_output'})") from error
    return folder


def _load(session: Session) -> tuple[ApiModel, dict[str, Any], Arm]:
    """Return the model, the certificates of --certificate-profile (empty: make new ones), and the stamp's ARM."""
    path = session.call.text("certificate-profile")
    profile: dict[str, Any] = {}
    try:
        model = load_model(session.call.text("api-model"))
    except EngineFailure as error:
        raise EngineFailure(error.text.replace("parsing the api model", "parsing api-model")) from error
    if path:
        text = Path(path).read_text(errors="replace")
        try:
            profile = dict(json.loads(text))
            issued_of(profile)
        except json.JSONDecodeError as error:
            raise EngineFailure(f"error parsing certificate-profile: {json_problem(text, error)}") from error
        except (LookupError, TypeError, ValueError) as error:
            raise EngineFailure(f"error parsing certificate-profile: {error}") from error
    write_cloud_profile(session, model)
    if model.location and model.location != location(session.call):
        raise EngineFailure("--location flag does not match api-model location")
    try:
        return model, profile, log_in(session, model)
    except EngineFailure as error:
        client = error.text.removeprefix("failed to get client: ")
        step = "validate auth args" if client == error.text else "ARM client"
        raise EngineFailure(f"failed to get {step}: {client}") from error


class Rotation:
    """One rotation, step by step."""

    def __init__(self, session: Session, model: ApiModel, arm: Arm, jumpbox: Jumpbox, folder: Path) -> None:
        self._session = session
        self._log = session.streams
        self._model = model
        self._arm = arm
        self._jumpbox = jumpbox
        self._folder = folder
        self._suffix = model.cluster_id
        count = int(model.masters.get("count", 0))
        self._masters = [f"k8s-master-{self._suffix}-{index}" for index in range(count)]

    def run(self, profile: dict[str, Any]) -> None:
        """Rotate; raises `EngineFailure`."""
        self._log.info(f"Backing up artifacts to directory {self._folder / '_rotate_certs_backup'}")
        self._write(self._folder / "_rotate_certs_backup", "backing up current state")
        self._renew(profile)
        output = self._folder / "_rotate_certs_output"
        self._log.info(f"Writing artifacts to output directory {output}")
        self._write(output, "updating certificate profile")
        try:
            kube = connect(self._model.kubeconfig, self._session.clock)
        except EngineFailure as error:
            raise error.under("creating Kubernetes client") from error
        readiness = Readiness(self._session, kube)
        if not self._session.call.flag("force"):
            readiness.wait_for_nodes(self._masters)
            readiness.wait_for_control_plane(self._masters)
        self._rotate_masters(readiness)
        self._rotate_agents(readiness, kube)
        self._log.info("Generating new artifacts")
        self._write(self._folder, "updating apimodel", saves=True)
        shutil.rmtree(output, ignore_errors=True)
        self._log.info("Certificate rotation completed")

    def _renew(self, profile: dict[str, Any]) -> None:
        if not profile:
            self._log.info("Generating new certificates")
            self._session.clock.sleep(_PKI_S * self._session.dice.uniform(0.8, 1.2))
            profile = certificate_profile(issue(len(self._masters), make_keys()))
        self._model.properties["certificateProfile"] = profile

    def _write(self, folder: Path, doing: str, *, saves: bool = False) -> None:
        """Write all files of the cluster; `saves`: the api model too by the way every command saves it."""
        try:
            access = read_access(json.loads(self._model.kubeconfig.read_text()))
            issued = issued_of(self._model.properties["certificateProfile"])
            write_cluster(folder, self._model.content, self._suffix, self._session.release, issued, access)
            if saves:
                save_model(self._session, self._model)
        except OSError as error:
            raise EngineFailure(f"{doing}: writing artifacts: {file_doing(error, str(folder))}") from error
        except (LookupError, TypeError, ValueError) as error:
            raise EngineFailure(f"{doing}: writing artifacts: {error}") from error

    def _rotate_masters(self, readiness: Readiness) -> None:
        self._log.info("Distributing control plane certificates")
        self._jumpbox.meet_again()
        self._work(self._masters, _COPY_S)
        self._log.info("Backing up node certificates")
        self._work(self._masters, _SCRIPT_S)
        self._log.info("Rotating control plane certificates")
        self._work(self._masters, _SCRIPT_S)
        self._log.info("Rebooting control plane nodes")
        for each in self._masters:
            self._reboot(each)
        self._wait_until_running()
        readiness.wait_for_nodes(self._shuffled(self._masters))
        self._log.info("Rotating front-proxy certificates")
        self._work(self._masters, _SCRIPT_S)
        self._log.info("Deleting temporary artifacts from control plane nodes")
        self._work(self._masters, _SCRIPT_S)
        readiness.wait_for_nodes(self._shuffled(self._masters))
        readiness.wait_for_control_plane(self._masters)

    def _rotate_agents(self, readiness: Readiness, kube: Kube) -> None:
        try:
            nodes = [str(each["metadata"]["name"]) for each in kube.list_nodes()]
        except KubeFailure as error:
            raise EngineFailure(f"rotating certificates: listing cluster nodes: {error.text}") from error
        agents = [each for each in nodes if not each.startswith("k8s-master-")]
        self._log.info("Distributing agent certificates")
        self._work(agents, _COPY_S)
        self._log.info("Backing up node certificates")
        self._work(agents, _SCRIPT_S)
        self._log.info("Rotating agents certificates")
        self._work(agents, _SCRIPT_S)
        self._log.info("Deleting temporary artifacts from agent nodes")
        self._work(agents, _SCRIPT_S)
        readiness.wait_for_nodes(self._shuffled(agents))
        self._log.info("Recreating service account tokens")
        try:
            renew_tokens(kube, self._session.deployment_suffix())
        except KubeFailure as error:
            raise EngineFailure(f"rotating certificates: {error.text}") from error
        readiness.wait_for_system(len(agents))

    def _reboot(self, name: str) -> None:
        group = self._session.call.text("resource-group")
        path = f"/resourcegroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"
        try:
            self._arm.finish(self._arm.call("POST", f"{path}/restart", COMPUTE))
        except ArmFailure as error:
            raise EngineFailure(f"rotating certificates: rebooting host {name}: {error.text}") from error

    def _wait_until_running(self) -> None:
        group, clock = self._session.call.text("resource-group"), self._session.clock
        ends_at = clock.now() + 20 * 60
        while True:
            states = [self._power_state(group, each) for each in self._masters]
            if all(each == "PowerState/running" for each in states):
                return
            if clock.now() > ends_at:
                text = "waiting for VMs to reach the running state: context deadline exceeded"
                raise EngineFailure(f"rotating certificates: {text}")
            clock.sleep(INTERVAL_S)

    def _power_state(self, group: str, name: str) -> str:
        path = f"/resourcegroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}/instanceView"
        try:
            statuses = self._arm.get(path, COMPUTE).get("statuses") or []
        except ArmFailure:
            return ""
        return next((str(each["code"]) for each in statuses if str(each.get("code")).startswith("PowerState/")), "")

    def _work(self, nodes: list[str], each_s: float) -> None:
        self._session.clock.sleep(each_s * len(nodes) * self._session.dice.uniform(0.8, 1.2))

    def _shuffled(self, names: list[str]) -> list[str]:
        return self._session.dice.sample(names, len(names))
