from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backends.lab.ssh.keys import MFA_USER
from tests.lab.ssh.machine import Machine, run

_NO_AGENT = {"SSH_AUTH_SOCK": ""}


def answers(folder: Path, answered: dict[str, str]) -> dict[str, str]:
    """Return an environment in which OpenSSH asks a program, which answers by a word of the question."""
    program = folder / "askpass"
    cases = "".join(f"*'{word}'*) printf '%s\\n' '{answer}';;\n" for word, answer in answered.items())
    program.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}*) exit 1;;\nesac\n')
    program.chmod(0o700)
    return {**_NO_AGENT, "SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}


async def test_a_key_nobody_knows_is_refused(machine: Machine, tmp_path: Path) -> None:
    await run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key"))
    machine.folder.write("ssh/config", _config_for(machine, tmp_path / "key"))
    refused = await machine.ssh("true", options=["-oBatchMode=yes"])
    assert refused.status == 255 and "Permission denied (publickey)" in refused.err
    with machine.vm.sandbox.authorized_keys.open("ab") as file:
        file.write((tmp_path / "key.pub").read_bytes())
    assert (await machine.ssh("echo in", options=["-oBatchMode=yes"])).out == b"in\n"


@pytest.mark.parametrize("user", ["root", MFA_USER])
async def test_the_key_lets_in_no_other_account(machine: Machine, user: str) -> None:
    refused = await machine.ssh("true", options=["-oBatchMode=yes", "-l", user])
    assert refused.status == 255 and "Permission denied" in refused.err


async def test_an_encrypted_key_wants_its_passphrase(machine: Machine, tmp_path: Path) -> None:
    machine.folder.write("ssh/config", _config_for(machine, machine.vm.keys.encrypted))
    right = answers(tmp_path, {"passphrase": machine.vm.keys.passphrase})
    assert (await machine.ssh("echo in", environment=right)).out == b"in\n"
    wrong = answers(tmp_path, {"passphrase": "wrong"})
    refused = await machine.ssh("true", options=["-oNumberOfPasswordPrompts=1"], environment=wrong)
    assert refused.status == 255 and "Permission denied" in refused.err


async def test_a_certificate_lets_in_a_key_that_is_not_listed(machine: Machine) -> None:
    certificate = machine.vm.keys.certified.with_name(f"{machine.vm.keys.certified.name}-cert.pub")
    machine.folder.write("ssh/config", _config_for(machine, machine.vm.keys.certified))
    assert (await machine.ssh("echo in", options=["-oBatchMode=yes"])).out == b"in\n"
    certificate.unlink()
    assert (await machine.ssh("true", options=["-oBatchMode=yes"])).status == 255


def _config_for(machine: Machine, key: Path) -> bytes:
    return machine.vm.ssh_config.replace(str(machine.vm.keys.plain) + '"', str(key) + '"').encode()


@pytest.mark.parametrize(("password", "code", "status"), [(True, True, 0), (True, False, 255), (False, True, 255)])
async def test_two_factors_are_asked_for_one_after_the_other(
    machine: Machine, tmp_path: Path, password: bool, code: bool, status: int
) -> None:
    factors = machine.vm.description()["two_factors"]
    given = {
        "Password": factors["password"] if password else "wrong",
        "Verification code": factors["code"] if code else "wrong",
    }
    found = await machine.ssh(
        "true", options=["-l", factors["user"], "-oNumberOfPasswordPrompts=1"], environment=answers(tmp_path, given)
    )
    assert found.status == status, found.err


async def test_the_host_key_is_the_one_that_is_told(machine: Machine) -> None:
    scanned = await run("ssh-keyscan", "-p", str(machine.vm.port), "127.0.0.1")
    shown = await run("ssh-keygen", "-lf", "-", input=scanned.out)
    prints = {line.split()[1] for line in shown.out.decode().splitlines()}
    assert prints == set(machine.vm.description()["host_keys"].values())
    assert machine.vm.host_key == machine.vm.description()["host_keys"]["ssh-ed25519"]


async def test_a_changed_host_key_is_noticed(machine: Machine) -> None:
    async with machine.connecting("echo on; cat") as process:
        assert process.stdout is not None and await process.stdout.readline() == b"on\n"
        machine.faults.set("ssh-host-key")
        assert await asyncio.wait_for(process.wait(), 20) == 255
    refused = await machine.ssh("true")
    assert refused.status == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.err
    machine.faults.clear("ssh-host-key")
    assert (await machine.ssh("true")).status == 0
