"""What our own script says before the engine is understood like the engine's own words."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from backends.aks_engine.log import EngineLog, catalogue
from backends.model.engine.progress import Phase

_SCRIPT = files("backends.aks_engine").joinpath("before_run.sh").read_text("utf-8")
_SAID = re.findall(r'say "([^"]+)"', _SCRIPT)


@pytest.mark.parametrize("said", _SAID)
def test_all_that_the_script_can_say_is_known(said: str) -> None:
    text = re.sub(r"\$\w+", "/home/azureuser/_output/k8s/x", said)
    assert catalogue.find(f"stampdeck: {text}") is not None


def test_a_copy_made_is_no_trouble() -> None:
    log = EngineLog("upgrade")
    (line,) = log.feed(b"stampdeck: copied the api model to /home/a/apimodel-copies/apimodel-1.json\n")
    assert (line.message, line.fields["path"]) == ("launch_copied", "/home/a/apimodel-copies/apimodel-1.json")
    assert (log.progress.phase, log.progress.alarms) == (Phase.START, ())


def test_permissions_that_stay_open_are_an_alarm() -> None:
    log = EngineLog("upgrade")
    log.feed(b"stampdeck: the permissions of /home/a/x.key could not be set to 0600\n")
    assert log.progress.alarms[0].startswith("/home/a/x.key can be used by other accounts")
    assert log.progress.phase is Phase.START


@pytest.mark.parametrize(
    ("said", "id"),
    [
        ("the api model could not be copied aside: nothing was started", "not-copied"),
        ("the client secret's file /s is missing or not to be read by this account", "secret-unreadable"),
        ("the client secret's file /s is empty", "secret-unreadable"),
        ("the client secret's file /s can be read by others: chmod 600 it, and renew the secret", "secret-open"),
        ("there is no aks-engine-azurestack on this machine's PATH", "not-installed"),
    ],
)
def test_what_keeps_the_engine_from_starting(said: str, id: str) -> None:
    log = EngineLog("upgrade")
    log.feed(f"stampdeck: {said}\n".encode())
    assert log.progress.phase is Phase.FAILED
    assert [each.id for each in log.progress.failures] == [id]
