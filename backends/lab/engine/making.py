"""What `deploy` and `generate` do alike: fill a definition in, make its certificates, write the output directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from backends.lab.engine.cloud import read_stamp
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.go_text import file_doing, file_problem
from backends.lab.engine.model import ApiModel, reckoned_cluster_id
from backends.lab.engine.model_defaults import fill
from backends.lab.engine.output import Access, write_cluster
from backends.lab.engine.session import Session

if TYPE_CHECKING:
    from backends.lab.engine.pki import Issued

_PKI_S = 3.0


def read_authority(session: Session) -> tuple[bytes, bytes] | None:
    """Return certificate and key of --ca-certificate-path and --ca-private-key-path; raises `EngineFailure`."""
    certificate, key = (session.call.text(each) for each in ("ca-certificate-path", "ca-private-key-path"))
    if bool(certificate) != bool(key):
        raise EngineFailure("--ca-certificate-path and --ca-private-key-path must be specified together")
    if not certificate:
        return None
    read = []
    for path, what in ((certificate, "CA certificate file"), (key, "CA private key file")):
        try:
            read.append(Path(path).read_bytes())
        except OSError as error:
            cause = file_problem(error)
            raise EngineFailure(f"failed to read {what}: open {path}: {cause}") from error
    return read[0], read[1]


def take_principal(session: Session, model: ApiModel) -> None:
    """Give the cluster the service principal of the command line, when the model has none and there is a secret."""
    profile = model.properties.get("servicePrincipalProfile") or {}
    client, secret = session.call.text("client-id"), session.call.text("client-secret")
    if client and secret and not profile.get("clientId") and not profile.get("secret"):
        model.properties["servicePrincipalProfile"] = {"clientId": client, "secret": secret}


def finish(session: Session, model: ApiModel, authority: tuple[bytes, bytes] | None) -> dict[str, Issued]:
    """Fill every default in, with the warnings the engine gives, and make the certificates; returns them.

    The model is changed in place.
    """
    # 90 ms that only making a cluster pays for.
    from backends.lab.engine.pki import certificate_profile, issue, make_keys

    config = model.kubernetes
    for name, forced in (("kubernetesImageBase", "mcr.microsoft.com/"), ("kubernetesImageBaseType", "mcr")):
        if config.get(name) != forced:
            session.streams.warn(f'apimodel: orchestratorProfile.kubernetesConfig.{name} forced to "{forced}"')
            config[name] = forced
    if config.get("containerRuntime") != "containerd":
        session.streams.warn(
            "The docker runtime is no longer supported for v1.24+ clusters, setting ContainerRuntime to 'containerd'"
        )
        config["containerRuntime"] = "containerd"
    filled = fill(model.content, session.release)
    session.clock.sleep(_PKI_S * session.dice.uniform(0.8, 1.2))
    issued = issue(filled["properties"]["masterProfile"]["count"], make_keys(), authority)
    filled["properties"]["certificateProfile"] = certificate_profile(issued)
    model.content.clear()
    model.content.update(filled)
    return issued


def suffix_of(session: Session, model: ApiModel) -> str:
    """Return a cluster's eight digits: those of the cluster the lab knows, else such as always go with its name."""
    stamp = read_stamp(session.home)
    is_known = stamp is not None and (stamp.location, stamp.dns_prefix) == (model.location, model.dns_prefix)
    return stamp.suffix if stamp is not None and is_known else reckoned_cluster_id(model.dns_prefix)


def access_to(session: Session, model: ApiModel, issued: Mapping[str, Issued]) -> Access:
    """Return how the cluster will be reached: as the lab says when it is the stamp's, else by its name and own keys."""
    stamp = read_stamp(session.home)
    if stamp is not None and (stamp.location, stamp.dns_prefix) == (model.location, model.dns_prefix):
        return stamp.access
    admin = issued["kubectlClient"]
    certificates = (each.encode() for each in (issued["ca"].certificate, admin.certificate, admin.key))
    return Access(f"https://{model.fqdn}", *certificates)


def write_artifacts(
    session: Session, folder: str, model: ApiModel, issued: Mapping[str, Issued], *, is_pretty: bool = True
) -> None:
    """Write the output directory; raises `EngineFailure` when the disk does not take it."""
    try:
        write_cluster(
            Path(folder), model.content, suffix_of(session, model), session.release, issued,
            access_to(session, model, issued), indent=2 if is_pretty else None,
        )  # fmt: skip
    except OSError as error:
        raise EngineFailure(f"writing artifacts: {file_doing(error, folder)}") from error
