"""What a valid fleet.yaml becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.errors import ConfigurationError, UsageError
from backends.model.stamp import ApplicationAccess, ClusterAccess, Protection, Stamp
from console.configuration import load_settings
from tests.console.files import FLEET, write_fleet


def test_every_value_arrives_with_paths_made_whole(tmp_path: Path) -> None:
    settings = load_settings(str(write_fleet(tmp_path)))
    kubeconfig = tmp_path / "kubeconfig"
    assert settings.stamps == (
        Stamp("orlando", ClusterAccess(kubeconfig, "orlando-admin"), Protection.TYPED, None, "Florida"),
        Stamp(
            "seattle",
            ClusterAccess(kubeconfig, "Seattle_Admin", request_timeout_s=2.5),
            Protection.CONFIRM,
            ApplicationAccess("https://10.0.0.1/", "ratings.example.com", interval_s=60.0),
        ),
    )
    assert (settings.armed_for_s, settings.keys, settings.theme) == (600.0, {"resources.describe": "d,f3"}, "")
    assert settings.file == tmp_path / "fleet.yaml"


def test_home_and_absolute_paths(tmp_path: Path) -> None:
    text = FLEET.replace("kubeconfig: kubeconfig\n", "kubeconfig: ~/.kube/config\n", 1)
    text = text.replace("{kubeconfig: kubeconfig,", "{kubeconfig: /etc/kubeconfig,")
    first, second = load_settings(str(write_fleet(tmp_path, text))).stamps
    assert first.cluster.kubeconfig == Path.home() / ".kube/config"
    assert second.cluster.kubeconfig == Path("/etc/kubeconfig")


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    text = """\
stamps:
  - name: orlando
    cluster: &shared {kubeconfig: kubeconfig, context: orlando-admin}
  - name: seattle
    cluster: {<<: *shared, context: Seattle_Admin}
"""
    first, second = load_settings(str(write_fleet(tmp_path, text))).stamps
    assert (first.cluster.context, second.cluster.context) == ("orlando-admin", "Seattle_Admin")
    assert first.cluster.kubeconfig == second.cluster.kubeconfig


def test_which_file_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    default = Path.home() / ".config/stampdeck"
    default.mkdir(parents=True)
    named, given = tmp_path / "named", tmp_path / "given"
    for folder in (named, given):
        folder.mkdir()
    files = [write_fleet(folder) for folder in (default, named, given)]
    assert load_settings().file == files[0]
    monkeypatch.setenv("STAMPDECK_CONFIG", str(files[1]))
    assert load_settings().file == files[1]
    assert load_settings(str(files[2])).file == files[2]


def test_a_missing_file_names_who_asked_for_it_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAMPDECK_CONFIG", "/nowhere/fleet.yaml")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "/nowhere/fleet.yaml (named by STAMPDECK_CONFIG)" in str(caught.value)
    assert "stampdeck init" in caught.value.todo


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_bytes(b"stamps: \xff")
    with pytest.raises(ConfigurationError, match="is not UTF-8 text"):
        load_settings(str(file))


def test_only_known_stamps_can_be_chosen(tmp_path: Path) -> None:
    settings = load_settings(str(write_fleet(tmp_path)))
    assert [stamp.name for stamp in settings.only(("seattle", "orlando"))] == ["orlando", "seattle"]
    assert [stamp.name for stamp in settings.only(())] == ["orlando", "seattle"]
    with pytest.raises(UsageError, match="has orlando, seattle"):
        settings.only(("tampa",))
