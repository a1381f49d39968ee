"""The command line of aks-engine for what is asked, by the flags its `--help` lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from backends.aks_engine.validation import check
from backends.aks_engine.vm_paths import from_home, shell_word, shell_words, typed_words
from backends.errors import ConfigurationError
from backends.model.azure_stack import AzureStackAccess, EngineCredentials
from backends.model.engine.api_model import ApiModel
from backends.model.engine.command import AddPool, Deploy, EngineCommand, GetLogs, RotateCerts, Scale, Upgrade
from backends.model.helper_vm import HelperVmAccess
from backends.model.redact import MASK

T = TypeVar("T")

SECRET_VARIABLE = "secret"
"""The shell variable of a job's script that holds a client secret on the VM; never exported."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The words of a call, none of them secret; with `secret_file` the secret is added to them on the VM alone."""

    words: tuple[str, ...]
    secret_file: str = ""

    @property
    def shown(self) -> str:
        """The line as a person would type it."""
        return typed_words(self.words) + (f" --client-secret {MASK}" if self.secret_file else "")

    @property
    def argv(self) -> tuple[str, ...]:
        """The words as they may be recorded."""
        return (*self.words, "--client-secret", MASK) if self.secret_file else self.words

    @property
    def script(self) -> str:
        """The line as it stands in a script that has read the secret into `SECRET_VARIABLE`."""
        return shell_words(self.words) + (f' --client-secret "${SECRET_VARIABLE}"' if self.secret_file else "")


def command_line(
    command: EngineCommand, model: ApiModel | None, vm: HelperVmAccess, arm: AzureStackAccess | None, stamp: str
) -> CommandLine:
    """Return the checked command line.

    Raises UsageError for what aks-engine would refuse, ConfigurationError when fleet.yaml lacks something it needs.
    """
    check(command, model)
    arm = _configured(arm, "azure_stack", "it says which subscription and resource group the cluster is in", stamp)
    words = [*engine_words(vm), command.WORD, *_what(command, model), *_model_of(command, vm, stamp)]
    words += ["--location", arm.location]
    if isinstance(command, GetLogs):
        # The only one that asks the nodes alone, and has no flags for a login.
        return CommandLine(tuple(words))
    why = "aks-engine logs in with it"
    credentials = _configured(arm.engine, "azure_stack.engine", why, stamp)
    words += ["--resource-group", arm.resource_group, "--subscription-id", arm.subscription]
    words += ["--azure-env", "AzureStackCloud", "--identity-system", arm.identity_system.value]
    return CommandLine((*words, *_login(credentials)), from_home(credentials.secret_file) if _by_secret(arm) else "")


def engine_words(vm: HelperVmAccess) -> list[str]:
    """Return the program: a name to be looked up, or a path."""
    return [from_home(vm.engine) if "/" in vm.engine else vm.engine]


def api_model_path(vm: HelperVmAccess, stamp: str) -> str:
    """Return the path of the cluster's api model; ConfigurationError when it is not configured."""
    if not vm.api_model:
        raise ConfigurationError(
            "where the api model is on the helper VM is not known",
            todo="give helper_vm.api_model in fleet.yaml: the path of apimodel.json that deploy wrote",
            stamp=stamp,
        )
    return from_home(vm.api_model)


def environment_lines(vm: HelperVmAccess) -> list[str]:
    """Return the lines of a script that set the engine's environment; ConfigurationError for a name that is none."""
    for name, _ in vm.environment:
        if _VARIABLE.fullmatch(name) is None:
            raise ConfigurationError(f"helper_vm.environment: {name!r} is no name of a variable")
    return [f"export {name}={shell_word(value)}" for name, value in vm.environment]


def _what(command: EngineCommand, model: ApiModel | None) -> list[str]:
    """Return the flags that say what is to be done."""
    if isinstance(command, Upgrade):
        flags = ["--upgrade-version", command.version]
        return flags + _flag("--force", command.force) + _flag("--control-plane-only", command.control_plane_only)
    if isinstance(command, Scale):
        flags = ["--node-pool", command.pool, "--new-node-count", str(command.count)]
        # Also when it grows: with it aks-engine prints the nodes before and after.
        return flags + (["--apiserver", model.api_server] if model and model.api_server else [])
    if isinstance(command, AddPool):
        return ["--node-pool", from_home(command.profile)]
    if isinstance(command, Deploy):
        return ["--output-directory", from_home(command.output)]
    return _over_ssh(command)


def _over_ssh(command: RotateCerts | GetLogs) -> list[str]:
    flags = ["--ssh-host", command.ssh_host, "--linux-ssh-private-key", from_home(command.ssh_key)]
    if isinstance(command, RotateCerts):
        return flags
    named = ["--vm-names", ",".join(command.machines)] if command.machines else []
    return flags + named + _flag("--control-plane-only", command.control_plane_only)


def _model_of(command: EngineCommand, vm: HelperVmAccess, stamp: str) -> list[str]:
    model = from_home(command.model) if isinstance(command, Deploy) else api_model_path(vm, stamp)
    return ["--api-model", model]


def _login(credentials: EngineCredentials) -> list[str]:
    flags = ["--client-id", credentials.client_id]
    if not credentials.certificate:
        return [*flags, "--auth-method", "client_secret"]
    pair = ["--certificate-path", from_home(credentials.certificate)]
    pair += ["--private-key-path", from_home(credentials.private_key)]
    return [*flags, "--auth-method", "client_certificate", *pair]


def _by_secret(arm: AzureStackAccess) -> bool:
    return arm.engine is not None and not arm.engine.certificate and bool(arm.engine.secret_file)


def _flag(name: str, given: bool) -> list[str]:
    return [name] if given else []


def _configured(value: T | None, what: str, why: str, stamp: str) -> T:
    if value is None:
        raise ConfigurationError(f"fleet.yaml has no {what} for it", why=why, todo=f"add {what}", stamp=stamp)
    return value
