"""Processes under measurement: the ready-made API servers, and what a process used."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml


@contextmanager
def api_servers(folder: Path, count: int, pods: int, rate: float, among: int = 0) -> Iterator[Path]:
    """Start servers of ready-made answers and give the fleet.yaml that names them."""
    with ExitStack() as stack:
        stamps = []
        for number in range(count):
            port = stack.enter_context(_server(pods, rate, among))
            name = f"stamp{number}"
            kubeconfig = folder / f"{name}.yaml"
            kubeconfig.write_text(_kubeconfig(name, port))
            kubeconfig.chmod(0o600)
            stamps.append(f"  - {{name: {name}, cluster: {{kubeconfig: {kubeconfig.name}, context: {name}}}}}\n")
        fleet = folder / "fleet.yaml"
        fleet.write_text("stamps:\n" + "".join(stamps))
        yield fleet


@contextmanager
def _server(pods: int, rate: float, among: int) -> Iterator[int]:
    command = [
        sys.executable,
        "-m",
        "bench.api_server",
        "--pods",
        str(pods),
        "--rate",
        str(rate),
        "--among",
        str(among),
    ]
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


def seconds_behind(fleet: Path) -> float:
    """Return for how long the slowest reader has not taken the changes that are due to it, over all servers."""
    behind = []
    for kubeconfig in fleet.parent.glob("stamp*.yaml"):
        server = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        with urllib.request.urlopen(f"{server}/bench/behind", timeout=10) as answer:
            behind.append(float(json.load(answer)["seconds"]))
    return max(behind)


def console(fleet: Path, *arguments: str) -> list[str]:
    """Return the command line of the console on a fleet."""
    return [str(Path(sys.executable).with_name("stampdeck")), "--config", str(fleet), *arguments]


def kubectl() -> str:
    """Return the kubectl of the development environment."""
    return str(Path(sys.executable).with_name("kubectl"))
