"""Host keys of a real sshd: first contact, change, revocation, authorities, pins; never a way past one that changed."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncssh
import pytest

from backends.errors import HostKeyChanged, HostKeyRejected, HostKeyUnknown, LocalDiskFailed
from backends.model.health import Health
from backends.model.helper_vm import HostKey
from tests.helper_vm.vm_stage import connected, fingerprint, hop_of, remember
from tests.support.sshd import Sshd, new_key, running_sshd, write_key


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path / "sshd") as server:
        yield server


def no_login(sshd: Sshd) -> bool:
    """Whether nobody has begun to log in."""
    log = sshd.log.read_text()
    return "Accepted" not in log and "Failed" not in log


def keys_of(sshd: Sshd, *kinds: str) -> list[str]:
    """The fingerprints of a server's keys."""
    return [fingerprint(new_key(kind, sshd.number)[1]) for kind in kinds or sshd.host_keys]


async def test_at_first_contact_every_key_is_shown_and_nothing_is_sent(sshd: Sshd, tmp_path: Path) -> None:
    async with connected(tmp_path / "known_hosts", hop_of(sshd)) as vm:
        with pytest.raises(HostKeyUnknown) as found:
            await vm.run("true")
        assert [each.split()[1] for each in found.value.offered] == keys_of(sshd)
        assert vm.state.value.health is Health.DOWN and "is not known" in vm.state.value.reason
        assert no_login(sshd)
        keys = await vm.host_keys()
        assert [each.algorithm for each in keys] == ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]
        assert [each.fingerprint for each in keys] == keys_of(sshd)
        assert {each.host for each in keys} == {f"{sshd.user}@127.0.0.1:{sshd.port}"}


async def test_a_trusted_key_is_remembered_hashed_for_us_alone_and_openssh_reads_it(sshd: Sshd, tmp_path: Path) -> None:
    known_hosts = tmp_path / "state" / "known_hosts"
    async with connected(known_hosts, hop_of(sshd)) as vm:
        await vm.trust(await vm.host_keys(), "eva@bastion 1")
        assert (await vm.run("echo in")).output == b"in\n"
        await vm.trust(await vm.host_keys(), "eva")  # once more changes nothing
    text = known_hosts.read_text()
    assert len(text.splitlines()) == 3 and text.count("|1|") == 3 and "127.0.0.1" not in text
    assert "trusted-by=eva@bastion_1" in text
    assert stat.S_IMODE(known_hosts.stat().st_mode) == 0o600
    found = subprocess.run(
        ["ssh-keygen", "-F", f"[127.0.0.1]:{sshd.port}", "-f", known_hosts], capture_output=True, check=True
    )
    assert found.stdout.count(b"trusted-by") == 3
    async with connected(known_hosts, hop_of(sshd)) as again:
        assert (await again.run("echo in")).output == b"in\n"


async def test_what_the_operator_did_not_see_is_not_trusted(sshd: Sshd, tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    async with connected(known_hosts, hop_of(sshd)) as vm:
        with pytest.raises(HostKeyUnknown):
            await vm.trust([HostKey("ssh-ed25519", "SHA256:" + "A" * 43)], "eva")
    assert not known_hosts.exists()


async def test_a_changed_key_is_refused_with_both_and_where_the_old_one_is(sshd: Sshd, tmp_path: Path) -> None:
    known_hosts = remember(tmp_path / "known_hosts", sshd)
    known_hosts.write_text("# team's file\n\n" + known_hosts.read_text())
    before = keys_of(sshd, "ed25519")[0]
    sshd.stop()
    sshd.number = 1
    sshd.start()
    async with connected(known_hosts, hop_of(sshd)) as vm:
        with pytest.raises(HostKeyChanged) as found:
            await vm.run("true")
        assert before in found.value.why and keys_of(sshd, "ed25519")[0] in found.value.why
        assert f"{known_hosts} line 3" in found.value.why
        with pytest.raises(HostKeyChanged):
            await vm.trust(await vm.host_keys(), "eva")
        with pytest.raises(HostKeyChanged):
            await vm.run("true")
    assert no_login(sshd) and keys_of(sshd, "ed25519")[0] not in known_hosts.read_text()


async def test_a_known_server_with_a_key_of_another_algorithm_counts_as_changed(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", host_keys=("ecdsa",)) as sshd:
        known_hosts = remember(tmp_path / "known_hosts", sshd, kind="ed25519")
        async with connected(known_hosts, hop_of(sshd)) as vm:
            with pytest.raises(HostKeyChanged, match="of that algorithm none is remembered, but ssh-ed25519 SHA256"):
                await vm.run("true")
        assert no_login(sshd)


async def test_of_several_keys_the_remembered_one_is_asked_for(sshd: Sshd, tmp_path: Path) -> None:
    async with connected(remember(tmp_path / "known_hosts", sshd, kind="rsa"), hop_of(sshd)) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


async def test_a_revoked_key_is_refused_though_it_is_remembered(sshd: Sshd, tmp_path: Path) -> None:
    known_hosts = remember(tmp_path / "known_hosts", sshd)
    line = sshd.known_hosts_line()
    known_hosts.write_text(f"{line}@revoked * {line.split(None, 1)[1]}")
    async with connected(known_hosts, hop_of(sshd)) as vm:
        with pytest.raises(HostKeyChanged, match=r"is revoked.*line 2"):
            await vm.run("true")
        with pytest.raises(HostKeyChanged, match="revoked"):
            await vm.trust(await vm.host_keys(), "eva")


async def test_keys_for_another_port_or_host_do_not_count(sshd: Sshd, tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    key = sshd.known_hosts_line().split(None, 1)[1]
    known_hosts.write_text(f"127.0.0.1 {key}[127.0.0.1]:{sshd.port + 1} {key}other.example {key}")
    async with connected(known_hosts, hop_of(sshd)) as vm:
        with pytest.raises(HostKeyUnknown):
            await vm.run("true")


@pytest.mark.parametrize("line", ["[127.0.0.1]:*", "[*]:{port}", "[127.0.0.?]:{port},![127.0.0.9]:{port}"])
async def test_patterns_count(sshd: Sshd, tmp_path: Path, line: str) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"{line.format(port=sshd.port)} {sshd.known_hosts_line().split(None, 1)[1]}")
    async with connected(known_hosts, hop_of(sshd)) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


async def test_names_hashed_by_openssh_count(sshd: Sshd, tmp_path: Path) -> None:
    known_hosts = remember(tmp_path / "known_hosts", sshd)
    subprocess.run(["ssh-keygen", "-H", "-f", known_hosts], check=True, capture_output=True)
    assert "127.0.0.1" not in known_hosts.read_text()
    async with connected(known_hosts, hop_of(sshd)) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


def certify(sshd: Sshd, folder: Path, *options: str) -> str:
    """Have the server show a certificate of its key; return the authority's public line."""
    authority = write_key(folder / "authority", number=50)
    host = write_key(sshd.folder / f"host_ed25519_{sshd.number}", number=sshd.number)
    signed = ["ssh-keygen", "-q", "-s", str(authority), "-I", "helper", "-h", *options, f"{host}.pub"]
    subprocess.run(signed, check=True, capture_output=True)
    sshd.options.append(f"HostCertificate {host}-cert.pub")
    sshd.restart()
    return authority.with_name("authority.pub").read_text()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-n", "127.0.0.1"), ""),
        (("-n", "other.example"), "rincipal"),
        (("-n", "127.0.0.1", "-V", "20200101:20200201"), "expired"),
    ],
    ids=["good", "of another host", "expired"],
)
async def test_a_certificate_of_a_known_authority(
    sshd: Sshd, tmp_path: Path, options: Sequence[str], told: str
) -> None:
    authority = certify(sshd, tmp_path, *options)
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"@cert-authority * {authority}")
    async with connected(known_hosts, hop_of(sshd)) as vm:
        if not told:
            assert (await vm.run("echo in")).output == b"in\n"
            return
        with pytest.raises(HostKeyRejected, match=told) as found:
            await vm.run("true")
        assert f"{known_hosts} line 1" in str(found.value) and no_login(sshd)


async def test_a_server_without_a_certificate_of_the_authority_is_unknown(sshd: Sshd, tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"@cert-authority * {new_key('ed25519', 50)[1]}")
    async with connected(known_hosts, hop_of(sshd)) as vm:
        with pytest.raises(HostKeyUnknown, match="none of them certified by"):
            await vm.run("true")


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
async def test_a_pinned_key_is_accepted_without_a_file_whatever_its_algorithm(
    sshd: Sshd, tmp_path: Path, kind: str
) -> None:
    pinned = hop_of(sshd, host_key=keys_of(sshd, kind)[0])
    async with connected(tmp_path / "known_hosts", pinned) as vm:
        assert (await vm.run("echo in")).output == b"in\n"
    assert not (tmp_path / "known_hosts").exists()


async def test_another_than_the_pinned_key_is_refused_though_it_is_remembered(sshd: Sshd, tmp_path: Path) -> None:
    pin = "SHA256:" + "A" * 43
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd, host_key=pin)) as vm:
        with pytest.raises(HostKeyChanged, match=f"it shows ssh-ed25519 .*; fleet.yaml pins {pin}"):
            await vm.run("true")
        with pytest.raises(HostKeyChanged):
            await vm.trust(await vm.host_keys(), "eva")
    assert no_login(sshd)


@pytest.mark.parametrize(
    "line",
    [
        "just-a-name",
        "host ssh-ed25519",
        "host ssh-ed25519 AAAA!",
        "@marker host ssh-ed25519 AAAA",
        "|1|broken ssh-ed25519 {key}",
        "host ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
    ],
)
async def test_a_broken_line_is_named_and_nothing_is_connected(sshd: Sshd, tmp_path: Path, line: str) -> None:
    known_hosts = remember(tmp_path / "known_hosts", sshd)
    key = sshd.known_hosts_line().split()[2]
    known_hosts.write_text(known_hosts.read_text() + line.format(key=key) + "\n")
    async with connected(known_hosts, hop_of(sshd)) as vm:
        with pytest.raises(HostKeyRejected, match=rf"orlando: .*{known_hosts} line 2 is not a line of known_hosts"):
            await vm.run("true")
        assert no_login(sshd)


async def test_keys_of_kinds_we_do_not_speak_are_passed_over(sshd: Sshd, tmp_path: Path) -> None:
    known_hosts = remember(tmp_path / "known_hosts", sshd)
    old = "AAAAB3NzaC1kc3MAAACB"  # the beginning of a DSA key, which is all that is looked at
    known_hosts.write_text(f"127.0.0.1 ssh-dss {old} old\n" + known_hosts.read_text())
    async with connected(known_hosts, hop_of(sshd)) as vm:
        assert (await vm.run("echo in")).output == b"in\n"


async def test_a_file_that_cannot_be_written_says_so(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with connected(tmp_path / "known_hosts", hop_of(sshd)) as vm:
        keys = await vm.host_keys()
        (tmp_path / "known_hosts").mkdir()
        with pytest.raises((LocalDiskFailed, HostKeyRejected), match="known_hosts"):
            await vm.trust(keys, "eva")


def test_our_fingerprints_are_openssh_s(tmp_path: Path) -> None:
    key = write_key(tmp_path / "key")
    told = subprocess.run(["ssh-keygen", "-lf", key], check=True, capture_output=True, text=True).stdout
    assert asyncssh.read_public_key(f"{key}.pub").get_fingerprint() in told
