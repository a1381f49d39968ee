"""A stamp's way to a version, when its engine or its marketplace does not answer, or offers something else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from backends.errors import Invalid, NotFound, SourceError, Unreachable
from backends.model.azure_stack import BaseImage
from backends.model.engine.api_model import ApiModel, Pool
from backends.operations.engine.planning import plan_upgrade
from backends.operations.engine.site import EngineSite

T = TypeVar("T")


@dataclass
class FakeEngine:
    """An engine that says what it is told to."""

    model: ApiModel | SourceError
    release: str | SourceError = "v0.85.0"
    offers: tuple[str, ...] | SourceError = ("1.34.4",)

    async def api_model(self) -> ApiModel:
        return _said(self.model)

    async def version(self) -> str:
        return _said(self.release)

    async def offered(self, current: str) -> tuple[str, ...]:
        return _said(self.offers)


@dataclass
class FakeArm:
    """A marketplace that has some images."""

    images: Collection[str] | SourceError
    asked: list[str] = field(default_factory=list)

    async def has_image(self, image: BaseImage) -> bool:
        self.asked.append(str(image))
        return str(image) in _said(self.images)


def _said(value: T | SourceError) -> T:
    if isinstance(value, SourceError):
        raise value
    return value


def model(version: str = "1.33.10", *, distro: str = "aks-ubuntu-22.04", os: str = "Linux") -> ApiModel:
    return ApiModel(
        path="/m/apimodel.json",
        version=version,
        dns_prefix="k8s-orlando",
        location="orlando",
        suffix="12582595",
        masters=Pool("master", 3, distro=distro),
        pools=(Pool("linuxpool", 3, distro=distro), Pool("other", 2, os=os)),
    )


def site(engine: FakeEngine, arm: FakeArm | None = None) -> EngineSite:
    stamp: Any = type("Named", (), {"name": "orlando"})()
    nothing: Any = None
    given: Any = engine
    market: Any = arm
    return EngineSite(stamp, nothing, nothing, given, nothing, market)


LINUX = "microsoft-aks:aks:aks-engine-azurestack-ubuntu-2204:2026.139.1"
WINDOWS = "microsoft-aks:aks-windows:2019-datacenter-core-azurestack-ctrd:17763.8644.20261391"


async def test_the_newest_version_is_meant_and_each_image_asked_for_once() -> None:
    arm = FakeArm({LINUX})
    found = await plan_upgrade(site(FakeEngine(model()), arm))
    assert [hop.version for hop in found.path.hops] == ["1.34.4", "1.35.0"]
    assert arm.asked == [LINUX] and found.there == {LINUX: True} and found.problems == ()


async def test_windows_pools_need_their_own_image() -> None:
    found = await plan_upgrade(site(FakeEngine(model(os="Windows")), FakeArm({LINUX})), "1.34.4")
    assert found.there == {LINUX: True, WINDOWS: False}


async def test_a_newer_engine_that_is_installed_leads_further_than_the_table() -> None:
    engine = FakeEngine(model("1.35.0"), "v0.86.0", ("1.36.2",))
    found = await plan_upgrade(site(engine, FakeArm(())))
    assert [(hop.version, hop.engine) for hop in found.path.hops] == [("1.36.2", "v0.86.0")]
    assert found.there == {}


@pytest.mark.parametrize(
    "engine",
    [
        FakeEngine(model(), NotFound("there is no engine")),
        FakeEngine(model(), "v0.85.0", Invalid("it does not know 1.33.10")),
    ],
)
async def test_without_the_engines_word_the_table_is_used_and_that_is_said(engine: FakeEngine) -> None:
    found = await plan_upgrade(site(engine, FakeArm({LINUX})), "1.34.4")
    assert [hop.version for hop in found.path.hops] == ["1.34.4"] and found.offered is None
    assert found.problems and found.problems[0].startswith("the installed engine was not asked: ")


async def test_a_marketplace_that_cannot_be_asked_is_not_known() -> None:
    for arm in (None, FakeArm(Unreachable("no connection"))):
        found = await plan_upgrade(site(FakeEngine(model()), arm), "1.34.4")
        assert found.there == {LINUX: None} and "is not known" in found.problems[0]


async def test_without_the_api_model_there_is_no_plan() -> None:
    with pytest.raises(NotFound):
        await plan_upgrade(site(FakeEngine(NotFound("no api model"))))


async def test_the_newest_there_is_has_no_way_on() -> None:
    found = await plan_upgrade(site(FakeEngine(model("1.35.0"), "v0.85.0", ())))
    assert found.path.hops == () and "already" in found.path.why
    only_image = await plan_upgrade(site(FakeEngine(model("1.35.0"), "v0.85.0", ()), FakeArm(())), image_only=True)
    assert only_image.path.hops[0].version == "1.35.0" and only_image.there == {LINUX: False}
