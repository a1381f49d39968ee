"""The script of a job: what has to be done on the VM before aks-engine, which then takes its place."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from backends.aks_engine.commands import CommandLine, environment_lines
from backends.aks_engine.vm_paths import shell_word
from backends.model.helper_vm import HelperVmAccess


def job_script(line: CommandLine, vm: HelperVmAccess, model: str, number: str) -> str:
    """Return what `sh` is to run; `model` is the file to be copied aside first, empty when there is none yet.

    The engine is exec'ed last: its exit status is the job's, and signals reach it directly. Nothing follows it.
    """
    steps = [f"check_engine {shell_word(line.words[0])}"]
    if model:
        steps += ["copy_aside", "mend_modes"]
    if line.secret_file:
        steps.append("read_secret")
    lines = [
        "umask 077",
        'cd -- "$HOME" || exit 73',
        *environment_lines(vm),
        f"number={shell_word(number)}",
        f"model={shell_word(model)}",
        f"secret_file={shell_word(line.secret_file)}",
        _before_run(),
        *steps,
        f"exec {line.script}",
    ]
    return "\n".join((*lines, ""))


@cache
def _before_run() -> str:
    return files("backends.aks_engine").joinpath("before_run.sh").read_text("utf-8")
