"""What every command that works on a stamp checks of its flags, in the engine's order, and the login that follows."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from pathlib import Path

from backends.lab.engine.arm import RESOURCES, Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.command_line import Call
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.login import Credentials
from backends.lab.engine.model import ApiModel
from backends.lab.engine.session import Session

_CLOUDS = ("azurepubliccloud", "azurechinacloud", "azuregermancloud", "azureusgovernmentcloud", "azurestackcloud",
           "azurecloud")  # fmt: skip


def model_path(call: Call) -> str:
    """Return the path --api-model (or the old --deployment-dir) names; raises when there is not just one."""
    path = call.text("api-model")
    folder = call.text("deployment-dir") if "deployment-dir" in call.values else ""
    if not path and not folder:
        raise missing("api-model")
    if path and folder:
        raise EngineFailure(
            "ambiguous, please specify only one of --api-model and --deployment-dir", shows_usage_first=True
        )
    return path or str(Path(folder) / "apimodel.json")


def missing(flag: str) -> EngineFailure:
    """Return the failure of a flag that has no value."""
    return EngineFailure(f"--{flag} must be specified", shows_usage_first=True)


def require(call: Call, *flags: str) -> None:
    """Raise for the first of these flags that has no value."""
    for flag in flags:
        if not call.text(flag):
            raise missing(flag)


def location(call: Call) -> str:
    """Return --location as the engine compares it: no spaces, small letters."""
    return call.text("location").replace(" ", "").lower()


def write_cloud_profile(session: Session, model: ApiModel) -> None:
    """Write the stamp's addresses to a temporary file, which is left behind, and tell of it."""
    if model.environment:
        path = session.write_cloud_profile(json.dumps(model.environment))
        os.environ["AZURE_ENVIRONMENT_FILEPATH"] = path


def credentials(call: Call) -> tuple[Credentials, str]:
    """Check the flags of the login; return them and the subscription, or raise `EngineFailure` for the first wrong."""
    method = call.text("auth-method")
    if not method:
        raise EngineFailure("--auth-method is a required parameter")
    if method in ("client_secret", "client_certificate"):
        _check_uuid(call.text("client-id"))
    secret, certificate, key = (call.text(each) for each in ("client-secret", "certificate-path", "private-key-path"))
    if method == "client_secret" and not secret:
        raise EngineFailure('--client-secret must be specified when --auth-method="client_secret"')
    if method == "client_certificate" and not (certificate and key):
        raise EngineFailure(
            '--certificate-path and --private-key-path must be specified when --auth-method="client_certificate"'
        )
    try:
        subscription = str(uuid.UUID(call.text("subscription-id")))
    except ValueError as error:
        raise EngineFailure("--subscription-id is required (and must be a valid UUID)") from error
    if call.text("azure-env").lower() not in _CLOUDS:
        raise EngineFailure("failed to parse --azure-env as a valid target Azure cloud environment")
    is_secret = method == "client_secret"
    return (
        Credentials(
            call.text("client-id"), call.text("identity-system"), secret if is_secret else "",
            "" if is_secret else certificate, "" if is_secret else key,
        ),
        subscription,
    )  # fmt: skip


def _check_uuid(text: str) -> None:
    if len(text) != 36:
        raise EngineFailure(f"parsing --client-id: invalid UUID length: {len(text)}")
    try:
        uuid.UUID(text)
    except ValueError as error:
        raise EngineFailure("parsing --client-id: invalid UUID format") from error


def log_in(session: Session, model: ApiModel) -> Arm:
    """Check the login's flags and log in to the stamp of the model.

    Raises `EngineFailure`, or `EnginePanic` where the real one crashes.
    """
    who, subscription = credentials(session.call)
    method, system = session.call.text("auth-method"), who.identity_system
    if method not in ("client_secret", "client_certificate") or system not in ("azure_ad", "adfs"):
        wrong = f'method="{method}" identitysystem="{system}"'
        raise EngineFailure(f"failed to get client: --auth-method: ERROR: method unsupported. {wrong}")
    for path, what in ((who.certificate_path, "certificate"), (who.key_path, "rsa private key")):
        if path and not Path(path).exists():
            doing = "read" if what == "certificate" else "parse"
            raise EngineFailure(
                f"failed to get client: Failed to {doing} {what}: open {path}: no such file or directory"
            )
    arm = Arm(session, model.cloud(), who, subscription)
    try:
        arm.log_in()
    except EngineFailure as error:
        raise error.under("failed to get client") from error
    return arm


def ensure_resource_group(session: Session, arm: Arm, group: str = "") -> None:
    """Make sure that a resource group (that of the command line) is there: it is made when it is not.

    Raises `EngineFailure` in ARM's words.
    """
    path = f"/resourcegroups/{group or session.call.text('resource-group')}"
    body: dict[str, object] = {"location": location(session.call)}
    # Not there yet, or not to be read: the PUT tells which.
    with contextlib.suppress(ArmFailure):
        body["tags"] = arm.get(path, RESOURCES).get("tags") or {}
    try:
        arm.call("PUT", path, RESOURCES, body)
    except ArmFailure as error:
        raise EngineFailure(error.text) from error
