"""The small shell behind exec."""

from __future__ import annotations

import pytest

from backends.lab.kubernetes.node_services import ContainerUnavailable
from tests.lab.world.conftest import Living


class Typed:
    """A caller who types given bytes, then closes the input."""

    def __init__(self, *data: bytes) -> None:
        self._data = list(data)
        self.output = b""
        self.errors = b""

    async def read(self) -> bytes:
        return self._data.pop(0) if self._data else b""

    async def write(self, data: bytes) -> None:
        self.output += data

    async def write_error(self, data: bytes) -> None:
        self.errors += data

    @property
    def size(self) -> tuple[int, int]:
        return 80, 24


async def run(lab: Living, *command: str, typed: tuple[bytes, ...] = (), tty: bool = False) -> tuple[int, str, str]:
    name = lab.pods("ratings-web")[0]["metadata"]["name"]
    terminal = Typed(*typed)
    code = await lab.world.exec("default", name, "ratings-web", command, terminal, tty=tty)
    return code, terminal.output.decode(), terminal.errors.decode()


async def test_commands_answer_from_the_pod(lab: Living) -> None:
    name = lab.pods("ratings-web")[0]["metadata"]["name"]
    assert await run(lab, "hostname") == (0, f"{name}\n", "")
    assert await run(lab, "cat", "/etc/hostname") == (0, f"{name}\n", "")
    assert "API=http://ratings-api\n" in (await run(lab, "env"))[1]
    assert (await run(lab, "ls", "/usr/src/app"))[1] == "package.json\nserver.js\n"
    assert "ratings-web" in (await run(lab, "ps"))[1]


@pytest.mark.parametrize(
    ("script", "code", "output", "errors"),
    [
        ("exit 7", 7, "", ""),
        ("false || echo no", 0, "no\n", ""),
        ("false && echo no; echo $?", 0, "1\n", ""),
        ("echo one; echo two", 0, "one\ntwo\n", ""),
        ("A=5; echo $A", 0, "5\n", ""),
        ("cd /etc && ls | head -2", 0, "hosts\nhostname\n", ""),
        ("cat nothing", 1, "", "cat: nothing: No such file or directory\n"),
        ("nosuch", 127, "", "sh: 1: nosuch: not found\n"),
        ("echo hello > /root/a; cat /root/a | grep ell", 0, "hello\n", ""),
        ("echo 'it''s", 2, "", "sh: 1: Syntax error: No closing quotation\n"),
    ],
)
async def test_scripts(lab: Living, script: str, code: int, output: str, errors: str) -> None:
    found = await run(lab, "sh", "-c", script)
    assert (found[0], sorted(found[1].splitlines()), found[2]) == (code, sorted(output.splitlines()), errors)


async def test_script_from_input_and_prompt_on_a_terminal(lab: Living) -> None:
    assert await run(lab, "sh", typed=(b"echo a\necho", b" b\n")) == (0, "a\nb\n", "")
    code, output, _ = await run(lab, "/bin/bash", typed=(b"echo hix\x7f\r", b"exit 3\r"), tty=True)
    assert code == 3
    assert output == "# echo hix\b \b\r\nhi\r\n# exit 3\r\n"


async def test_unknown_program_is_refused_as_containerd_does(lab: Living) -> None:
    with pytest.raises(ContainerUnavailable, match='exec: "vim": executable file not found in \\$PATH'):
        await run(lab, "vim")


async def test_silent_node_does_not_answer(lab: Living) -> None:
    lab.board.set("node-notready", lab.pods("ratings-web")[0]["spec"]["nodeName"])
    with pytest.raises(ContainerUnavailable, match="error dialing backend"):
        await run(lab, "true")


async def test_a_shell_gives_way_to_another_with_its_terminal(lab: Living) -> None:
    script = "export TERM=screen; command -v bash >/dev/null && exec bash || exec sh"
    code, output, _ = await run(lab, "sh", "-c", script, typed=(b"env TERM\r", b"exit 4\r"), tty=True)
    assert code == 4 and "screen\r\n" in output
    assert "/bin/bash" not in output, "what goes to a file is not shown"
    assert (await run(lab, "sh", "-c", "command -v zsh || exec echo none"))[1] == "none\n"
