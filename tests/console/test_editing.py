"""Editing in the operator's own editor, in a real terminal, on a console that was started to write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.commands.lab_process import LabProcess
from tests.console.command_line import command, stampdeck
from tests.console.writing_lab import ask_api, audited, configure, replicas, set_replicas
from tests.support.api_audit import ApiAudit, audited_lab
from tests.support.pty_terminal import PtyTerminal
from tests.support.waiting import wait_until

pytestmark = pytest.mark.terminal

WITHIN_S = 60.0
EDITOR = """\
#!/bin/sh
exec 3>>"$1/log"
stat -c 'file %a' "$2" >&3; stat -c 'folder %a' "$(dirname "$2")" >&3
grep '^#' "$2" >&3; stty -a </dev/tty >&3; echo "$2" >&3
case "$(cat "$1/step")" in
  same) ;;
  fails) exit 3 ;;
  breaks) echo 'broken: [' >>"$2"; echo changes >"$1/step" ;;
  changes) sed -i -e /broken:/d -e "s/^  replicas: .*/  replicas: $(cat "$1/replicas")/" "$2" ;;
  waits)
    sed -i 's/^  replicas: .*/  replicas: 9/' "$2"; touch "$1/waiting"
    until [ -e "$1/go" ]; do sleep 0.1; done ;;
esac
"""


@dataclass(frozen=True)
class Desk:
    """A terminal with the console in it, and an editor that does what a test says."""

    terminal: PtyTerminal
    folder: Path

    def edit(self, step: str, count: int = 0) -> None:
        """Press the key; the editor does this step."""
        (self.folder / "step").write_text(step)
        (self.folder / "replicas").write_text(str(count))
        self.terminal.send("e")

    @property
    def log(self) -> str:
        """What the editor saw since this was last asked."""
        file = self.folder / "log"
        seen = file.read_text() if file.exists() else ""
        file.unlink(missing_ok=True)
        return seen

    def sees(self, what: str | Callable[[PtyTerminal], bool]) -> None:
        """Wait for a text on the screen."""
        self.terminal.wait_for(what, WITHIN_S)

    def sees_no(self, what: str) -> None:
        """Wait until a text is gone."""
        self.terminal.wait_for(lambda terminal: what not in terminal.text, WITHIN_S)


@pytest.fixture(scope="module")
def audited_editing() -> Iterator[tuple[LabProcess, ApiAudit]]:
    with audited_lab() as found:
        yield found


@pytest.fixture
def desk(
    audited_editing: tuple[LabProcess, ApiAudit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    lab, _ = audited_editing
    configure(lab, monkeypatch)
    editor = tmp_path / "editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    monkeypatch.setenv("KUBE_EDITOR", f"{editor} {tmp_path}")
    words = command("--write", "-c", "dp default @orlando /^ratings-web")
    with PtyTerminal(words, 80, 30, env=dict(os.environ)) as terminal:
        desk = Desk(terminal, tmp_path)
        desk.sees("WRITE 1")
        desk.sees(lambda terminal: "1 of " in terminal.text and " ratings-web" in terminal.text)
        yield desk


def test_an_edit_is_looked_at_before_it_is_written(desk: Desk) -> None:
    set_replicas("orlando", 3)
    desk.edit("same")
    desk.sees("nothing was changed")
    seen = desk.log
    assert "file 600" in seen and "folder 700" in seen
    assert " icanon" in seen and " echo " in seen, "the editor gets a terminal as a shell leaves it"
    assert not Path(seen.splitlines()[-1]).parent.exists(), "the object lay there in the clear"
    desk.edit("breaks", 4)
    desk.sees("replicas: 4")
    seen = desk.log
    assert seen.count("file 600") == 2 and "# not YAML: " in seen
    assert replicas("orlando") == 3
    desk.sees("Yes, do it")
    desk.terminal.send("\t")
    desk.terminal.send("\r")
    desk.sees_no("Yes, do it")
    wait_until(lambda: replicas("orlando") == 4, WITHIN_S)
    wait_until(lambda: any(each["action"] == "edit" and each["result"] == "done" for each in audited()), WITHIN_S)
    desk.terminal.send("\x11")
    assert desk.terminal.wait_exit(WITHIN_S) == 0
    assert not desk.terminal.modes & {1049, 1000, 1003, 2004}
    armed = next(each for each in audited() if each["action"] == "armed")
    assert (armed["result"], armed["why"].partition(" (")[0]) == ("disarmed", "writing disarmed: the console ended")


def test_another_who_wrote_meanwhile_is_not_overwritten(
    desk: Desk, audited_editing: tuple[LabProcess, ApiAudit]
) -> None:
    set_replicas("orlando", 3)
    _, audit = audited_editing
    desk.edit("waits")
    wait_until(lambda: (desk.folder / "waiting").exists(), WITHIN_S)
    set_replicas("orlando", 5)
    # The console goes on following while the editor has the terminal: what is cut, it takes up again.
    before = len(audit.requests())
    assert stampdeck("lab", "fault", "seattle", "api-down").code == 0
    assert stampdeck("lab", "clear").code == 0
    wait_until(lambda: len(audit.requests()) > before, WITHIN_S)
    assert 1049 not in desk.terminal.modes
    (desk.folder / "go").touch()
    desk.sees("edit ratings-web")
    desk.sees(lambda terminal: "the object has been modified" in " ".join(terminal.text.replace("│", " ").split()))
    desk.terminal.send("\r")
    desk.sees_no("Yes, do it")
    assert replicas("orlando") == 5
    desk.edit("fails")
    desk.sees("ended with 3")
    desk.terminal.send("?")
    desk.sees("keys of this screen")
    assert ask_api("GET", "/api/v1/namespaces/default", stamp="orlando")["kind"] == "Namespace"
