"""`deploy`: make a cluster by one silent ARM deployment; its files are written before."""

from __future__ import annotations

from pathlib import Path

from backends.lab.engine.arm import Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.cloud import complete_environment
from backends.lab.engine.definition import check_definition, check_distros, default_definition, load_definition, merge
from backends.lab.engine.deployments import deploy
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.images import check_images
from backends.lab.engine.making import finish, read_authority, suffix_of, take_principal, write_artifacts
from backends.lab.engine.model import ApiModel, dict_at
from backends.lab.engine.output import write_private
from backends.lab.engine.panic import tenant_panic
from backends.lab.engine.session import Session
from backends.lab.engine.template import cluster_template
from backends.lab.engine.validation import ensure_resource_group, location, log_in, write_cloud_profile


def run(session: Session) -> None:
    """Do it; raises `EngineFailure`, or `EnginePanic` where the real one crashes.

    Ends as soon as ARM has: nobody waits for the nodes.
    """
    try:
        path = _definition_path(session)
    except EngineFailure as error:
        raise error.under("validating deployCmd") from error
    try:
        path = merge(session, path or default_definition(session))
    except EngineFailure as error:
        raise error.under("merging API model in deployCmd") from error
    try:
        model = load_definition(path, session.release)
        authority = read_authority(session)
        arm = _prepare(session, model)
        folder, group = _places(session, model)
        ensure_resource_group(session, arm, group)
        take_principal(session, model)
    except EngineFailure as error:
        raise error.under("loading API model") from error
    check_definition(session, model)
    issued = finish(session, model, authority)
    check_images(session, arm, model, path)
    write_artifacts(session, folder, model, issued)
    suffix = suffix_of(session, model)
    machines = cluster_template(model.content, suffix, session.release)["resources"]
    try:
        deploy(session, arm, group, f"{group}-{session.deployment_suffix()}", machines, suffix)
    except ArmFailure as error:
        raise EngineFailure(error.text) from error


def _definition_path(session: Session) -> str:
    arguments = session.call.arguments
    path = session.call.text("api-model")
    if not path and len(arguments) > 1:
        raise EngineFailure("too many arguments were provided to 'deploy'", shows_usage_first=True)
    path = path or (arguments[0] if arguments else "")
    if path and not Path(path).exists():
        raise EngineFailure(f"specified api model does not exist ({path})")
    if not session.call.text("location"):
        raise EngineFailure("--location must be specified")
    return path


def _prepare(session: Session, model: ApiModel) -> Arm:
    """Find the stamp and log in to it."""
    if not model.masters:
        raise EngineFailure("MasterProfile can't be nil")
    if not model.location:
        model.content["location"] = location(session.call)
    elif model.location != location(session.call):
        raise EngineFailure("--location does not match api model location")
    try:
        complete_environment(session, model)
    except EngineFailure as error:
        raise error.under("error parsing the api model") from error
    write_cloud_profile(session, model)
    profile = dict_at(model.properties, "customCloudProfile")
    if not profile:
        # The real one would turn to the public cloud, which no stamp of the lab reaches.
        raise tenant_panic("deploy", session.call.text("auth-method") != "client_secret", session.dice)
    profile["identitySystem"] = session.call.text("identity-system")
    check_distros(session, model)
    return log_in(session, model)


def _places(session: Session, model: ApiModel) -> tuple[str, str]:
    """Settle the cluster's own name; return its output directory and resource group."""
    call, linux = session.call, dict_at(model.properties, "linuxProfile")
    if linux and not linux.get("adminUsername"):
        session.streams.warn("apimodel: no linuxProfile.adminUsername was specified. Will use 'azureuser'.")
        linux["adminUsername"] = "azureuser"
    given = call.text("dns-prefix")
    if given and model.dns_prefix:
        raise EngineFailure(
            "invalid configuration: the apimodel masterProfile.dnsPrefix and --dns-prefix were both specified"
        )
    if not given and not model.dns_prefix:
        raise EngineFailure("apimodel: missing masterProfile.dnsPrefix and --dns-prefix was not specified")
    model.masters["dnsPrefix"] = given or model.dns_prefix
    if call.flag("auto-suffix"):
        suffix = f"{int(session.clock.now()):x}"
        model.masters["dnsPrefix"] += f"-{suffix}"
        session.streams.info(f"Generated random suffix {suffix}, DNS Prefix is {model.dns_prefix}")
    folder = call.text("output-directory") or str(Path("_output", model.dns_prefix))
    if Path(folder).exists() and not call.flag("force-overwrite"):
        raise EngineFailure(f"Output directory already exists and forceOverwrite flag is not set: {folder}")
    group = call.text("resource-group")
    if not group:
        group = model.dns_prefix
        session.streams.warn(
            "--resource-group was not specified. Using the DNS prefix from the apimodel as the resource group name: "
            f"{group}"
        )
    _ensure_key(model, folder)
    return folder, group


def _ensure_key(model: ApiModel, folder: str) -> None:
    """Make a key pair for the nodes when the definition names no public key; the private one is in the output."""
    linux = dict_at(model.properties, "linuxProfile")
    keys = dict_at(linux, "ssh").get("publicKeys") or [{}]
    if not linux or keys[0].get("keyData"):
        return
    from backends.lab.engine.pki import make_node_key

    key = make_node_key()
    linux["ssh"] = {"publicKeys": [{"keyData": key.public}]}
    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(Path(folder) / f"{linux['adminUsername']}_rsa", key.private)
