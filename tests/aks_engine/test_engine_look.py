"""A look at a helper VM: its tools and files, and what is asked from there of a stamp's real servers on loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.aks_engine.engine import AksEngine
from backends.aks_engine.probe_words import probe_of
from backends.clock import SystemClock
from backends.errors import Malformed, NotFound
from backends.model.azure_stack import EngineCredentials, IdentitySystem
from backends.model.engine.vm_facts import VmFacts
from backends.model.helper_vm import Finished
from backends.model.job import ForeignProcess
from tests.aks_engine.local_vm import LocalVm, arm_access, vm_access
from tests.aks_engine.model_files import write_output
from tests.lab.arm.conftest import ENGINE, SUBSCRIPTION, Stamp, running
from tests.support.peers import require

TOOLS = (
    "sh", "cat", "tr", "sed", "grep", "head", "tail", "cut", "awk", "date", "df", "ls", "mktemp", "rm", "rmdir", "stat",
    "base64", "flock", "setsid", "sha256sum", "od", "mkdir", "mv", "sync", "readlink", "timeout", "env",
)  # fmt: skip


class Jobs:
    """What the jobs of a VM say about engines started by hand."""

    def __init__(self, *found: ForeignProcess, missing: bool = False) -> None:
        self._found = found
        self._missing = missing
        self.folder = ""

    async def foreign(self, folder: str) -> tuple[ForeignProcess, ...]:
        self.folder = folder
        if self._missing:
            raise NotFound("there is no such folder")
        return self._found


@pytest.fixture
def vm(tmp_path: Path) -> LocalVm:
    """A VM whose tools are those named above; what asks over TLS is put there by the test."""
    home = tmp_path / "vm"
    home.mkdir(mode=0o700)
    (home / "sp").mkdir(mode=0o700)
    for name, content in (("client.pem", ENGINE.certificate), ("key.pem", ENGINE.key)):
        (home / "sp" / name).touch(mode=0o600)
        (home / "sp" / name).write_bytes(content)
    (home / "sp" / "secret").touch(mode=0o600)
    (home / "sp" / "secret").write_text(f"{ENGINE.secret}\n")
    (home / "bin").mkdir()
    (home / "boot_id").write_text("0b8f6a1e-lab\n")
    found = LocalVm(home, vm_access(), {"STAMPDECK_BOOT_ID": str(home / "boot_id"), "PATH": f"{home}/bin"})
    for tool in TOOLS:
        link(found, tool)
    return found


def link(vm: LocalVm, tool: str) -> None:
    found = shutil.which(tool, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    require(found is not None, f"no {tool} on this machine")
    assert found is not None
    (vm.home / "bin" / tool).symlink_to(found)


def remove(vm: LocalVm, *tools: str) -> None:
    for tool in tools:
        (vm.home / "bin" / tool).unlink()


async def look(vm: LocalVm, *, probe: bool = False, jobs: Jobs | None = None, **arm: object) -> VmFacts:
    return await AksEngine(vm, arm_access(**arm), SystemClock(), jobs).look(probe=probe)


async def test_a_machine_that_is_ready(vm: LocalVm) -> None:
    write_output(vm.home)
    mine = ForeignProcess(7, "root", "aks-engine upgrade", "/x/apimodel.json", 1.0)
    jobs = Jobs(mine)
    facts = await look(vm, jobs=jobs)
    assert facts.missing == () and facts.credential_modes == () and facts.probes == {}
    assert facts.boot_id == "0b8f6a1e-lab" and facts.locks_work is True
    assert facts.free_bytes is not None and facts.free_bytes > 0
    assert facts.skew_s is not None and abs(facts.skew_s) < 1
    assert facts.proc_hidden in (True, False, None)
    assert facts.foreign == (mine,) and jobs.folder == "~/_output/k8s-orlando"
    # Nothing is left of the look.
    assert sorted(os.listdir(vm.home / "_output" / "k8s-orlando")) == [
        "apimodel.json", "azuredeploy.parameters.json", "ca.key", "kubeconfig",
    ]  # fmt: skip


async def test_missing_tools_are_named(vm: LocalVm) -> None:
    remove(vm, "flock", "setsid", "sha256sum")
    facts = await look(vm, jobs=Jobs(missing=True))
    assert facts.missing == ("setsid", "flock", "sha256sum") and facts.locks_work is None
    assert facts.foreign == ()
    remove(vm, "tail")
    (vm.home / "bin" / "tail").write_text("#!/bin/sh\necho tail without anything\n")
    (vm.home / "bin" / "tail").chmod(0o755)
    assert "tail with --pid (GNU coreutils)" in (await look(vm)).missing


async def test_locks_that_keep_nobody_out_are_noticed(vm: LocalVm) -> None:
    remove(vm, "flock")
    (vm.home / "bin" / "flock").write_text("#!/bin/sh\nexit 0\n")
    (vm.home / "bin" / "flock").chmod(0o755)
    assert (await look(vm)).locks_work is False


async def test_a_lock_that_a_job_holds_is_not_touched_by_the_look(vm: LocalVm) -> None:
    folder = write_output(vm.home).parent
    held = subprocess.Popen(["flock", str(folder), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert held.stdin is not None and held.stdout is not None
        held.stdin.write(b"x\n")
        held.stdin.flush()
        assert held.stdout.readline() == b"x\n"
        assert (await look(vm)).locks_work is True
    finally:
        held.communicate()


@pytest.mark.parametrize(("property", "kills"), [("b true", True), ("b false", False), ("", None)])
async def test_logind_is_asked_where_there_is_one(vm: LocalVm, property: str, kills: bool | None) -> None:
    (vm.home / "bin" / "busctl").write_text(f'#!/bin/sh\n[ "$5" = KillUserProcesses ] && echo "{property}"\n')
    (vm.home / "bin" / "busctl").chmod(0o755)
    assert (await look(vm)).kills_left_processes is kills


async def test_clocks_are_compared(vm: LocalVm) -> None:
    remove(vm, "date")
    (vm.home / "bin" / "date").write_text('#!/bin/sh\nexec /bin/date -d "+90 seconds" "$@"\n')
    (vm.home / "bin" / "date").chmod(0o755)
    skew = (await look(vm)).skew_s
    assert skew is not None and 80 < skew < 91


async def test_credentials_that_are_missing_open_or_at_their_end_are_told(vm: LocalVm) -> None:
    link(vm, "openssl")
    (vm.home / "sp" / "key.pem").chmod(0o640)
    assert (await look(vm)).credential_modes == (
        f"the private key {vm.home}/sp/key.pem can be read by others: chmod 600 it",
    )
    (vm.home / "sp" / "key.pem").unlink()
    (vm.home / "sp" / "client.pem").write_text("no certificate")
    assert (await look(vm)).credential_modes == (
        f"the private key {vm.home}/sp/key.pem is not there",
        f"the certificate {vm.home}/sp/client.pem is no certificate in PEM",
    )
    (vm.home / "sp" / "secret").chmod(0o644)
    facts = await look(vm, engine=EngineCredentials(ENGINE.client_id, secret_file="~/sp/secret"))
    first, *shown = facts.credential_modes
    assert first == f"the client secret's file {vm.home}/sp/secret can be read by others: chmod 600 it"
    # Where /proc hides what others run, nobody is shown the secret.
    assert [each.partition(": ")[2].partition(",")[0] for each in shown] == (
        [] if facts.proc_hidden else ["log in by certificate"]
    )


@pytest.mark.parametrize(
    ("options", "hidden"),
    [
        ("rw,nosuid,hidepid=2", True),
        ("rw,hidepid=invisible,gid=4", True),
        ("rw,hidepid=ptraceable", True),
        ("rw,hidepid=0", False),
        ("rw", False),
    ],
)
async def test_a_secret_that_processes_do_not_show_needs_no_warning(vm: LocalVm, options: str, hidden: bool) -> None:
    mounts = vm.home / "mounts"
    mounts.write_text(f"sysfs /sys sysfs rw 0 0\nproc /proc proc {options} 0 0\n")
    original = vm.run

    async def with_mounts(command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        return await original(command, data.replace(b"/proc/mounts", str(mounts).encode()), timeout_s=timeout_s)

    vm.run = with_mounts  # type: ignore[method-assign]
    facts = await look(vm, engine=BY_SECRET)
    assert facts.proc_hidden is hidden and bool(facts.credential_modes) is not hidden


async def test_a_script_that_ends_early_is_no_look(vm: LocalVm) -> None:
    remove(vm, "date")
    (vm.home / "bin" / "date").write_text("#!/bin/sh\nkill -9 $PPID\n")
    (vm.home / "bin" / "date").chmod(0o755)
    with pytest.raises(Malformed, match="could not be looked at"):
        await look(vm)


# ------------------------------------------------------------------------------------------ asked from the VM itself


@pytest.fixture
async def stamp(tmp_path: Path) -> AsyncIterator[Stamp]:
    async with running(tmp_path) as found:
        yield found


def point_at(vm: LocalVm, stamp: Stamp) -> None:
    """Let the VM trust the stamp, and its kubeconfig lead to the stamp's API."""
    write_output(vm.home)
    trusted = vm.home / "ca.pem"
    trusted.write_bytes(stamp.arm.authority_file.read_bytes())
    vm.environment["SSL_CERT_FILE"] = str(trusted)
    authority = (stamp.folder.path / "pki" / f"{stamp.plan.name}-ca.crt").read_bytes()
    write_kubeconfig(vm, f"https://127.0.0.1:{stamp.api.port}", authority)


def write_kubeconfig(vm: LocalVm, server: str, authority: bytes) -> None:
    cluster = {"certificate-authority-data": base64.b64encode(authority).decode(), "server": server}
    file = vm.home / "_output" / "k8s-orlando" / "kubeconfig" / "kubeconfig.orlando.json"
    file.write_text(json.dumps({"clusters": [{"name": "k8s-orlando", "cluster": cluster}]}, indent=2))


async def ask(vm: LocalVm, stamp: Stamp, **changes: object) -> dict[str, tuple[bool, str]]:
    found: dict[str, object] = {
        "management": stamp.arm.url,
        "subscription": SUBSCRIPTION,
        "engine": EngineCredentials(ENGINE.client_id, "~/sp/client.pem", "~/sp/key.pem"),
        "identity_system": IdentitySystem(stamp.arm.identity_system),
        **changes,
    }
    probes = (await AksEngine(vm, arm_access(**found), SystemClock()).look(probe=True)).probes
    said = repr(probes)
    assert ENGINE.secret not in said and "eyJ" not in said and "PRIVATE" not in said
    return {name: (probe.ok, probe.evidence) for name, probe in probes.items()}


BY_SECRET = EngineCredentials(ENGINE.client_id, secret_file="~/sp/secret")
WELL = {"arm": True, "login": True, "providers": True, "kubernetes": True}


@pytest.mark.parametrize("tool", ["curl", "python3"])
@pytest.mark.parametrize("engine", [None, BY_SECRET], ids=["certificate", "secret"])
async def test_everything_answers(vm: LocalVm, stamp: Stamp, tool: str, engine: EngineCredentials | None) -> None:
    link(vm, "openssl")
    use(vm, tool)
    point_at(vm, stamp)
    found = await ask(vm, stamp, **({"engine": engine} if engine else {}))
    assert {name: ok for name, (ok, _) in found.items()} == WELL, found
    assert found["providers"][1] == f"service principal {ENGINE.client_id} may list the providers of the subscription"
    assert found["kubernetes"][1].startswith(f"https://127.0.0.1:{stamp.api.port} answers ")


async def test_a_shell_that_is_bash_finds_the_same(vm: LocalVm, stamp: Stamp) -> None:
    (vm.home / "bin" / "sh").unlink()
    bash = shutil.which("bash", path="/usr/bin:/bin")
    require(bash is not None, "no bash on this machine")
    assert bash is not None
    (vm.home / "bin" / "sh").symlink_to(bash)
    for tool in ("openssl", "curl"):
        link(vm, tool)
    point_at(vm, stamp)
    found = await ask(vm, stamp)
    assert {name: ok for name, (ok, _) in found.items()} == WELL, found


@contextlib.asynccontextmanager
async def connect_proxy(seen: list[str]) -> AsyncIterator[int]:
    """Serve as a proxy for CONNECT that lets in whoever says who they are; yield its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        target = head.split()[1]
        seen.append(target)
        if base64.b64encode(b"vm:pass").decode() not in head:
            writer.write(b"HTTP/1.1 407 Who are you\r\n\r\n")
            writer.close()
            return
        host, _, port = target.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("tool", ["curl", "python3"])
async def test_the_proxy_that_the_engine_would_use_is_used(vm: LocalVm, stamp: Stamp, tool: str) -> None:
    link(vm, "openssl")
    use(vm, tool)
    point_at(vm, stamp)
    seen: list[str] = []
    async with connect_proxy(seen) as port:
        vm.environment["HTTPS_PROXY"] = f"http://vm:pass@127.0.0.1:{port}"
        found = await ask(vm, stamp)
        assert {name: ok for name, (ok, _) in found.items()} == WELL, found
        assert stamp.arm.url.removeprefix("https://") in seen
        seen.clear()
        vm.environment["NO_PROXY"] = "127.0.0.1"
        assert (await ask(vm, stamp))["arm"][0] and seen == []
        del vm.environment["NO_PROXY"]
        vm.environment["HTTPS_PROXY"] = f"http://vm:wrong@127.0.0.1:{port}"
        arm = (await ask(vm, stamp))["arm"]
        assert arm[0] is False and "wrong" not in arm[1]


def use(vm: LocalVm, tool: str) -> None:
    if tool == "python3":
        # The tests' own: a version manager's stand-in on the PATH would look for its files in the VM's home.
        import sys

        (vm.home / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    else:
        link(vm, tool)


@pytest.mark.parametrize("tool", ["curl", "python3"])
async def test_a_stamp_with_adfs(vm: LocalVm, tmp_path: Path, tool: str) -> None:
    link(vm, "openssl")
    use(vm, tool)
    async with running(tmp_path, adfs=True) as stamp:
        point_at(vm, stamp)
        found = await ask(vm, stamp)
    assert {name: ok for name, (ok, _) in found.items()} == WELL, found


@pytest.mark.parametrize("tool", ["curl", "python3"])
async def test_each_step_that_fails_is_told_apart(vm: LocalVm, stamp: Stamp, tool: str) -> None:
    link(vm, "openssl")
    use(vm, tool)
    point_at(vm, stamp)
    stamp.board.set("spn-expired")
    found = await ask(vm, stamp, engine=BY_SECRET)
    assert found["arm"][0] and "providers" not in found
    assert found["login"][0] is False and "expired: make a new one (401" in found["login"][1]
    assert "AADSTS7000222" in found["login"][1]
    stamp.board.clear("spn-expired")
    stamp.board.set("arm-forbidden")
    found = await ask(vm, stamp)
    assert (
        found["login"][0] and "AuthorizationFailed" in found["providers"][1] and "Contributor" in found["providers"][1]
    )
    stamp.board.clear("arm-forbidden")
    stamp.board.set("arm-untrusted")
    found = await ask(vm, stamp)
    assert set(found) == {"arm", "kubernetes"} and found["kubernetes"][0]
    assert "certificate is not trusted by the VM" in found["arm"][1] and "panic" in found["arm"][1]
    stamp.board.clear("arm-untrusted")
    stamp.board.set("arm-down")
    assert "no connection" in (await ask(vm, stamp))["arm"][1]
    stamp.board.clear("arm-down")
    found = await ask(vm, stamp, management="https://management.stamp.invalid")
    assert "its name is not found" in found["arm"][1]
    write_kubeconfig(vm, "https://127.0.0.1:1", b"nothing")
    found = await ask(vm, stamp)
    assert found["kubernetes"][0] is False and found["arm"][0]


async def test_a_wrong_secret_and_files_that_are_not_there(vm: LocalVm, stamp: Stamp) -> None:
    link(vm, "curl")
    link(vm, "openssl")
    point_at(vm, stamp)
    (vm.home / "sp" / "secret").write_text("wrong~secret\"with\\odd'chars & more")
    found = await ask(vm, stamp, engine=BY_SECRET)
    assert "the client secret is wrong (401" in found["login"][1]
    (vm.home / "sp" / "secret").unlink()
    assert "missing, empty or not to be read" in (await ask(vm, stamp, engine=BY_SECRET))["login"][1]
    (vm.home / "sp" / "key.pem").write_text("nothing")
    assert "cannot be used" in (await ask(vm, stamp))["login"][1]


async def test_what_cannot_be_asked_is_left_out(vm: LocalVm, stamp: Stamp) -> None:
    point_at(vm, stamp)
    assert await ask(vm, stamp) == {}
    link(vm, "openssl")
    found = await ask(vm, stamp)
    assert {name: ok for name, (ok, _) in found.items()} == {"arm": True, "kubernetes": True}, found
    stamp.board.set("arm-untrusted")
    found = await ask(vm, stamp)
    assert "certificate is not trusted" in found["arm"][1] and found["kubernetes"][0]
    remove(vm, "openssl")
    link(vm, "curl")
    stamp.board.clear("arm-untrusted")
    assert "login" not in await ask(vm, stamp)
    assert set(await ask(vm, stamp, engine=None)) == {"arm", "kubernetes"}
    (vm.home / "_output" / "k8s-orlando" / "kubeconfig" / "kubeconfig.orlando.json").write_text("{}")
    assert set(await ask(vm, stamp, engine=None)) == {"arm"}


async def test_no_secret_is_in_any_argument(vm: LocalVm, stamp: Stamp) -> None:
    link(vm, "openssl")
    point_at(vm, stamp)
    noted = vm.home / "noted"
    for tool in ("curl", "openssl", "sed", "printf", "grep", "tr"):
        (vm.home / "bin" / tool).unlink(missing_ok=True)
        real = shutil.which(tool, path="/usr/bin:/bin")
        (vm.home / "bin" / tool).write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$*" >> {noted}\nenv >> {noted}\nexec {real} "$@"\n'
        )
        (vm.home / "bin" / tool).chmod(0o755)
    for engine in (BY_SECRET, EngineCredentials(ENGINE.client_id, "~/sp/client.pem", "~/sp/key.pem")):
        found = await ask(vm, stamp, engine=engine)
        assert {name: ok for name, (ok, _) in found.items()} == WELL, found
    seen = noted.read_text()
    assert "--config" in seen and ENGINE.secret not in seen and "eyJ" not in seen


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (6, "name is not found"),
        (7, "no connection"),
        (28, "no answer in time"),
        (60, "not trusted"),
        (35, "not trusted"),
        (22, "no connection"),
    ],
)
async def test_every_way_curl_fails_has_its_words(vm: LocalVm, status: int, words: str) -> None:
    (vm.home / "bin" / "curl").write_text(
        f"#!/bin/sh\ncat >/dev/null\necho 'curl: ({status}) said so' >&2\nexit {status}\n"
    )
    (vm.home / "bin" / "curl").chmod(0o755)
    arm = (await look(vm, probe=True)).probes["arm"]
    assert not arm.ok and words in arm.evidence and f"({status}) said so" in arm.evidence


def test_words_of_findings_that_servers_do_not_give_here() -> None:
    timeout = probe_of("login", "timeout", 0, "", None)
    assert timeout is not None and timeout.evidence.endswith("no answer in time: look at routes and firewalls")
    refused = probe_of("login", "refused", 400, "invalid_grant MSIS9607", None)
    assert refused is not None and "identity system and audience do not fit" in refused.evidence
    strange = probe_of("providers", "refused", 401, "InvalidAuthenticationToken", None)
    assert strange is not None and "does not take its token" in strange.evidence
    assert probe_of("arm", "no-tool", 0, "", None) is None and probe_of("unknown", "ok", 200, "", None) is None
