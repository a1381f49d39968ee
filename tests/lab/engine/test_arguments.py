"""What upgrade and scale say to wrong arguments, and when the stamp cannot be reached: as the real engine."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from pathlib import Path

import pytest

from backends.lab.engine.home import write_home
from tests.lab.engine.cluster import make_cluster
from tests.lab.engine.reading import recorded
from tests.lab.engine.stand import LAUNCH, Outcome

_OFFLINE = (
    "30-upgrade-noflags", "31-upgrade-no-location", "32-upgrade-no-version", "33-upgrade-no-apimodel",
    "34-upgrade-both", "35-upgrade-missing-apimodel", "36-upgrade-bad-clientid", "37-upgrade-no-secret",
    "38-upgrade-no-sub", "39-upgrade-bad-azureenv", "40-upgrade-unreachable-arm", "42-scale-noflags",
    "43-scale-no-count", "44-scale-count-zero", "45-scale-unreachable-arm", "a7-upgrade-adfs-arm-unreachable",
    "ad-scale-bad-identity-system", "b1-deprecated-flag",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose stamp is nowhere; its api model stands where the recorded commands look for it."""
    found = tmp_path_factory.mktemp("home")
    (found / ".ssh").mkdir()
    (found / ".ssh" / "known_hosts").touch()
    write_home(found, make_cluster())
    (found / "_output" / "k8s-orlando").rename(found / "_output" / "k8s-demo")
    return found


async def run(home: Path, *arguments: str, **environment: str) -> Outcome:
    plain = {"HOME": str(home), "PATH": os.environ["PATH"], "TMPDIR": str(home), "AKSE_SIM_SPEED": "1000"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", LAUNCH, *arguments, cwd=home, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=plain | environment,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())


@pytest.mark.parametrize("scenario", _OFFLINE)
async def test_wrong_arguments_are_told_in_the_same_words(home: Path, scenario: str) -> None:
    arguments = shlex.split(recorded(scenario)["arguments"])
    (await run(home, *arguments)).agrees_with(scenario)


async def test_a_missing_flag_shows_the_usage_twice_and_other_errors_once(home: Path) -> None:
    missing = await run(home, "upgrade")
    assert missing.err.count("Usage:\n") == 2 and missing.err.count("Global Flags:\n") == 2
    assert missing.err.startswith("Usage:\n")
    absent = await run(home, "upgrade", "-g", "g", "-l", "l", "-k", "1.34.4", "-m", "/nowhere")
    assert absent.err.count("Usage:\n") == 1
    told = "Error: loading existing cluster: specified api model does not exist (/nowhere)\nUsage:\n"
    assert absent.err.startswith(told)


async def test_a_broken_model_is_told_in_the_words_of_gos_decoder(home: Path) -> None:
    for text, said in (
        ("vm", "invalid character 'v' looking for beginning of value"),
        ("", "unexpected end of JSON input"),
        ('{"a": 1', "unexpected end of JSON input"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ("{} x", "invalid character 'x' after top-level value"),
    ):
        (home / "broken.json").write_text(text)
        outcome = await run(home, "upgrade", "-g", "g", "-l", "l", "-k", "1.34.4", "-m", "broken.json")
        assert outcome.error == f"loading existing cluster: error parsing the api model: {said}"


async def test_the_crash_is_a_go_panic_with_its_goroutine_on_stderr(home: Path) -> None:
    outcome = await run(home, *shlex.split(recorded("40-upgrade-unreachable-arm")["arguments"]))
    lines = outcome.err.splitlines()
    assert lines[0] == "panic: runtime error: invalid memory address or nil pointer dereference"
    assert lines[3] == "goroutine 1 [running]:" and lines[-2:] == ["main.main()", "\t/src/main.go:18 +0x7f"]
    assert any("cmd.(*upgradeCmd).loadCluster(" in each for each in lines)
    assert "Usage:" not in outcome.err


async def test_without_known_hosts_the_first_line_warns_of_it(home: Path, tmp_path: Path) -> None:
    outcome = await run(home, "version", HOME=str(tmp_path))
    assert outcome.ids("E") == ["known_hosts_missing"] and str(tmp_path) in outcome.err
    await run(home, "version")
    assert (home / ".aks-engine-azurestack" / "known_hosts").is_file()
