"""The release table: what each release of the engine supports and offers."""

from __future__ import annotations

import pytest

from backends.lab.engine.releases import RELEASES, release, release_for

# What `get-versions --version V` of v0.85.0 printed, for every version it knows.
MATRIX = {
    "1.28.15": "1.33.10", "1.29.10": "1.33.10", "1.29.15": "1.33.10", "1.30.10": "1.33.10", "1.30.14": "1.33.10",
    "1.31.11": "1.33.10", "1.31.13": "1.33.10", "1.32.9": "1.33.10", "1.33.5": "1.33.10 1.34.4", "1.33.10": "1.34.4",
    "1.34.4": "1.35.0", "1.35.0": "",
}  # fmt: skip


def test_the_newest_offers_what_the_real_one_does() -> None:
    newest = release("v0.85.0")

    assert {each: " ".join(newest.upgrades(each)) for each in newest.known} == MATRIX
    assert newest.default == "1.33.10"


@pytest.mark.parametrize(
    ("name", "hops"),
    [
        ("v0.84.2", {"1.30.14": "1.31.13", "1.31.11": "1.31.13 1.32.9", "1.31.13": "1.32.9", "1.32.9": "1.33.5"}),
        ("v0.83.1", {"1.29.15": "1.30.14", "1.30.10": "1.30.14 1.31.11", "1.30.14": "1.31.11"}),
        ("v0.82.2", {"1.28.15": "1.29.15", "1.29.10": "1.29.15 1.30.10", "1.29.15": "1.30.10"}),
        ("v0.81.2", {"1.28.15": "1.29.10"}),
    ],
)
def test_older_releases_offer_the_hops_of_the_notes(name: str, hops: dict[str, str]) -> None:
    each = release(name)
    assert {version: " ".join(each.upgrades(version)) for version in hops} == hops


def test_the_release_for_a_version_is_the_newest_that_lists_it() -> None:
    assert release_for("v1.29.15").name == "v0.82.2"
    assert release_for("1.33.10").name == "v0.85.0"
    assert release_for("1.20.2").name == "v0.85.0"
    assert release("v0.81.2").linux.sku == "aks-engine-azurestack-ubuntu-2004"
    assert [each.linux.version for each in RELEASES][:2] == ["2026.139.1", "2025.337.1"]
    with pytest.raises(LookupError, match=r"no release v0\.1"):
        release("v0.1")
