"""Kubeconfig files: what is wrong with one, in which file, and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.errors import ConfigurationError
from backends.kubernetes.kubeconfig import check, contexts, read_context


def _write(folder: Path, content: Any, mode: int = 0o600) -> Path:
    path = folder / "kubeconfig"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    path.chmod(mode)
    return path


def _config(**user: Any) -> dict[str, Any]:
    return {
        "contexts": [{"name": "orlando", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://api.example:6443/"}}],
        "users": [{"name": "u", "user": user}],
    }


def test_a_good_one(tmp_path: Path) -> None:
    path = _write(tmp_path, _config(token="t"))
    found = read_context(path, "orlando")
    assert (found.server, found.namespace, found.folder) == ("https://api.example:6443", "shop", tmp_path)
    assert contexts(path) == ("orlando",)
    assert check(path, "orlando") == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a: b\nc: ]", "not valid YAML at line 2"),
        ("just words", "not a kubeconfig"),
        ("contexts: {}", "no context named orlando"),
        ({"contexts": "orlando"}, "`contexts:` is not a list of named entries"),
        ({"contexts": [{"context": {}}]}, "`contexts:` is not a list of named entries"),
        ({"contexts": [{"name": "other", "context": {}}]}, "no context named orlando — use one of: other"),
        ({"contexts": [{"name": "orlando", "context": {}}]}, "names no cluster"),
        (_config() | {"clusters": []}, "no cluster named c"),
        (_config() | {"users": []}, "no user named u"),
        (_config() | {"clusters": [{"name": "c", "cluster": {"server": "api.example"}}]}, "no `server:`"),
        (_config() | {"clusters": [{"name": "c"}]}, "no `server:`"),
        (_config(**{"client-key-data": "not base64: SECRET!"}), "`client-key-data` of context orlando is not base64"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: Any, why: str) -> None:
    path = _write(tmp_path, content)
    with pytest.raises(ConfigurationError) as wrong:
        read_context(path, "orlando")
    assert why in str(wrong.value)
    assert str(path) in str(wrong.value)
    assert wrong.value.todo
    assert "SECRET" not in str(wrong.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        contexts(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="Is a directory"):
        contexts(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_warnings(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")
    (tmp_path / "key").chmod(0o640)
    config = _config(**{"client-key": "key", "client-certificate": "gone.crt"})
    config["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    path = _write(tmp_path, config, mode=0o644)
    mode, key, missing, careless = check(path, "orlando")
    assert "mode 0644 lets everyone on this machine use these credentials" in mode
    assert f"chmod 600 {path}" in mode
    assert "30 years" in mode
    assert "mode 0640 lets its group" in key
    assert "gone.crt, which does not exist" in missing
    assert "does not verify" in careless
