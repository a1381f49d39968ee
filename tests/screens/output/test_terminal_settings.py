"""What the environment says about the terminal."""

from __future__ import annotations

import pytest

from screens.output.terminal_settings import terminal_settings


def test_over_ssh_nothing_is_animated() -> None:
    settings = terminal_settings({"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"})
    assert settings.remote
    assert settings.variables == {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0"}


def test_what_the_user_set_is_kept_and_local_terminals_are_left_alone() -> None:
    chosen = terminal_settings({"SSH_TTY": "/dev/pts/1", "TEXTUAL_ANIMATIONS": "full"})
    assert "TEXTUAL_ANIMATIONS" not in chosen.variables
    assert terminal_settings({}).variables == {}


@pytest.mark.parametrize(
    ("environ", "inside"),
    [({"TMUX": "/tmp/t,1,0"}, "tmux"), ({"STY": "1.x"}, "screen"), ({"TERM": "screen.xterm"}, "screen"), ({}, "")],
)
def test_the_multiplexer(environ: dict[str, str], inside: str) -> None:
    assert terminal_settings(environ).inside == inside


@pytest.mark.parametrize(
    ("environ", "is_unicode"),
    [
        ({"LANG": "C"}, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, True),
        ({}, True),
    ],
)
def test_the_locale(environ: dict[str, str], is_unicode: bool) -> None:
    assert terminal_settings(environ).unicode is is_unicode
