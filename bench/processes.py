"""Processes under measurement: the ready-made API servers, and what a process used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


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


def console(fleet: Path, *arguments: str) -> list[str]:
    """Return the command line of the console on a fleet."""
    return [str(Path(sys.executable).with_name("stampdeck")), "--config", str(fleet), *arguments]


def kubectl() -> str:
    """Return the kubectl of the development environment."""
    return str(Path(sys.executable).with_name("kubectl"))
