"""exec, attach and port-forward as kubectl carries them: WebSockets on newer servers, SPDY on older ones."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backends.lab.runner import LabOptions, RunningLab
from tests.lab.kubectl.conftest import SPEED, LabThread, kubeconfig_of
from tests.lab.kubectl.printed import Kubectl
from tests.support.peers import require_kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]

_WITHIN_S = 20.0


@pytest.fixture(scope="module", params=["v1.20.2", "v1.33.1"])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """kubectl on a server that speaks SPDY only, and on one that tunnels it through WebSockets."""
    program = require_kubectl()
    options = LabOptions(
        tmp_path_factory.mktemp("lab"), speed=SPEED, stamps=1, incidents=False, version=str(request.param)
    )
    thread = LabThread(options)
    running: RunningLab = thread.start()
    try:
        yield Kubectl(program, kubeconfig_of(running), tmp_path_factory.mktemp("home"))
    finally:
        thread.stop()


@pytest.fixture
def pod(cluster: Kubectl) -> str:
    """A pod of the application that is not going away."""
    listed = cluster.run("get", "pods", "-l", "app=ratings-web", "-o", "json").out
    return str(next(each["metadata"]["name"] for each in json.loads(listed)["items"] if _stays(each)))


def _stays(pod: dict[str, Any]) -> bool:
    return pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]


class Forwarding:
    """A running `kubectl port-forward`; what it prints is collected."""

    def __init__(self, kubectl: Kubectl, *arguments: str) -> None:
        self.process = kubectl.start("port-forward", *arguments)
        self.printed: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: object) -> None:
        for line in stream:  # type: ignore[attr-defined]
            self.printed.append(line)

    def port(self, remote: int) -> int:
        """Return the local port of a remote one once it listens."""
        return int(self.until(rf"Forwarding from 127\.0\.0\.1:(\d+) -> {remote}\n")[1])

    def until(self, pattern: str) -> re.Match[str]:
        """Wait for a line."""
        deadline = time.monotonic() + _WITHIN_S
        while True:
            found = re.search(pattern, "".join(self.printed))
            if found is not None:
                return found
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.02)

    def stop(self) -> int:
        """End it, if it has not ended, and return its exit code."""
        self.process.terminate()
        code = self.process.wait(_WITHIN_S)
        for reader in self._readers:
            reader.join(_WITHIN_S)
        self.process.communicate()
        return code


def get(port: int, path: str = "/healthz") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_forwarded_requests_reach_the_application(cluster: Kubectl, pod: str) -> None:
    forwarding = Forwarding(cluster, f"pod/{pod}", ":8080")
    try:
        port = forwarding.port(8080)
        assert get(port) == "ok\n"
        with ThreadPoolExecutor(6) as asking:
            answers = list(asking.map(get, [port] * 12, ["/api/items"] * 12))
        assert all('"name": "Mango"' in each for each in answers)
    finally:
        forwarding.stop()


def test_a_service_is_forwarded_to_one_of_its_pods(cluster: Kubectl) -> None:
    forwarding = Forwarding(cluster, "service/ratings-web", ":80")
    try:
        assert get(forwarding.port(8080)) == "ok\n"
    finally:
        forwarding.stop()


def test_a_port_nobody_listens_on(cluster: Kubectl, pod: str) -> None:
    forwarding = Forwarding(cluster, f"pod/{pod}", ":9999")
    try:
        with pytest.raises(OSError):
            get(forwarding.port(9999))
        forwarding.until(r"dial tcp4 127\.0\.0\.1:9999: connect: connection refused")
    finally:
        forwarding.stop()


def test_the_end_of_the_pod_ends_the_forwarding(cluster: Kubectl, pod: str) -> None:
    forwarding = Forwarding(cluster, f"pod/{pod}", ":8080")
    try:
        assert get(forwarding.port(8080)) == "ok\n"
        cluster.run("delete", "pod", pod)
        forwarding.until("lost connection to pod")
        assert forwarding.process.wait(_WITHIN_S) == 1
    finally:
        forwarding.stop()
        cluster.run("rollout", "status", "deployment/ratings-web", "--timeout=30s")


def test_exec_carries_input_output_and_the_exit_code(cluster: Kubectl, pod: str) -> None:
    assert cluster.run("exec", pod, "--", "hostname").out == f"{pod}\n"
    assert cluster.run("exec", "-i", pod, "--", "cat", stdin="a\nb\n").out == "a\nb\n"
    failed = cluster.run("exec", pod, "--", "sh", "-c", "exit 3", code=3)
    assert failed.err == "command terminated with exit code 3\n"
    missing = cluster.run("exec", pod, "--", "nosuch", code=1)
    assert 'exec: "nosuch": executable file not found in $PATH' in missing.err


def test_the_end_of_the_pod_ends_the_command(cluster: Kubectl, pod: str) -> None:
    sleeping = cluster.start("exec", pod, "--", "sh", "-c", "echo begun; sleep 3000")
    assert sleeping.stdout is not None
    try:
        assert sleeping.stdout.readline() == "begun\n"
        cluster.run("delete", "pod", pod)
        assert sleeping.wait(_WITHIN_S) == 137
    finally:
        sleeping.kill()
        sleeping.communicate()
        cluster.run("rollout", "status", "deployment/ratings-web", "--timeout=30s")


def test_attach_shows_what_the_container_writes(cluster: Kubectl, pod: str) -> None:
    attached = cluster.start("attach", pod)
    assert attached.stdout is not None
    try:
        assert attached.stdout.readline()
        assert attached.stdout.readline()
    finally:
        attached.terminate()
        attached.communicate()


class Screen:
    """A pseudo terminal with a command in it."""

    def __init__(self, kubectl: Kubectl, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self.resize(33, 111)
        self.process = subprocess.Popen(
            [str(kubectl.program), "--kubeconfig", str(kubectl.kubeconfig), *arguments],
            *(-1, None, slave, slave, slave),
            env=kubectl.environment,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = ""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, text: str) -> None:
        """Read until a text is shown."""
        deadline = time.monotonic() + _WITHIN_S
        while text not in self.shown:
            ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, self.shown
            self.shown += os.read(self.master, 4096).decode(errors="replace")


def test_a_terminal_is_resized_and_its_exit_code_kept(cluster: Kubectl, pod: str) -> None:
    screen = Screen(cluster, "exec", "-it", pod, "--", "sh")
    try:
        screen.until("# ")
        _ask_size(screen, "33 111")
        screen.resize(40, 120)
        screen.process.send_signal(signal.SIGWINCH)
        _ask_size(screen, "40 120")
        screen.type("exit 4\r")
        assert screen.process.wait(_WITHIN_S) == 4
    finally:
        screen.process.kill()
        screen.process.wait(_WITHIN_S)
        os.close(screen.master)


def _ask_size(screen: Screen, wanted: str) -> None:
    """Ask again and again: kubectl tells the size in a message of its own, before or after what is typed."""
    for _ in range(50):
        screen.shown = ""
        screen.type("stty size\r")
        screen.until("\r\n# ")
        if wanted in screen.shown:
            return
        time.sleep(0.05)
    raise AssertionError(screen.shown)
