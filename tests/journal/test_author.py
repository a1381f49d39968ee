"""Who acts, and whether a process that wrote something still runs."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from dataclasses import replace

from backends.journal import this_author, works_still
from backends.model.journal import Author

_SAY = "from backends.journal import this_author as a; print(a().process, flush=True); input()"


def test_the_author_is_an_account_of_this_machine() -> None:
    author = this_author()
    assert pwd.getpwnam(author.person).pw_name == author.person
    assert author.host == os.uname().nodename
    assert str(author) == f"{author.person}@{author.host}"
    assert works_still(author) is True


def test_a_process_that_ended_works_no_more() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SAY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin is not None and run.stdout is not None
        author = replace(this_author(), process=run.stdout.readline().strip())
        assert works_still(author) is True
        run.kill()
        os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)
        assert works_still(author) is False, "its remains, which nobody collected yet, are not it"
    assert works_still(author) is False


def test_another_process_with_the_same_pid_is_not_it() -> None:
    author = this_author()
    pid, start, boot, namespace = author.process.split(":")
    assert works_still(replace(author, process=f"{pid}:{int(start) - 1}:{boot}:{namespace}")) is False
    assert works_still(replace(author, process=f"{pid}:{start}:another-boot:{namespace}")) is False


def test_what_cannot_be_seen_from_here_is_not_guessed() -> None:
    author = this_author()
    pid, start, boot, _ = author.process.split(":")
    assert works_still(replace(author, host="bastion-2")) is None
    assert works_still(replace(author, process=f"{pid}:{start}:{boot}:another-container")) is None
    assert works_still(Author(author.person, author.host)) is None
    assert works_still(replace(author, process="written by hand")) is None
