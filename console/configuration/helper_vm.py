"""Helper VMs and the stamps' ARM, from the file's sections to plain values."""

from __future__ import annotations

from pathlib import Path

from backends.model.azure_stack import AzureStackAccess, EngineCredentials, ReaderCredentials
from backends.model.helper_vm import HelperVmAccess, SshHop
from console.configuration.models import AzureStackSection, HelperVmSection, SshHostSection
from console.configuration.paths import whole_path


def helper_vm_of(section: HelperVmSection, folder: Path) -> HelperVmAccess:
    """Return how a helper VM is reached and where its things are."""
    return HelperVmAccess(
        hop=_hop(section, folder),
        jumps=tuple(_hop(each, folder) for each in section.jump),
        engine=section.engine,
        api_model=section.api_model,
        environment=tuple(section.environment.items()),
    )


def azure_stack_of(section: AzureStackSection, folder: Path) -> AzureStackAccess:
    """Return how a stamp's ARM is reached and what of it belongs to the cluster."""
    engine, reader = section.engine, section.reader
    return AzureStackAccess(
        management=section.management.rstrip("/"),
        subscription=section.subscription.lower(),
        resource_group=section.resource_group,
        location=section.location,
        identity_system=section.identity_system,
        tenant=section.tenant,
        ca_file=_path(section.ca_file, folder),
        engine=EngineCredentials(engine.client_id, engine.certificate, engine.private_key, engine.secret_file)
        if engine
        else None,
        reader=ReaderCredentials(
            reader.client_id, _path(reader.secret_file, folder), _path(reader.certificate_file, folder)
        )
        if reader
        else None,
    )


def _hop(section: SshHostSection, folder: Path) -> SshHop:
    keys = tuple(whole_path(each, folder) for each in section.key_files)
    return SshHop(section.host, section.user, section.port, keys, section.agent, section.host_key)


def _path(written: str | None, folder: Path) -> Path | None:
    return whole_path(written, folder) if written else None
