"""The engine on a machine reached through a real OpenSSH server: with noise at login, and with jobs that outlive us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backends.aks_engine.engine import AksEngine
from backends.clock import SystemClock
from backends.errors import Unreachable
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.jobs import VmJobs
from backends.model.azure_stack import EngineCredentials
from backends.model.engine.command import Upgrade
from backends.model.helper_vm import HelperVmAccess, SshHop
from backends.model.job import JobState
from tests.aks_engine.local_vm import CLIENT, MODEL, arm_access, write_program
from tests.aks_engine.model_files import SECRET, SECRETS, write_output
from tests.support.sshd import Sshd, running_sshd
from tests.support.waiting import eventually

OFFERS = '{"orchestrators": [{"orchestratorVersion": "1.33.10", "upgrades": [{"orchestratorVersion": "1.34.4"}]}]}'
ENGINE = f"""case $1 in
version) echo 'Version: v0.85.0' ;;
get-versions) echo '{OFFERS}' ;;
*) tr '\\0' '\\n' < /proc/$$/environ > "$HOME/environment"
   printf 'working\\n'
   while [ ! -e "$HOME/go" ]; do sleep 0.05; done
   printf 'done\\n' ;;
esac"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path / "vm") as found:
        write_output(found.home)
        write_program(found.home, "aks-engine-azurestack", ENGINE)
        (found.home / ".bashrc").write_text("echo Welcome, state missing\nprintf 'end\\n'\n")
        secret = found.home / "sp-secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        yield found


@pytest.fixture
async def vm(machine: Sshd, tmp_path: Path) -> AsyncIterator[HelperVmConnection]:
    known = tmp_path / "known_hosts"
    known.write_text(machine.known_hosts_line())
    known.chmod(0o600)
    access = HelperVmAccess(
        SshHop(machine.host, machine.user, machine.port, (machine.key,), agent=False),
        engine=f"{machine.home}/bin/aks-engine-azurestack",
        api_model=MODEL,
    )
    async with HelperVmConnection("orlando", access, known, SystemClock()) as found:
        yield found


@pytest.fixture
def engine(vm: HelperVmConnection) -> AksEngine:
    credentials = EngineCredentials(CLIENT, secret_file="~/sp-secret")
    return AksEngine(vm, arm_access(engine=credentials), SystemClock(), VmJobs(vm))


async def test_everything_is_asked_at_once_over_one_connection(engine: AksEngine) -> None:
    version, offered, model, facts = await asyncio.gather(
        engine.version(), engine.offered("1.33.10"), engine.api_model(), engine.look(probe=False)
    )
    assert (version, offered, model.version, facts.missing) == ("v0.85.0", ("1.34.4",), "1.33.10", ())
    assert facts.locks_work is True and facts.foreign == ()
    assert not any(secret in model.text for secret in SECRETS)


async def test_a_job_is_found_as_ours_and_an_engine_by_hand_as_foreign(
    engine: AksEngine, vm: HelperVmConnection, machine: Sshd, tmp_path: Path
) -> None:
    jobs = VmJobs(vm)
    model = await engine.api_model()
    await jobs.submit(engine.job(Upgrade("1.34.4"), model, "upgrade-1", "olivia@bastion"))
    assert (await engine.look(probe=False)).foreign == ()
    refused = await jobs.submit(engine.job(Upgrade("1.34.4"), model, "upgrade-2", "peter@bastion"))
    assert (refused.state, refused.holder) == (JobState.REFUSED, "upgrade-1")
    (machine.home / "go").touch()

    async def over() -> bool:
        return (await jobs.status("upgrade-1")).state is JobState.EXITED

    await eventually(over)
    log = b"".join([piece async for piece in jobs.follow("upgrade-1", tmp_path / "log")]).decode()
    assert log.splitlines()[1:] == ["working", "done"] and "copied the api model to" in log
    # The job's own files, its environment and what is told of it hold no secret.
    kept = [each for each in (machine.home / ".local/state/stampdeck").rglob("*") if each.is_file()]
    for each in (*kept, machine.home / "environment"):
        assert SECRET.encode() not in each.read_bytes(), each

    (machine.home / "go").unlink()
    by_hand = asyncio.create_task(
        vm.run(f"sh {machine.home}/bin/aks-engine-azurestack upgrade --client-secret {'x' * 12} -m {MODEL}")
    )

    async def foreign() -> bool:
        return bool((await engine.look(probe=False)).foreign)

    assert await eventually(foreign)
    (found,) = (await engine.look(probe=False)).foreign
    assert (
        found.command.endswith(f"-m {machine.home}/_output/k8s-orlando/apimodel.json") and "x" * 12 not in found.command
    )
    (machine.home / "go").touch()
    assert (await by_hand).status == 0


async def test_a_server_that_goes_away_is_a_source_that_failed(engine: AksEngine, machine: Sshd) -> None:
    assert await engine.version() == "v0.85.0"
    machine.kill()
    with pytest.raises(Unreachable):
        await engine.api_model()
    machine.start()

    async def answers() -> bool:
        try:
            return (await engine.api_model()).version == "1.33.10"
        except Unreachable:
            return False

    assert await eventually(answers)
