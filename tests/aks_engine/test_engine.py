"""The engine asked on its VM: version, offers, command lines, and the jobs it is given, run by a real shell."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from backends.aks_engine.engine import AksEngine
from backends.errors import Forbidden, Invalid, Malformed, NotFound, UsageError
from backends.model.azure_stack import EngineCredentials
from backends.model.engine.command import Deploy, EngineCommand, Scale, Upgrade
from backends.model.redact import MASK
from tests.aks_engine.local_vm import CLIENT, LocalVm, arm_access, vm_access, write_program
from tests.aks_engine.model_files import SECRET, api_model, write_output
from tests.support.clock import ManualClock

VERSION = '{\n  "GitTag": "v0.85.0",\n  "GitCommit": "ff9dfe936",\n  "GitTreeState": "clean"\n}\n'
OFFERS = {
    "orchestrators": [
        {
            "orchestratorType": "Kubernetes",
            "orchestratorVersion": "1.33.5",
            "default": True,
            "upgrades": [
                {"orchestratorType": "", "orchestratorVersion": "1.34.4"},
                {"orchestratorType": "", "orchestratorVersion": "1.33.10"},
            ],
        }
    ]
}
NOTED = """printf '%s\\n' "$@" > "$HOME/arguments"
env > "$HOME/environment"
umask > "$HOME/umask"
exit 7"""


@pytest.fixture
def vm(tmp_path: Path) -> LocalVm:
    return LocalVm(tmp_path, vm_access())


def engine_on(vm: LocalVm, **arm: object) -> AksEngine:
    return AksEngine(vm, arm_access(**arm), ManualClock())


def prints(vm: LocalVm, text: str, *, status: int = 0, errors: str = "") -> None:
    (vm.home / "said").write_text(text)
    (vm.home / "errors").write_text(errors)
    script = f'cat "$HOME/said"; cat "$HOME/errors" >&2; printf "%s " "$@" > "$HOME/asked"; exit {status}'
    write_program(vm.home, "aks-engine-azurestack", script)


async def test_its_version_is_read_in_both_forms(vm: LocalVm) -> None:
    prints(vm, VERSION, errors="warning: failed to open file /home/azureuser/.ssh/known_hosts\n")
    assert await engine_on(vm).version() == "v0.85.0"
    prints(vm, "Version: v0.43.0\nGitCommit: 8928a4094\nGitTreeState: clean\n")
    assert await engine_on(vm).version() == "v0.43.0"


@pytest.mark.parametrize("said", ["", "{", '{"GitTag": 3}', "[]", "Usage:\n", '{"GitTag": "v1; reboot"}'])
async def test_another_answer_is_malformed(vm: LocalVm, said: str) -> None:
    prints(vm, said)
    with pytest.raises(Malformed, match="version could not be read"):
        await engine_on(vm).version()


async def test_an_engine_that_is_not_there_is_told_apart_from_one_that_fails(vm: LocalVm) -> None:
    with pytest.raises(NotFound, match="there is no aks-engine-azurestack on the helper VM"):
        await engine_on(vm).version()
    prints(vm, "", status=2, errors="panic: runtime error --client-secret hunter2hunter2\n")
    with pytest.raises(Malformed, match="ended with 2: panic") as caught:
        await engine_on(vm).version()
    assert "hunter2" not in str(caught.value)
    write_program(vm.home, "aks-engine-azurestack", "").chmod(0o644)
    with pytest.raises((Forbidden, NotFound)):
        await engine_on(vm).version()


async def test_offers_are_read_oldest_first(vm: LocalVm) -> None:
    prints(vm, f"some notice\n{json.dumps(OFFERS, indent=2)}\n\n")
    assert await engine_on(vm).offered("1.33.5") == ("1.33.10", "1.34.4")
    asked = (vm.home / "asked").read_text()
    assert asked == "get-versions --azure-env AzureStackCloud --version 1.33.5 -o json "
    assert await engine_on(vm).offered("1.33.10") == ()


async def test_a_version_it_does_not_know_is_told(vm: LocalVm) -> None:
    prints(vm, "", status=1, errors="Error: Kubernetes version 1.99.0 is not supported\nUsage:\n")
    with pytest.raises(Invalid, match=r"does not know 1\.99\.0"):
        await engine_on(vm).offered("1.99.0")
    with pytest.raises(Invalid, match="is no version"):
        await engine_on(vm).offered("1.33; reboot")


@pytest.mark.parametrize(
    "entries",
    [
        [{"orchestratorVersion": "1.33.5"}],
        [{"orchestratorVersion": "1.33.5", "upgrades": None}],
        [{"orchestratorVersion": "1.33.5", "upgrades": ["1.34.4", {"orchestratorVersion": 3}, {}]}],
        ["1.33.5", None, {}],
        [],
    ],
)
async def test_offers_of_another_shape_say_nothing(vm: LocalVm, entries: list[object]) -> None:
    prints(vm, json.dumps({"orchestrators": entries}))
    assert await engine_on(vm).offered("1.33.5") == ()


async def test_offers_that_are_none_are_malformed(vm: LocalVm) -> None:
    for said in ('{"orchestrators": 3}', "1.33.10 1.34.4", ""):
        prints(vm, said)
        with pytest.raises(Malformed):
            await engine_on(vm).offered("1.33.5")


async def test_the_environment_of_fleet_yaml_is_the_engines(tmp_path: Path) -> None:
    access = vm_access(environment=(("SSL_CERT_FILE", "~/it's ca.pem"), ("HTTPS_PROXY", "http://proxy:8080")))
    vm = LocalVm(tmp_path, access)
    write_program(tmp_path, "aks-engine-azurestack", 'printf "Version: v0.85.0\\n"; env > "$HOME/environment"')
    await engine_on(vm).version()
    seen = (tmp_path / "environment").read_text()
    assert f"SSL_CERT_FILE={tmp_path}/it's ca.pem\n" in seen and "HTTPS_PROXY=http://proxy:8080\n" in seen


async def run_job(vm: LocalVm, engine: AksEngine, command: EngineCommand, number: str = "n-1") -> tuple[int, str]:
    """Run a job's script as the runner of jobs does: by `sh`, from a file."""
    request = engine.job(command, api_model(), number, "olivia@bastion")
    file = vm.home / f"{number}.cmd"
    file.write_text(request.script)
    process = await asyncio.create_subprocess_exec(
        "sh", str(file), cwd="/", env=vm.environment, stdout=-1, stderr=-2, stdin=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_a_job_copies_the_api_model_mends_modes_and_becomes_the_engine(vm: LocalVm) -> None:
    path = write_output(vm.home)
    path.chmod(0o644)
    path.parent.chmod(0o755)
    path.with_name("ca.key").chmod(0o640)
    write_program(vm.home, "aks-engine-azurestack", NOTED)
    code, said = await run_job(vm, engine_on(vm), Upgrade("1.34.4"))
    assert code == 7
    (copy,) = (path.parent / "apimodel-copies").iterdir()
    assert copy.read_bytes() == path.read_bytes() and copy.name.endswith("-n-1.json")
    assert said == f"stampdeck: copied the api model to {copy}\n"
    modes = {each: oct(each.stat().st_mode & 0o777) for each in (copy, copy.parent, path, path.parent)}
    assert modes == {copy: "0o600", copy.parent: "0o700", path: "0o600", path.parent: "0o700"}
    assert path.with_name("ca.key").stat().st_mode & 0o777 == 0o600
    arguments = (vm.home / "arguments").read_text().splitlines()
    assert arguments[:3] == ["upgrade", "--upgrade-version", "1.34.4"]
    assert arguments[arguments.index("--api-model") + 1] == str(path)
    assert arguments[arguments.index("--private-key-path") + 1] == str(vm.home / "sp/key.pem")
    assert (vm.home / "umask").read_text().strip() == "0077"


async def test_the_newest_ten_copies_are_kept(vm: LocalVm) -> None:
    path = write_output(vm.home)
    write_program(vm.home, "aks-engine-azurestack", NOTED)
    copies = path.parent / "apimodel-copies"
    copies.mkdir()
    for day in range(10, 25):
        (copies / f"apimodel-202001{day}T000000Z-old.json").write_text("{}")
    await run_job(vm, engine_on(vm), Upgrade("1.34.4"))
    names = sorted(each.name for each in copies.iterdir())
    assert len(names) == 10 and names[0].startswith("apimodel-20200116") and names[-1].endswith("-n-1.json")


async def test_without_a_copy_nothing_is_started(vm: LocalVm) -> None:
    path = write_output(vm.home)
    write_program(vm.home, "aks-engine-azurestack", NOTED)
    (path.parent / "apimodel-copies").write_text("in the way")
    code, said = await run_job(vm, engine_on(vm), Upgrade("1.34.4"))
    assert code == 73 and "nothing was started" in said
    assert not (vm.home / "arguments").exists()


async def test_without_an_engine_nothing_is_touched(vm: LocalVm) -> None:
    path = write_output(vm.home)
    code, said = await run_job(vm, engine_on(vm), Upgrade("1.34.4"))
    assert code == 127 and "there is no aks-engine-azurestack" in said
    assert not (path.parent / "apimodel-copies").exists()


async def test_a_secret_is_read_on_the_vm_and_given_to_the_engine_alone(vm: LocalVm) -> None:
    write_output(vm.home)
    write_program(vm.home, "aks-engine-azurestack", NOTED)
    file = vm.home / "sp-secret"
    file.write_text(f"{SECRET}\r\n")
    file.chmod(0o600)
    engine = engine_on(vm, engine=EngineCredentials(CLIENT, secret_file="~/sp-secret"))
    code, said = await run_job(vm, engine, Scale("linuxpool", 5))
    arguments = (vm.home / "arguments").read_text().splitlines()
    assert code == 7 and arguments[-2:] == ["--client-secret", SECRET]
    request = engine.job(Scale("linuxpool", 5), api_model(), "n-1", "olivia@bastion")
    for place in (request.script, json.dumps(request.meta), said, (vm.home / "environment").read_text()):
        assert SECRET not in place


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (None, 0o600, "is missing"),
        ("", 0o600, "is empty"),
        (SECRET, 0o644, "can be read by others"),
        (SECRET, 0o640, "can be read by others"),
    ],
)
async def test_a_secret_that_cannot_be_used_starts_nothing(
    vm: LocalVm, content: str | None, mode: int, why: str
) -> None:
    write_output(vm.home)
    write_program(vm.home, "aks-engine-azurestack", NOTED)
    if content is not None:
        (vm.home / "sp-secret").write_text(content)
        (vm.home / "sp-secret").chmod(mode)
    engine = engine_on(vm, engine=EngineCredentials(CLIENT, secret_file="~/sp-secret"))
    code, said = await run_job(vm, engine, Upgrade("1.34.4"))
    assert code == 77 and why in said and SECRET not in said
    assert not (vm.home / "arguments").exists()


async def test_a_deployment_has_no_api_model_to_copy_yet(vm: LocalVm) -> None:
    write_program(vm.home, "aks-engine-azurestack", NOTED)
    request = engine_on(vm).job(Deploy("~/new site/kubernetes.json", "_output/new"), None, "n-2", "olivia")
    assert request.lock == "~/new site"
    code, said = await run_job(vm, engine_on(vm), Deploy("~/new site/kubernetes.json", "_output/new"), "n-2")
    arguments = (vm.home / "arguments").read_text().splitlines()
    assert (code, said) == (7, "")
    assert arguments[:3] == ["deploy", "--output-directory", str(vm.home / "_output/new")]
    assert arguments[arguments.index("--api-model") + 1] == str(vm.home / "new site/kubernetes.json")


async def test_what_is_kept_beside_a_job_says_who_wanted_what(vm: LocalVm) -> None:
    prints(vm, VERSION)
    engine = engine_on(vm, engine=EngineCredentials(CLIENT, secret_file="~/sp-secret"))
    await engine.version()
    request = engine.job(Upgrade("1.34.4"), api_model(), "n-3", "olivia@bastion")
    meta = request.meta
    assert (meta["who"], meta["stamp"], meta["operation"]) == ("olivia@bastion", "orlando", "upgrade")
    assert meta["engine"] == "v0.85.0" and meta["api_model_sha256"] == "ab" * 32
    assert meta["argv"][-2:] == ["--client-secret", MASK]
    assert meta["command"].endswith(f"--client-secret {MASK}")
    assert meta["parameters"] == {"word": "upgrade", "version": "1.34.4", "force": False, "control_plane_only": False}
    assert request.lock == "~/_output/k8s-orlando"
    assert json.loads(json.dumps(meta)) == meta


def test_a_job_that_would_go_wrong_is_not_made(vm: LocalVm) -> None:
    with pytest.raises(UsageError):
        engine_on(vm).job(Scale("linuxpool", 3), api_model(), "n-4", "olivia")
    assert engine_on(vm).shown(Scale("linuxpool", 4), api_model()).startswith("aks-engine-azurestack scale ")


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
async def test_every_shell_of_a_vm_runs_the_script(vm: LocalVm, shell: str) -> None:
    found = next((each for each in (f"/bin/{shell}", f"/usr/bin/{shell}") if os.access(each, os.X_OK)), None)
    if found is None:
        pytest.skip(f"{shell} is not on this machine")
    (vm.home / "bin").mkdir()
    (vm.home / "bin" / "sh").symlink_to(found)
    write_output(vm.home)
    write_program(vm.home, "aks-engine-azurestack", NOTED)
    (vm.home / "sp-secret").write_text(SECRET)
    (vm.home / "sp-secret").chmod(0o600)
    engine = engine_on(vm, engine=EngineCredentials(CLIENT, secret_file="~/sp-secret"))
    code, _ = await run_job(vm, engine, Upgrade("1.34.4"))
    assert code == 7 and (vm.home / "arguments").read_text().splitlines()[-1] == SECRET
    assert (await engine.api_model()).version == "1.33.10"
