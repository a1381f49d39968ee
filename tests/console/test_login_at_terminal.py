"""A command at a real terminal whose login asks a person: the passphrase is typed there and never shown."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import yaml

from console.configuration.folders import known_hosts_file, make_private
from tests.console.command_line import command, stampdeck
from tests.console.files import FLEET, write_fleet
from tests.support.sshd import Sshd, running_sshd

PASSPHRASE = "correct horse battery"


def fleet_with_locked_key(folder: Path, sshd: Sshd) -> Path:
    """Write a fleet whose VM lets in a key that is encrypted."""
    key = folder / "locked"
    shutil.copy(sshd.key, key)
    changed = ["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", str(key)]
    subprocess.run(changed, check=True, capture_output=True)
    fleet = yaml.safe_load(FLEET)
    fleet["stamps"][0]["cluster"]["via"] = "helper"
    vm = {"host": sshd.host, "port": sshd.port, "user": sshd.user, "key_files": [str(key)], "agent": False}
    fleet["stamps"][0]["helper_vm"] = vm
    make_private(known_hosts_file().parent)
    known_hosts_file().write_text(sshd.known_hosts_line())
    return write_fleet(folder, yaml.safe_dump(fleet))


def test_a_passphrase_is_asked_for_at_the_terminal(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as sshd:
        fleet = fleet_with_locked_key(tmp_path, sshd)
        ours, theirs = pty.openpty()
        words = command("--config", str(fleet), "--stamp", "orlando", "get", "pods")
        process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        screen, typed, deadline = b"", False, time.monotonic() + 60
        try:
            while time.monotonic() < deadline:
                if not select.select([ours], [], [], 1.0)[0]:
                    continue
                try:
                    screen += os.read(ours, 65536)
                except OSError:  # the other end was closed: it ended
                    break
                if b"Passphrase for" in screen and not typed:
                    os.write(ours, f"{PASSPHRASE}\n".encode())
                    typed = True
        finally:
            os.close(ours)
            process.kill()
            process.wait()
        assert typed, screen.decode()
        assert PASSPHRASE.encode() not in screen
        # The API of this fleet is nobody's: that the VM says so proves that the login succeeded.
        assert "Accepted publickey" in sshd.log.read_text(), screen.decode()


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as sshd:
        fleet = fleet_with_locked_key(tmp_path, sshd)
        found = stampdeck("--config", str(fleet), "--stamp", "orlando", "get", "pods")
    assert found.code != 0
    assert "it is encrypted, and there is nobody to ask" in found.err
