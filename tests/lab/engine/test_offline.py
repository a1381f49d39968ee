"""What needs no stamp: version, get-versions, help, generate, and what is refused before anybody is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backends.lab.engine.home import write_home
from backends.lab.engine.usage import usage
from tests.lab.engine.cluster import make_cluster
from tests.lab.engine.reading import recorded
from tests.lab.engine.stand import Outcome

_LAUNCH = "import sys; from backends.lab.engine.__main__ import main; sys.exit(main())"

HUMAN = "Version Upgrades\n1.35.0  \n1.34.4  1.35.0\n1.33.10 1.34.4\n"
KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDemo demo"
FORCED = ["apimodel_forced", "apimodel_forced", "docker_to_containerd"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True)
    (folder / ".ssh" / "known_hosts").touch()
    return folder


def _run(home: Path, *arguments: str, release: str = "v0.85.0", limit_kib: int = 0) -> Outcome:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "AKSE_SIM_SPEED": "1000", "AKSE_SIM_SEED": "1",
                   "AKSE_SIM_RELEASE": release, "TMPDIR": str(home)}  # fmt: skip
    command = [sys.executable, "-I", "-c", _LAUNCH, *arguments]
    if limit_kib:
        command = ["bash", "-c", f'ulimit -f {limit_kib}; exec "$@"', "bash", *command]
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


def _define(home: Path, **masters: Any) -> dict[str, Any]:
    """Return a definition with its environment filled in, so that nobody has to be asked for it."""
    write_home(home, make_cluster())
    whole = json.loads((home / "_output" / "k8s-orlando" / "apimodel.json").read_text())["properties"]
    definition: dict[str, Any] = json.loads((home / "kubernetes.json").read_text())
    properties = definition["properties"]
    properties["customCloudProfile"] = whole["customCloudProfile"]
    properties["linuxProfile"]["ssh"]["publicKeys"] = [{"keyData": KEY}]
    properties["masterProfile"] |= masters
    return definition


def _generate(home: Path, definition: dict[str, Any], *more: str) -> Outcome:
    (home / "cluster.json").write_text(json.dumps(definition))
    return _run(home, "generate", "-m", "cluster.json", "-o", "out", *more)


def test_version_tells_that_it_is_simulated(home: Path) -> None:
    human, asjson, wrong = _run(home, "version"), _run(home, "version", "-o", "json"), _run(home, "version", "-o", "x")

    assert [line.partition(":")[0] for line in human.out.splitlines()] == ["Version", "GitCommit", "GitTreeState"]
    assert human.out.startswith("Version: v0.85.0\n")
    assert human.out.endswith("GitTreeState: simulated\n")
    assert json.loads(asjson.out)["GitTag"] == "v0.85.0"
    assert asjson.out.endswith("}\n\n")
    assert (wrong.code, wrong.error) == (1, 'output format "x" is not supported')
    assert _run(home, "version", release="v0.82.2").out.startswith("Version: v0.82.2\n")


def test_missing_known_hosts_are_said_first(home: Path) -> None:
    (home / ".ssh" / "known_hosts").unlink()

    outcome = _run(home, "version")

    assert outcome.code == 0
    assert outcome.err.endswith(f'level=warning msg="failed to open file {home}/.ssh/known_hosts"\n')


def test_get_versions_prints_the_table_of_the_release(home: Path) -> None:
    assert _run(home, "get-versions", "--azure-env", "AzureStackCloud").out == HUMAN
    assert _run(home, "get-versions", "--azure-env", "Foo").out == HUMAN
    assert _run(home, "get-versions", "--version", "1.33.10").out == "Version Upgrades\n1.33.10 1.34.4\n"
    assert _run(home, "get-versions", "--version", "1.31.13").out == "Version Upgrades\n1.31.13 1.33.10\n"
    unknown = _run(home, "get-versions", "--version", "notaversion")
    assert (unknown.code, unknown.error) == (1, "Kubernetes version notaversion is not supported")
    older = _run(home, "get-versions", release="v0.84.2")
    assert older.out == "Version Upgrades\n1.33.5  \n1.32.9  1.33.5\n1.31.13 1.32.9\n"


def test_get_versions_as_json(home: Path) -> None:
    outcome = _run(home, "get-versions", "-o", "json")

    first, second, last = json.loads(outcome.out)["orchestrators"]
    assert first == {
        "orchestratorType": "Kubernetes", "orchestratorVersion": "1.33.10", "default": True,
        "upgrades": [{"orchestratorType": "", "orchestratorVersion": "1.34.4"}],
    }  # fmt: skip
    assert "default" not in second
    assert last == {"orchestratorType": "Kubernetes", "orchestratorVersion": "1.35.0"}
    assert outcome.out.endswith("}\n\n")


def test_help_and_no_arguments(home: Path) -> None:
    from backends.lab.engine.flags import COMMANDS, ROOT

    bare, asked, topic = _run(home), _run(home, "help", "upgrade"), _run(home, "help", "nothing")

    assert (bare.code, bare.out, bare.err) == (0, "", usage(ROOT))
    assert asked.out == _run(home, "upgrade", "--help").out
    assert asked.out.endswith(usage(COMMANDS["upgrade"]))
    assert topic.code == 0
    assert topic.err.startswith("Unknown help topic [`nothing`]\n")
    assert json.loads(_run(home, "--show-default-model").out)["apiVersion"] == "vlabs"


def test_completion_is_a_script_bash_takes(home: Path) -> None:
    script = _run(home, "completion").out

    asked = "source /dev/stdin; COMP_WORDS=(aks-engine-azurestack up) COMP_CWORD=1; "
    asked += '__aks_engine_azurestack_complete; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", asked], input=script, capture_output=True, text=True, check=True)
    assert done.stdout == "upgrade\n"


@pytest.mark.parametrize(
    ("scenario", "arguments"),
    [
        ("46-deploy-noloc", ["deploy", "-m", "kubernetes.json"]),
        ("47-deploy-missing-apimodel", ["deploy", "-m", "nope.json", "-l", "orlando"]),
        ("51-addpool-noflags", ["addpool"]),
        ("53-rotate-noflags", ["rotate-certs"]),
        ("54-getlogs-noflags", ["get-logs"]),
    ],
)
def test_wrong_flags_are_refused_in_the_words_of_the_real_one(home: Path, scenario: str, arguments: list[str]) -> None:
    write_home(home, make_cluster())

    outcome = _run(home, *arguments)

    outcome.agrees_with(scenario)
    assert outcome.error == recorded(scenario)["E"][0].names["text"]
    assert outcome.err.count("Usage:\n") == (2 if scenario == "51-addpool-noflags" else 1)


def test_deploy_without_a_model_ends_where_the_public_cloud_would_be_asked(home: Path) -> None:
    outcome = _run(home, "deploy", "-l", "orlando")

    assert outcome.code == 2
    assert "no --api-model was specified, using default model" in outcome.out
    assert outcome.err.startswith("panic: runtime error")


def test_generate_writes_everything_and_asks_nobody(home: Path) -> None:
    outcome = _generate(home, _define(home), "--client-id", "c", "--client-secret", "s")

    assert outcome.code == 0, outcome.err
    assert outcome.ids("O") == ["gen_assets", *FORCED], outcome.out
    assert outcome.err == ""
    names = {each.name for each in (home / "out").iterdir()}
    assert {"apimodel.json", "azuredeploy.json", "ca.key", "kubeconfig"} <= names
    written = json.loads((home / "out" / "apimodel.json").read_text())["properties"]
    assert written["servicePrincipalProfile"] == {"clientId": "c", "secret": "s"}
    assert written["orchestratorProfile"]["kubernetesConfig"]["containerRuntime"] == "containerd"


def test_generate_asks_for_the_stamp_the_definition_does_not_describe(home: Path) -> None:
    definition = _define(home)
    definition["properties"]["customCloudProfile"] = {"portalURL": "https://portal.orlando.azurestack.external"}

    known = _generate(home, definition)
    (home / ".aks-engine-azurestack" / "lab-stamp.json").unlink()
    unknown = _generate(home, definition)

    url = "https://management.orlando.azurestack.external/metadata/endpoints?api-version=1.0"
    for outcome, cause in (
        (known, "dial tcp 127.0.0.1:1: connect: connection refused"),
        (unknown, "dial tcp: lookup management.orlando.azurestack.external on 127.0.0.53:53: no such host"),
    ):
        assert (outcome.code, outcome.ids("O")) == (1, ["gen_assets"])
        assert outcome.error == (
            f'in SetPropertiesDefaults template cluster.json: Failed to set environment - Get "{url}": {cause} . '
            f"apimodel invalid: failed to retrieve custom endpoints from metadataURL {url}"
        )


def test_generate_parameters_only_and_with_an_authority(home: Path) -> None:
    definition = _define(home)
    source = home / "_output" / "k8s-orlando"
    authority = ("--ca-certificate-path", str(source / "ca.crt"), "--ca-private-key-path", str(source / "ca.key"))

    only = _generate(home, definition, "--parameters-only")
    names = [each.name for each in (home / "out").iterdir()]
    half = _generate(home, definition, *authority[:2])
    whole = _generate(home, definition, "--no-pretty-print", *authority)

    assert (only.code, names) == (0, ["azuredeploy.parameters.json"])
    assert half.error.endswith("--ca-certificate-path and --ca-private-key-path must be specified together")
    assert whole.code == 0
    assert (home / "out" / "ca.crt").read_bytes() == (source / "ca.crt").read_bytes()
    assert (home / "out" / "azuredeploy.json").read_text().count("\n") == 1


def test_generate_on_a_full_disk_says_which_file_it_could_not_write(home: Path) -> None:
    (home / "cluster.json").write_text(json.dumps(_define(home)))

    # A file that may not grow beyond some kilobytes is as good as a full disk.
    outcome = _run(home, "generate", "-m", "cluster.json", "-o", "out", limit_kib=8)

    assert outcome.code == 1
    assert outcome.error == "writing artifacts: write out/apimodel.json: no space left on device"


def test_one_master_is_warned_of(home: Path) -> None:
    outcome = _generate(home, _define(home, count=1))

    assert outcome.code == 0, outcome.err
    assert outcome.ids("O") == ["one_master_warn", "gen_assets", *FORCED], outcome.out


_VALUES = "validating API model after populating values: "
_LOADING = "loading API model in generateCmd: "


@pytest.mark.parametrize(
    ("path", "value", "text", "ids"),
    [
        (
            "agentPoolProfiles.0.name", "Linux-Pool",
            f"{_VALUES}pool name 'Linux-Pool' is invalid. A pool name must start with a lowercase letter, have max "
            "length of 12, and only have characters a-z0-9", [],
        ),
        (
            "orchestratorProfile", {"orchestratorVersion": "1.31.13"},
            f'{_LOADING}error parsing the api model: the following OrchestratorProfile configuration is not supported '
            'on Azure Stack: OrchestratorType: "Kubernetes", OrchestratorRelease: "1.31", OrchestratorVersion: '
            '"1.31.13". Please use one of the following versions: [1.33.10 1.34.4 1.35.0]', [],
        ),
        (
            "masterProfile.distro", "aks-ubuntu-18.04", f"{_LOADING}invalid master profile distro 'aks-ubuntu-18.04'",
            ["distro_unsupported"],
        ),
        ("masterProfile.count", 2, f"{_VALUES}MasterProfile count needs to be 1, 3, or 5", []),
        ("masterProfile.dnsPrefix", "", f"{_VALUES}missing Properties.MasterProfile.DNSPrefix", []),
        (
            "linuxProfile.ssh.publicKeys", [],
            f"{_VALUES}Namespace Properties.LinuxProfile.SSH.PublicKeys is not caught, Key: "
            "'Properties.LinuxProfile.SSH.PublicKeys' Error:Field validation for 'PublicKeys' failed on the 'min' tag",
            [],
        ),
        (
            "customCloudProfile.portalURL", "https://portal.elsewhere.azurestack.external",
            f"{_VALUES}portalURL needs to start with https://portal.orlando. ", [],
        ),
        (
            "agentPoolProfiles.0.availabilityProfile", "VirtualMachineScaleSets",
            f"{_VALUES}agentPoolProfiles[linuxpool].availabilityProfile should be set to 'AvailabilitySet' on Azure "
            "Stack clouds", [],
        ),
        ("agentPoolProfiles.0.count", 0, f"{_VALUES}AgentPoolProfile count needs to be in the range [1,100]", []),
        ("agentPoolProfiles.0.count", "3", f"{_VALUES}AgentPoolProfile count needs to be in the range [1,100]", []),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_refused_in_the_words_of_the_real_one(
    home: Path, path: str, value: object, text: str, ids: list[str]
) -> None:
    definition = _define(home)
    parent: Any = definition["properties"]
    *keys, last = path.split(".")
    for key in keys:
        parent = parent[int(key)] if isinstance(parent, list) else parent[key]
    parent[last] = value

    outcome = _generate(home, definition)

    assert (outcome.code, outcome.error) == (1, text)
    assert outcome.ids("O") == ids
    assert not (home / "out").exists()
