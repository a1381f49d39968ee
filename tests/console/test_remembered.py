"""An unchanged configuration is not checked twice, and a changed one always is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.configuration import load_settings
from console.configuration.problems import InvalidConfiguration
from console.configuration.remembered import KEPT, recall
from tests.console.files import FLEET, write_fleet


def test_the_same_text_gives_equal_settings_without_importing_pydantic(tmp_path: Path) -> None:
    file = write_fleet(tmp_path)
    first = load_settings(str(file))
    code = "import sys; from console.configuration import load_settings; print(load_settings(sys.argv[1]));"
    code += "print('pydantic' in sys.modules, file=sys.stderr)"
    again = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == str(first)
    assert again.stderr.strip() == "False"
    assert load_settings(str(file)) == first


def test_a_changed_text_is_checked(tmp_path: Path) -> None:
    file = write_fleet(tmp_path)
    load_settings(str(file))
    file.write_text(FLEET.replace("orlando", "tampa"))
    assert load_settings(str(file)).stamps[0].name == "tampa"
    file.write_text(FLEET.replace("name: orlando", "nome: orlando"))
    with pytest.raises(InvalidConfiguration):
        load_settings(str(file))


def test_another_home_is_another_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_fleet(tmp_path, FLEET.replace("kubeconfig: kubeconfig\n", "kubeconfig: ~/config\n", 1))
    load_settings(str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings(str(file)).stamps[0].cluster.kubeconfig == tmp_path / "config"


def test_what_is_kept_is_private_and_one_per_file(tmp_path: Path) -> None:
    file = write_fleet(tmp_path)
    load_settings(str(file))
    file.write_text(FLEET.replace("Florida", "FL"))
    load_settings(str(file))
    kept = list((Path(os.environ["XDG_CACHE_HOME"]) / "stampdeck/settings").iterdir())
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o777 == 0o600
    assert kept[0].parent.stat().st_mode & 0o777 == 0o700


def test_files_that_were_used_long_ago_are_forgotten(tmp_path: Path) -> None:
    store = Path(os.environ["XDG_CACHE_HOME"]) / "stampdeck/settings"
    files = []
    for number in range(KEPT + 3):
        (folder := tmp_path / str(number)).mkdir()
        files.append(write_fleet(folder))
        load_settings(str(files[-1]))
        newest = max(store.iterdir(), key=lambda each: each.stat().st_mtime_ns)
        os.utime(newest, (number, number))
    assert len(list(store.iterdir())) == KEPT
    assert recall(files[-1], files[-1].read_text()) is not None
    assert recall(files[0], files[0].read_text()) is None


def test_a_damaged_or_unwritable_store_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_fleet(tmp_path)
    first = load_settings(str(file))
    for kept in (Path(os.environ["XDG_CACHE_HOME"]) / "stampdeck/settings").iterdir():
        kept.write_bytes(b"{broken")
    assert load_settings(str(file)) == first
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder is wanted")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert load_settings(str(file)) == first
