"""Logging in: agent, key files, certificates, and what a person is asked for."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from backends.errors import Unauthorized
from backends.helper_vm.questions import Question
from backends.model.health import Health
from backends.model.helper_vm import SshHop
from tests.helper_vm.vm_stage import SWIFT, Operator, connected, hop_of, remember
from tests.support.peers import require
from tests.support.sshd import Sshd, new_key, running_sshd, write_key
from tests.support.waiting import until


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def known(sshd: Sshd, tmp_path: Path) -> Path:
    return remember(tmp_path / "known_hosts", sshd)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A real ssh-agent without keys."""
    program = shutil.which("ssh-agent")
    require(program is not None, "no ssh-agent (package openssh-client)")
    assert program is not None
    path = tmp_path / "agent.sock"
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    running = subprocess.Popen([program, "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            assert running.poll() is None
        yield
    finally:
        running.kill()
        running.wait()


def encrypted(folder: Path, sshd: Sshd, passphrase: str) -> Path:
    """Write the key the server lets in, encrypted."""
    path = folder / "encrypted"
    shutil.copy(sshd.key, path)
    path.chmod(0o600)
    changed = ["ssh-keygen", "-q", "-p", "-P", "", "-N", passphrase, "-f", str(path)]
    subprocess.run(changed, check=True, capture_output=True)
    return path


async def test_the_agent_s_key(sshd: Sshd, known: Path, agent: None) -> None:
    subprocess.run(["ssh-add", "-q", str(sshd.key)], check=True, capture_output=True)
    async with connected(known, SshHop(sshd.host, sshd.user, sshd.port)) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


async def test_a_key_the_agent_has_needs_no_passphrase_and_comes_first(
    sshd: Sshd, known: Path, agent: None, tmp_path: Path
) -> None:
    for number in range(8):  # more than a server lets anyone try
        other = write_key(tmp_path / f"other{number}", number=200 + number)
        subprocess.run(["ssh-add", "-q", str(other)], check=True, capture_output=True)
    subprocess.run(["ssh-add", "-q", str(sshd.key)], check=True, capture_output=True)
    path = encrypted(tmp_path, sshd, "correct horse")
    shutil.copy(f"{sshd.key}.pub", f"{path}.pub")
    async with connected(known, SshHop(sshd.host, sshd.user, sshd.port, (path,)), prompter=Operator()) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


async def test_an_agent_that_is_gone_is_no_obstacle_and_is_told(
    sshd: Sshd, known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "nothing"))
    async with connected(known, SshHop(sshd.host, sshd.user, sshd.port, (sshd.key,))) as vm:
        assert (await vm.run("echo in")).output == b"in\n"
    other = write_key(tmp_path / "other", number=300)
    async with connected(known, SshHop(sshd.host, sshd.user, sshd.port, (other,))) as vm:
        with pytest.raises(Unauthorized, match="the agent at SSH_AUTH_SOCK does not answer"):
            await vm.run("true")


async def test_the_usual_key_files_are_tried_when_none_is_named(sshd: Sshd, known: Path) -> None:
    folder = Path(os.environ["HOME"]) / ".ssh"
    folder.mkdir(mode=0o700)
    shutil.copy(sshd.key, folder / "id_ed25519")
    async with connected(known, SshHop(sshd.host, sshd.user, sshd.port, agent=False)) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


async def test_an_encrypted_key_is_asked_for_again_when_wrong_and_once_for_all_reconnections(
    sshd: Sshd, known: Path, tmp_path: Path
) -> None:
    operator = Operator(("wrong",), ("correct horse",))
    path = encrypted(tmp_path, sshd, "correct horse")
    async with connected(known, hop_of(sshd, keys=[path]), prompter=operator) as vm:
        assert (await vm.run("echo in")).output == b"in\n"
        sshd.kill_sessions()
        assert (await vm.run("echo again")).output == b"again\n"
    first, second = operator.asked
    assert str(path) in first.prompts[0].text and not first.prompts[0].echo and first.stamp == "orlando"
    assert "does not open" in second.instructions


async def test_without_anybody_to_ask_an_encrypted_key_says_so(sshd: Sshd, known: Path, tmp_path: Path) -> None:
    path = encrypted(tmp_path, sshd, "correct horse")
    async with connected(known, hop_of(sshd, keys=[path])) as vm:
        with pytest.raises(Unauthorized, match=f"{path} not used: it is encrypted, and there is nobody to ask"):
            await vm.run("true")
        assert vm.state.value.health is Health.UNAUTHORIZED


async def test_a_closed_dialog_is_not_opened_again_until_someone_says_so(
    sshd: Sshd, known: Path, tmp_path: Path
) -> None:
    operator = Operator(None)
    path = encrypted(tmp_path, sshd, "correct horse")
    timing = replace(SWIFT, refused_s=0.0)
    async with connected(known, hop_of(sshd, keys=[path]), prompter=operator, timing=timing) as vm:
        for _ in range(3):
            with pytest.raises(Unauthorized, match="its passphrase was not given"):
                await vm.run("true")
        assert len(operator.asked) == 1
        operator.answers.append(("correct horse",))
        vm.reconnect()
        assert (await vm.run("echo in")).output == b"in\n"


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda path: path.chmod(0o644), r"mode 0644 lets others read the key \(chmod 600"),
        (lambda path: path.unlink(), "it does not exist"),
        (lambda path: path.write_text("nonsense"), "it is not a private key we understand"),
        (lambda path: None, "refused ssh-ed25519 SHA256:"),
    ],
    ids=["mode", "missing", "nonsense", "refused"],
)
async def test_every_key_that_did_not_help_is_named(known: Path, sshd: Sshd, tmp_path: Path, prepare, told) -> None:  # type: ignore[no-untyped-def]
    path = write_key(tmp_path / "key", number=300)
    prepare(path)
    async with connected(known, hop_of(sshd, keys=[path])) as vm:
        with pytest.raises(Unauthorized, match=told) as found:
            await vm.run("true")
        assert str(path) in str(found.value) and sshd.user in found.value.todo
        assert vm.state.value.health is Health.UNAUTHORIZED and vm.state.value.retry_at is None


async def test_a_bad_file_does_not_hide_a_good_one(sshd: Sshd, known: Path, tmp_path: Path) -> None:
    async with connected(known, hop_of(sshd, keys=[tmp_path / "missing", sshd.key])) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


async def test_a_refused_login_is_not_repeated_for_every_call(sshd: Sshd, known: Path, tmp_path: Path) -> None:
    other = write_key(tmp_path / "other", number=300)
    async with connected(known, hop_of(sshd, keys=[other])) as vm:
        for _ in range(5):
            with pytest.raises(Unauthorized):
                await vm.run("true")
    assert sshd.log.read_text().count("Connection from") - sshd.log.read_text().count("kex_exchange") <= 3


def certified(sshd: Sshd, folder: Path, *options: str) -> Path:
    """Let the server trust an authority only, and return a key with a certificate of it."""
    authority = write_key(folder / "authority", number=60)
    key = write_key(folder / "certified", number=61)
    signed = ["ssh-keygen", "-q", "-s", str(authority), "-I", "eva", "-n", sshd.user, *options, f"{key}.pub"]
    subprocess.run(signed, check=True, capture_output=True)
    (sshd.folder / "authorities").write_text(authority.with_name("authority.pub").read_text())
    sshd.options.append(f"TrustedUserCAKeys {sshd.folder / 'authorities'}")
    sshd.restart()
    return key


async def test_a_certificate_beside_its_key(sshd: Sshd, known: Path, tmp_path: Path) -> None:
    async with connected(known, hop_of(sshd, keys=[certified(sshd, tmp_path)])) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


async def test_an_expired_certificate_is_told_before_it_is_tried(sshd: Sshd, known: Path, tmp_path: Path) -> None:
    key = certified(sshd, tmp_path, "-V", "20200101000000Z:20200201000000Z")
    async with connected(known, hop_of(sshd, keys=[key])) as vm:
        with pytest.raises(Unauthorized, match="expired at 2020-02-01 00:00 UTC: have it signed anew"):
            await vm.run("true")


class TwoFactors(asyncssh.SSHServer):
    """Asks for a password and a code, as a PAM with a second factor does."""

    rounds = 0

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return False

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str):  # type: ignore[no-untyped-def]
        type(self).rounds += 1
        return "PAM", "Look at your \x1b[31mphone", "", [("Password: ", False), ("Code: ", True)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]):  # type: ignore[no-untyped-def]
        return list(responses) == ["secret", "123456"]


class OnlyPassword(TwoFactors):
    def kbdint_auth_supported(self) -> bool:
        return False

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == "secret"


@asynccontextmanager
async def asking_server(folder: Path, kind: type[asyncssh.SSHServer]) -> AsyncIterator[tuple[SshHop, Path]]:
    """Run a server that asks; what runs on it is only `echo in`."""

    async def session(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.stdout.write(b"in\n")
        process.exit(0)

    host_key = asyncssh.import_private_key(new_key("ed25519", 70)[0])
    async with asyncssh.listen(
        "127.0.0.1", 0, server_factory=kind, server_host_keys=[host_key], process_factory=session, encoding=None
    ) as server:
        port = server.get_port()
        known_hosts = folder / "asking_known_hosts"
        known_hosts.write_text(f"[127.0.0.1]:{port} {' '.join(new_key('ed25519', 70)[1].split()[:2])}\n")
        yield SshHop("127.0.0.1", "eva", port, agent=False), known_hosts


async def test_a_second_factor_is_a_dialog_that_comes_again_when_wrong(tmp_path: Path) -> None:
    operator = Operator(("secret", "000000"), ("secret", "123456"))
    async with (
        asking_server(tmp_path, TwoFactors) as (hop, known_hosts),
        connected(known_hosts, hop, prompter=operator) as vm,
    ):
        assert (await vm.run("echo in")).output == b"in\n"
    asked = operator.asked[0]
    assert (asked.stamp, asked.host, asked.title) == ("orlando", f"eva@127.0.0.1:{hop.port}", "PAM")
    assert "phone" in asked.instructions
    assert [(each.text, each.echo) for each in asked.prompts] == [("Password: ", False), ("Code: ", True)]
    assert len(operator.asked) == 2


async def test_many_callers_wait_for_one_dialog(tmp_path: Path) -> None:
    operator = Operator(("secret", "123456"))
    async with (
        asking_server(tmp_path, TwoFactors) as (hop, known_hosts),
        connected(known_hosts, hop, prompter=operator) as vm,
    ):
        found = await asyncio.gather(*(vm.run("echo in") for _ in range(5)))
    assert [each.output for each in found] == [b"in\n"] * 5 and len(operator.asked) == 1


@pytest.mark.parametrize("kind", [TwoFactors, OnlyPassword])
async def test_without_anybody_to_ask_nothing_is_answered(tmp_path: Path, kind: type[asyncssh.SSHServer]) -> None:
    async with asking_server(tmp_path, kind) as (hop, known_hosts), connected(known_hosts, hop) as vm:
        with pytest.raises(Unauthorized, match=r"there is nobody to ask|there was nothing to try"):
            await vm.run("true")


async def test_a_password_is_asked_for_three_times_at_most(tmp_path: Path) -> None:
    operator = Operator(("wrong",), ("wrong",), ("wrong",), ("secret",))
    async with (
        asking_server(tmp_path, OnlyPassword) as (hop, known_hosts),
        connected(known_hosts, hop, prompter=operator) as vm,
    ):
        with pytest.raises(Unauthorized, match="a password") as found:
            await vm.run("true")
        assert "wrong" not in str(found.value)
        vm.reconnect()
        assert (await vm.run("echo in")).output == b"in\n"


async def test_nobody_is_asked_again_and_again_while_away(tmp_path: Path) -> None:
    class Away(Operator):
        gone = 0

        async def ask(self, question: Question) -> tuple[str, ...] | None:
            self.asked.append(question)
            try:
                await asyncio.Event().wait()
            finally:
                self.gone += 1
            return None

    operator = Away()
    timing = replace(SWIFT, login_s=0.5, refused_s=0.0)
    async with (
        asking_server(tmp_path, TwoFactors) as (hop, known_hosts),
        connected(known_hosts, hop, prompter=operator, timing=timing) as vm,
    ):
        for _ in range(3):
            with pytest.raises(Unauthorized, match=r"the login took longer than 0.5 s"):
                await vm.run("true")
        assert vm.state.value.health is Health.UNAUTHORIZED
        assert "reconnect" in vm.state.value.todo
        await until(lambda: operator.gone == 1)
        assert len(operator.asked) == 1


async def test_a_person_may_take_longer_than_a_server_that_says_nothing(tmp_path: Path) -> None:
    class Slow(Operator):
        async def ask(self, question):  # type: ignore[no-untyped-def]
            await asyncio.sleep(0.5)
            return await super().ask(question)

    async with asking_server(tmp_path, TwoFactors) as (hop, known_hosts):
        timing = replace(SWIFT, greet_s=0.4)
        async with connected(known_hosts, hop, prompter=Slow(("secret", "123456")), timing=timing) as vm:
            assert (await vm.run("echo in")).output == b"in\n"
