"""Real configuration files for tests: a valid fleet.yaml and the kubeconfigs it names."""

from __future__ import annotations

from pathlib import Path

KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- {name: one, cluster: {server: "https://127.0.0.1:1"}}
users:
- {name: admin, user: {token: not-a-real-token}}
contexts:
- {name: orlando-admin, context: {cluster: one, user: admin}}
- {name: Seattle_Admin, context: {cluster: one, user: admin}}
current-context: orlando-admin
"""

FLEET = """\
stamps:
  - name: orlando
    location: Florida
    protection: typed
    cluster:
      kubeconfig: kubeconfig
      context: orlando-admin
  - name: seattle
    cluster: {kubeconfig: kubeconfig, context: Seattle_Admin, request_timeout: 2.5s}
    application:
      url: https://10.0.0.1/
      host: ratings.example.com
      interval: 1m
write: {armed_for: 10m}
keys: {resources.describe: "d,f3"}
"""


def write_kubeconfig(folder: Path, mode: int = 0o600) -> Path:
    """Write a kubeconfig with two contexts."""
    file = folder / "kubeconfig"
    file.write_text(KUBECONFIG)
    file.chmod(mode)
    return file


def write_fleet(folder: Path, text: str = FLEET) -> Path:
    """Write a fleet.yaml and the kubeconfig beside it."""
    write_kubeconfig(folder)
    file = folder / "fleet.yaml"
    file.write_text(text)
    file.chmod(0o600)
    return file
