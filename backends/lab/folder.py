"""The lab's folder: what a user would keep for this estate, and lab.json with every address once all answers."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from backends.lab.accounts import READER, SCALER, SCALER_NAMESPACE
from backends.lab.certificates import Authority, KeyPair
from backends.lab.kubernetes.access import Account, ServingFiles


@dataclass(frozen=True, slots=True)
class StampFiles:
    """Paths of one stamp's files, and the accounts its API server knows."""

    serving: ServingFiles
    authority: Path
    kubeconfig: Path
    scaler_kubeconfig: Path
    admin_certificate: Path
    admin_key: Path
    reader_certificate: Path
    reader_key: Path
    accounts: tuple[Account, ...]


class LabFolder:
    """A directory only its owner can read; what holds a key or a token is 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "fleet.yaml"
        self.ready_file = path / "lab.json"

    def make(self) -> None:
        """Make the folder (0700) and forget an earlier lab's lab.json."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        for name in ("kube", "pki", "ssh", "vm"):
            (self.path / name).mkdir(exist_ok=True)
            (self.path / name).chmod(0o700)
        self.forget()

    def forget(self) -> None:
        """Take lab.json away: nothing answers any more."""
        with contextlib.suppress(FileNotFoundError):
            self.ready_file.unlink()

    def write(self, name: str, content: bytes) -> Path:
        """Write one private file (0600) so that no reader ever sees half of it."""
        target = self.path / name
        draft = target.with_name(f".{target.name}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
        draft.replace(target)
        return target

    def write_stamp(self, name: str, authority: Authority, accounts: Sequence[Account]) -> StampFiles:
        """Write the certificates of one stamp; its kubeconfig follows when its port is known."""
        names = ("127.0.0.1", "localhost", "::1", f"k8s-{name}", "kubernetes", "kubernetes.default.svc")
        server = authority.server(names)
        expired = authority.server(names, expired=True)
        admin = authority.client("client", ("system:masters",))
        reader = authority.client(READER)

        def pair(kind: str, keys: KeyPair) -> tuple[Path, Path]:
            return (
                self.write(f"pki/{name}-{kind}.crt", keys.certificate),
                self.write(f"pki/{name}-{kind}.key", keys.key),
            )

        ca = self.write(f"pki/{name}-ca.crt", authority.certificate)
        serving = ServingFiles(*pair("apiserver", server), ca, *pair("apiserver-expired", expired))
        return StampFiles(
            serving, ca, self.path / "kube" / f"{name}.yaml", self.path / "kube" / f"{name}-{SCALER}.yaml",
            *pair("admin", admin), *pair("reader", reader), tuple(accounts),
        )  # fmt: skip

    def write_kubeconfigs(self, name: str, files: StampFiles, api_url: str) -> None:
        """Write kubeconfigs as aks-engine makes them.

        In NAME.yaml the context NAME is the admin and NAME-reader may only look; NAME-scaler.yaml, with its one
        context of that name, is of the user who has rights in one namespace only.
        """
        cluster = {"certificate-authority-data": _inline(files.authority), "server": api_url}
        users: dict[str, dict[str, str]] = {
            "admin": _certified(files.admin_certificate, files.admin_key),
            READER: _certified(files.reader_certificate, files.reader_key),
        }
        contexts = {name: {"user": f"{name}-admin"}, f"{name}-{READER}": {"user": f"{name}-{READER}"}}
        named = {f"{name}-{user}": credentials for user, credentials in users.items()}
        self._write_kubeconfig(files.kubeconfig, name, cluster, named, contexts)
        (token,) = (each.token for each in files.accounts if each.user == SCALER)
        scaler = f"{name}-{SCALER}"
        context = {scaler: {"user": scaler, "namespace": SCALER_NAMESPACE}}
        self._write_kubeconfig(files.scaler_kubeconfig, name, cluster, {scaler: {"token": token}}, context)

    def _write_kubeconfig(
        self,
        path: Path,
        cluster_name: str,
        cluster: Mapping[str, str],
        users: Mapping[str, Mapping[str, str]],
        contexts: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Write one kubeconfig; its first context is the current one."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster_name, "cluster": cluster}],
            "contexts": [
                {"name": name, "context": {"cluster": cluster_name, **context}} for name, context in contexts.items()
            ],
            "current-context": next(iter(contexts)),
            "users": [{"name": name, "user": dict(user)} for name, user in users.items()],
        }
        self.write(f"kube/{path.name}", yaml.safe_dump(document, sort_keys=False).encode())

    def write_fleet(self, stamps: Sequence[Mapping[str, Any]]) -> None:
        """Write fleet.yaml as a user of this estate would.

        Each stamp has name, location, application (a URL), helper_vm and azure_stack (their sections as they are).
        """
        entries = [
            {
                "name": stamp["name"],
                "location": stamp["location"],
                "protection": "confirm" if position == 0 else "typed",
                "cluster": {"kubeconfig": f"kube/{stamp['name']}.yaml", "context": stamp["name"]},
                "application": {"url": stamp["application"], "interval": "2s"},
                "helper_vm": stamp["helper_vm"],
                "azure_stack": stamp["azure_stack"],
            }
            for position, stamp in enumerate(stamps)
        ]
        for entry in entries:
            if not entry["location"]:
                del entry["location"]
        text = "# The stamps of this lab. Paths are relative to this file.\n"
        text += yaml.safe_dump({"stamps": entries}, sort_keys=False, allow_unicode=True)
        self.write("fleet.yaml", text.encode())

    def announce(self, document: Mapping[str, Any]) -> None:
        """Write lab.json: the last file, in one step, once every server answers."""
        self.write("lab.json", (json.dumps(document, indent=2) + "\n").encode())


def described(files: StampFiles) -> dict[str, Any]:
    """Return the credentials of one stamp's API as lab.json lists them."""
    return {
        "certificate_authority": str(files.authority),
        "kubeconfig": str(files.kubeconfig),
        "accounts": [
            {
                "user": "client",
                "groups": ["system:masters"],
                "certificate": str(files.admin_certificate),
                "key": str(files.admin_key),
            },
            {"user": READER, "groups": [], "certificate": str(files.reader_certificate), "key": str(files.reader_key)},
            *(asdict(account) | _place(account, files) for account in files.accounts),
        ],
    }


def _place(account: Account, files: StampFiles) -> dict[str, str]:
    """Return what is said of an account besides its credentials: where the scaler's rights are, and its kubeconfig."""
    if account.user != SCALER:
        return {}
    return {"namespace": SCALER_NAMESPACE, "kubeconfig": str(files.scaler_kubeconfig)}


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _certified(certificate: Path, key: Path) -> dict[str, str]:
    return {"client-certificate-data": _inline(certificate), "client-key-data": _inline(key)}
