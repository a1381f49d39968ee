"""A real etcd and Kubernetes control plane on loopback, in a folder of its own, gone without trace after use.

Facts: the programs are those of KUBEBUILDER_ASSETS; there is no kubelet, so `fake_kubelet` plays all of them.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.authority import Authority
from tests.support.peers import require_control_plane

ADMIN_TOKEN, VIEWER_TOKEN = "admin-of-the-tests", "viewer-of-the-tests"
_ROOT = Path(__file__).parents[2]
_READY_S = 60.0


def free_ports(count: int) -> list[int]:
    """Return distinct loopback ports nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@dataclass
class ControlPlane:
    """A running control plane; `start` and `stop` of single programs are for tests of failures."""

    folder: Path
    programs: Path
    authority: Authority = field(default_factory=Authority)
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _logs: list[IO[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the API server listens."""
        return f"https://127.0.0.1:{self.ports[2]}"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig (0600) with the contexts `admin`, `viewer` (no rights) and `certificate` (admin by certificate).

        Its current-context is `viewer`, which nobody should use by accident.
        """
        return self.folder / "kubeconfig"

    def start_all(self, controllers: bool = True) -> None:
        """Start everything and return when the API server says it is ready."""
        self._write_files()
        self.start("etcd")
        self.start("kube-apiserver")
        self.wait_ready()
        if controllers:
            self.start("kube-controller-manager")
            self.start("kube-scheduler")
            self._run("kubelet", [sys.executable, "-m", "tests.support.fake_kubelet", str(self.kubeconfig)])

    def start(self, name: str) -> None:
        """Start one program again with the arguments and data it had before."""
        self._run(name, [str(self.programs / name), *self._arguments(name)])

    def stop(self, name: str, *, how: int = signal.SIGKILL) -> None:
        """End one program and wait until it is gone."""
        process = self._processes.pop(name)
        process.send_signal(how)
        process.wait(20)

    def signal(self, name: str, number: int) -> None:
        """Send a signal, such as SIGSTOP to make a server that accepts and never answers."""
        self._processes[name].send_signal(number)

    def stop_all(self) -> None:
        """End every program, last started first."""
        for process in reversed(self._processes.values()):
            process.kill()
        for process in self._processes.values():
            process.wait(20)
        self._processes.clear()
        for log in self._logs:
            log.close()
        self._logs.clear()

    def wait_ready(self) -> None:
        """Wait until `/readyz` says ok to us (an anonymous caller is told 403)."""
        deadline = time.monotonic() + _READY_S
        problem = "never asked"
        while time.monotonic() < deadline:
            if (process := self._processes["kube-apiserver"]).poll() is not None:
                problem = f"kube-apiserver ended with {process.returncode}"
                break
            try:
                self.ask("GET", "/readyz")
                self.ask("GET", "/api/v1/namespaces/default")
                return
            except (OSError, ValueError) as error:
                problem = str(error)
            time.sleep(0.1)
        tail = (self.folder / "kube-apiserver.log").read_text(errors="replace")[-2000:]
        raise TimeoutError(f"the control plane is not ready: {problem}\n{tail}")

    def ask(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """Send one request as admin with nothing but the standard library; return the decoded answer."""
        import ssl

        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {ADMIN_TOKEN}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        tls = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        with urllib.request.urlopen(request, timeout=5, context=tls) as answer:
            text = answer.read()
        return json.loads(text) if text.startswith(b"{") else text.decode()

    def compact(self) -> int:
        """Forget every past revision in etcd, so that old resourceVersions are Gone; return the newest revision."""
        head = self._etcd("/v3/kv/range", {"key": base64.b64encode(b"/").decode(), "limit": "1"})
        revision = int(head["header"]["revision"])
        self._etcd("/v3/kv/compaction", {"revision": str(revision), "physical": True})
        return revision

    def _etcd(self, path: str, body: dict[str, Any]) -> Any:
        url = f"http://127.0.0.1:{self.ports[0]}{path}"
        request = urllib.request.Request(url, data=json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def _run(self, name: str, command: list[str]) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self._logs.append(log)
        self._processes[name] = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )

    def _arguments(self, name: str) -> list[str]:
        client, peer, secure = self.ports
        here = self.folder
        if name == "etcd":
            ours, others = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
            return [
                f"--data-dir={here / 'etcd'}",
                f"--listen-client-urls={ours}",
                f"--advertise-client-urls={ours}",
                f"--listen-peer-urls={others}",
                f"--initial-advertise-peer-urls={others}",
                f"--initial-cluster=default={others}",
                "--unsafe-no-fsync",
            ]
        if name == "kube-apiserver":
            return [
                f"--etcd-servers=http://127.0.0.1:{client}",
                f"--secure-port={secure}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                f"--cert-dir={here}",
                f"--tls-cert-file={here / 'server.crt'}",
                f"--tls-private-key-file={here / 'server.key'}",
                f"--client-ca-file={here / 'ca.crt'}",
                "--service-cluster-ip-range=10.0.0.0/16",
                f"--service-account-key-file={here / 'accounts.pub'}",
                f"--service-account-signing-key-file={here / 'accounts.key'}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--token-auth-file={here / 'tokens.csv'}",
                "--authorization-mode=RBAC",
                "--kubelet-preferred-address-types=InternalIP",
                f"--kubelet-client-certificate={here / 'client.crt'}",
                f"--kubelet-client-key={here / 'client.key'}",
                # Without a watch cache a watch reads etcd, so a compaction makes its old versions Gone at once.
                "--watch-cache-sizes=configmaps#0",
            ]
        leading = "--leader-elect=false"
        if name == "kube-controller-manager":
            return [
                f"--kubeconfig={here / 'controllers'}",
                leading,
                "--port=0",
                f"--secure-port={free_ports(1)[0]}",
                f"--service-account-private-key-file={here / 'accounts.key'}",
                f"--root-ca-file={here / 'ca.crt'}",
                "--controllers=*",
            ]
        return [f"--kubeconfig={here / 'controllers'}", leading, "--port=0", f"--secure-port={free_ports(1)[0]}"]

    def _write_files(self) -> None:
        here = self.folder
        (here / "ca.crt").write_text(self.authority.pem)
        self.authority.server("127.0.0.1", "kubernetes", "localhost").write(here, "server")
        self.authority.server("127.0.0.1").write(here, "kubelet")
        self.authority.client("certified", "system:masters").write(here, "client")
        accounts = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        (here / "accounts.key").write_bytes(
            accounts.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        (here / "accounts.pub").write_bytes(
            accounts.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        (here / "tokens.csv").write_text(f"{ADMIN_TOKEN},admin,1,system:masters\n{VIEWER_TOKEN},viewer,2,\n")
        for path, current in ((self.kubeconfig, "viewer"), (here / "controllers", "admin")):
            path.touch(mode=0o600)
            path.write_text(yaml.safe_dump(self._kubeconfig_content(current)))

    def _kubeconfig_content(self, current: str) -> dict[str, Any]:
        users = {
            "admin": {"token": ADMIN_TOKEN},
            "viewer": {"token": VIEWER_TOKEN},
            "certificate": {
                "client-certificate": str(self.folder / "client.crt"),
                "client-key": str(self.folder / "client.key"),
            },
        }
        authority = base64.b64encode(self.authority.pem.encode()).decode()
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "real", "cluster": {"server": self.url, "certificate-authority-data": authority}},
            ],
            "users": [{"name": name, "user": user} for name, user in users.items()],
            "contexts": [{"name": name, "context": {"cluster": "real", "user": name}} for name in users],
            "current-context": current,
        }


@contextmanager
def running_control_plane(folder: Path, controllers: bool = True) -> Iterator[ControlPlane]:
    """Start a control plane in `folder` and end all of it afterwards; skips or fails where it is not installed."""
    plane = ControlPlane(folder, require_control_plane())
    try:
        plane.start_all(controllers)
        yield plane
    finally:
        plane.stop_all()


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One control plane for all tests of a worker; keep its users together with `xdist_group("control_plane")`."""
    with running_control_plane(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


def worker_name() -> str:
    """The xdist worker running this, or an empty text."""
    return os.environ.get("PYTEST_XDIST_WORKER", "")
