"""Command lines of aks-engine: the flags of its help, no secret in them, and what is refused before anything runs."""

from __future__ import annotations

import shlex

import pytest

from backends.aks_engine.commands import command_line, environment_lines
from backends.aks_engine.vm_paths import folder_of, shell_word, typed_word
from backends.errors import ConfigurationError, StampdeckError, UsageError
from backends.model.azure_stack import EngineCredentials, IdentitySystem
from backends.model.engine.command import AddPool, Deploy, EngineCommand, GetLogs, RotateCerts, Scale, Upgrade
from backends.model.redact import MASK
from tests.aks_engine.local_vm import CLIENT, MODEL, SUBSCRIPTION, arm_access, vm_access
from tests.aks_engine.model_files import api_model

LOGIN = (
    f"--resource-group k8s-orlando --subscription-id {SUBSCRIPTION} --azure-env AzureStackCloud "
    f"--identity-system azure_ad --client-id {CLIENT} --auth-method client_certificate "
    "--certificate-path ~/sp/client.pem --private-key-path ~/sp/key.pem"
)
SERVER = "k8s-orlando.orlando.cloudapp.azurestack.external"
MODEL_AND_LOCATION = f"--api-model {MODEL} --location orlando"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (Upgrade("1.34.4"), f"upgrade --upgrade-version 1.34.4 {MODEL_AND_LOCATION} {LOGIN}"),
        (Upgrade("1.33.10", force=True), f"upgrade --upgrade-version 1.33.10 --force {MODEL_AND_LOCATION} {LOGIN}"),
        (
            Upgrade("1.34.4", control_plane_only=True),
            f"upgrade --upgrade-version 1.34.4 --control-plane-only {MODEL_AND_LOCATION} {LOGIN}",
        ),
        (
            Scale("linuxpool", 5),
            f"scale --node-pool linuxpool --new-node-count 5 --apiserver {SERVER} {MODEL_AND_LOCATION} {LOGIN}",
        ),
        (
            Scale("linuxpool", 1),
            f"scale --node-pool linuxpool --new-node-count 1 --apiserver {SERVER} {MODEL_AND_LOCATION} {LOGIN}",
        ),
        (AddPool("pool2.json"), f"addpool --node-pool ~/pool2.json {MODEL_AND_LOCATION} {LOGIN}"),
        (
            Deploy("kubernetes.json", "_output/new"),
            f"deploy --output-directory ~/_output/new --api-model ~/kubernetes.json --location orlando {LOGIN}",
        ),
        (
            RotateCerts("10.0.0.4", "~/.ssh/id_rsa"),
            f"rotate-certs --ssh-host 10.0.0.4 --linux-ssh-private-key ~/.ssh/id_rsa {MODEL_AND_LOCATION} {LOGIN}",
        ),
        (
            GetLogs("master.example", "/keys/id_rsa", ("k8s-master-12582595-0", "k8s-linuxpool-12582595-1")),
            "get-logs --ssh-host master.example --linux-ssh-private-key /keys/id_rsa "
            f"--vm-names k8s-master-12582595-0,k8s-linuxpool-12582595-1 {MODEL_AND_LOCATION}",
        ),
        (
            GetLogs("10.0.0.4", "/keys/id_rsa", control_plane_only=True),
            "get-logs --ssh-host 10.0.0.4 --linux-ssh-private-key /keys/id_rsa --control-plane-only "
            f"{MODEL_AND_LOCATION}",
        ),
    ],
    ids=lambda each: each.split()[0] if isinstance(each, str) else type(each).__name__,
)
def test_lines_have_the_flags_of_the_real_program(command: EngineCommand, line: str) -> None:
    found = command_line(command, api_model(), vm_access(), arm_access(), "orlando")
    assert found.shown == f"aks-engine-azurestack {line}"
    assert found.argv == tuple(shlex.split(found.shown))


def test_a_secret_is_named_by_its_file_and_shown_nowhere() -> None:
    arm = arm_access(engine=EngineCredentials(CLIENT, secret_file="~/sp/secret"), identity_system=IdentitySystem.ADFS)
    found = command_line(Upgrade("1.34.4"), api_model(), vm_access(), arm, "orlando")
    assert found.secret_file == "~/sp/secret"
    assert found.shown.endswith(f"--auth-method client_secret --client-secret {MASK}")
    assert "--identity-system adfs" in found.shown
    assert found.argv[-2:] == ("--client-secret", MASK)
    assert found.script.endswith('--client-secret "$secret"')


def test_a_certificate_is_preferred() -> None:
    both = arm_access(engine=EngineCredentials(CLIENT, "~/c.pem", "~/k.pem", "~/secret"))
    found = command_line(Upgrade("1.34.4"), api_model(), vm_access(), both, "orlando")
    assert found.secret_file == "" and "client_secret" not in found.shown


REFUSED: list[tuple[EngineCommand, str]] = [
    (Upgrade("1.34"), "is no version"),
    (Upgrade("1.34.4; reboot"), "is no version"),
    (Upgrade("1.33.10"), "has 1.33.10 already"),
    (Upgrade("1.35.0"), "skips a minor"),
    (Upgrade("1.33.5"), "is older"),
    (Upgrade("1.34.4", force=True), "same version only"),
    (Scale("linuxpool", 3), "has 3 nodes already"),
    (Scale("linuxpool", 0), "cannot be scaled to 0"),
    (Scale("linuxpool", -2), "cannot be scaled to -2"),
    (Scale("linuxpool", 101), "cannot have 101 nodes"),
    (Scale("other", 4), "no pool named 'other'"),
    (Scale("master", 5), "no pool named 'master'"),
    (AddPool(""), "is no path"),
    (AddPool("--force"), "is no path"),
    (AddPool("a\nb"), "is no path"),
    (Deploy("kubernetes.json", ""), "is no path"),
    (RotateCerts("-oProxyCommand=x", "k"), "no host name"),
    (RotateCerts("10.0.0.4", ""), "is no path"),
    (GetLogs("10.0.0.4", "k", ("a,b",)), "no name of a machine"),
    (GetLogs("10.0.0.4", "k", ("a",), control_plane_only=True), "either"),
]


@pytest.mark.parametrize(("command", "why"), REFUSED, ids=[f"{c.WORD}-{w}" for c, w in REFUSED])
def test_what_would_go_wrong_is_refused_before_anything(command: EngineCommand, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        command_line(command, api_model(), vm_access(), arm_access(), "orlando")


def test_scaling_down_needs_a_name_for_the_api_server() -> None:
    with pytest.raises(UsageError, match="needs the name of the API server"):
        command_line(Scale("linuxpool", 1), api_model(api_server=""), vm_access(), arm_access(), "orlando")
    with pytest.raises(UsageError, match=r"not 10\.0\.0\.5"):
        command_line(Scale("linuxpool", 1), api_model(api_server="10.0.0.5"), vm_access(), arm_access(), "orlando")
    grown = command_line(Scale("linuxpool", 4), api_model(api_server=""), vm_access(), arm_access(), "orlando")
    assert "--apiserver" not in grown.shown


def test_without_the_api_model_only_deploy_can_be_asked() -> None:
    with pytest.raises(UsageError, match="needs the cluster's api model"):
        command_line(Upgrade("1.34.4"), None, vm_access(), arm_access(), "orlando")
    assert command_line(Deploy("a.json", "out"), None, vm_access(), arm_access(), "orlando").words


def test_what_fleet_yaml_lacks_is_named() -> None:
    for lacking, arm, vm in (
        ("azure_stack", None, vm_access()),
        ("azure_stack.engine", arm_access(engine=None), vm_access()),
        ("helper_vm.api_model", arm_access(), vm_access(api_model="")),
    ):
        with pytest.raises(ConfigurationError, match=lacking) as caught:
            command_line(Upgrade("1.34.4"), api_model(), vm, arm, "orlando")
        assert isinstance(caught.value, StampdeckError) and caught.value.todo
    bad = vm_access(environment=(("A;reboot", "x"),))
    with pytest.raises(ConfigurationError, match="no name of a variable"):
        environment_lines(bad)


def test_an_old_engine_by_its_path() -> None:
    found = command_line(Upgrade("1.34.4"), api_model(), vm_access(engine="bin/aks-engine"), arm_access(), "orlando")
    assert found.shown.startswith("~/bin/aks-engine upgrade ")
    assert found.script.startswith('"$HOME"/bin/aks-engine upgrade ')


@pytest.mark.parametrize(
    ("path", "script", "typed", "folder"),
    [
        ("~/a b/c", "\"$HOME\"/'a b/c'", "~/'a b/c'", "~/a b"),
        ("/x/$(y)", "'/x/$(y)'", "'/x/$(y)'", "/x"),
        ("x/y", "x/y", "x/y", "~/x"),
        ("~/a", '"$HOME"/a', "~/a", "~"),
        ("~", '"$HOME"', "'~'", "/"),
    ],
)
def test_paths_are_quoted_once(path: str, script: str, typed: str, folder: str) -> None:
    assert (shell_word(path), typed_word(path), folder_of(path)) == (script, typed, folder)
