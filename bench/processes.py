"""Processes under measurement: the ready-made API servers, and what a process used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_TICKS_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@contextmanager
def api_servers(folder: Path, count: int, pods: int, rate: float) -> Iterator[Path]:
    """Start servers of ready-made answers and give the fleet.yaml that names them."""
    with ExitStack() as stack:
        stamps = []
        for number in range(count):
            port = stack.enter_context(_server(pods, rate))
            name = f"stamp{number}"
            kubeconfig = folder / f"{name}.yaml"
            kubeconfig.write_text(_kubeconfig(name, port))
            kubeconfig.chmod(0o600)
            stamps.append(f"  - {{name: {name}, cluster: {{kubeconfig: {kubeconfig.name}, context: {name}}}}}\n")
        fleet = folder / "fleet.yaml"
        fleet.write_text("stamps:\n" + "".join(stamps))
        yield fleet


@contextmanager
def _server(pods: int, rate: float) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.api_server", "--pods", str(pods), "--rate", str(rate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.terminate()


def _kubeconfig(name: str, port: int) -> str:
    return (
        "apiVersion: v1\nkind: Config\n"
        f'clusters: [{{name: {name}, cluster: {{server: "http://127.0.0.1:{port}"}}}}]\n'
        f"users: [{{name: {name}, user: {{}}}}]\n"
        f"contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}}}}}]\ncurrent-context: {name}\n"
    )


def cpu_s(process_id: int) -> float:
    """Return the processor seconds a process used so far."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICKS_S


def resident_mib(process_id: int) -> float:
    """Return the resident memory of a process in MiB."""
    return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * _PAGE / 2**20


def peak_mib_of(usage_before: int) -> float:
    """Return the peak resident memory of ended children in MiB, given ru_maxrss (KiB) of one of them."""
    return usage_before / 1024
