"""What the stand-in engine stands on: its clock, Go's way of writing, and a login that lasts."""

from __future__ import annotations

import http.client
import json
import time

import pytest

from backends.lab.engine.clock import SimulatedClock
from backends.lab.engine.go_text import duration, quoted
from backends.lab.engine.login import Cloud, Credentials, Login, LoginRefused
from backends.lab.engine.model import reckoned_cluster_id
from backends.lab.engine.upgrading.target import is_at_least, version_problem
from backends.lab.engine.wire import Answer


def test_the_clock_agrees_with_the_labs_by_speed_and_epoch() -> None:
    epoch_s = time.time() - 10
    clock = SimulatedClock.from_environment({"AKSE_SIM_SPEED": "60", "AKSE_SIM_EPOCH": repr(epoch_s)})
    before_s, now_s, after_s = time.time(), clock.now(), time.time()
    assert epoch_s + (before_s - epoch_s) * 60 <= now_s <= epoch_s + (after_s - epoch_s) * 60
    assert SimulatedClock.from_environment({}).now() == pytest.approx(time.time(), abs=5)


def test_limits_count_what_was_slept_as_simulated_and_the_rest_as_it_is() -> None:
    clock = SimulatedClock(1000.0)
    before_s = clock.spent()
    clock.sleep(20)
    assert 20 <= clock.spent() - before_s < 25
    assert clock.now() > clock.date().timestamp() - 60


@pytest.mark.parametrize(("seconds", "text"), [(60, "1m0s"), (3600, "1h0m0s"), (1200, "20m0s"), (45, "45s"), (0, "0s")])
def test_durations_as_go_writes_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_text_as_go_quotes_it() -> None:
    assert quoted('a "b"\n\t\\ \x1b \u200b é') == r'"a \"b\"\n\t\\ \x1b \u200b é"'


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("1.34.4", ""), ("1.34", "No Major.Minor.Patch elements found"), ("", "Version string empty"),
        ("1.x.4", 'Invalid character(s) found in minor number "x"'),
        ("1.034.4", 'Minor number must not contain leading zeroes "034"'), ("1.34.0-alpha.1", ""),
    ],
)  # fmt: skip
def test_versions_are_judged_as_by_the_library_of_the_engine(version: str, problem: str) -> None:
    assert version_problem(version) == problem
    assert is_at_least(version, "1.21.0") is not bool(problem)


def test_eight_digits_are_always_the_same_for_a_prefix() -> None:
    assert reckoned_cluster_id("k8s-orlando") == reckoned_cluster_id("k8s-orlando")
    assert len(reckoned_cluster_id("x")) == 8 and reckoned_cluster_id("x") != reckoned_cluster_id("y")


class Endpoint:
    """A token endpoint that counts; tokens end after `lasts_s`."""

    def __init__(self, lasts_s: int) -> None:
        self.lasts_s = lasts_s
        self.asked: list[str] = []

    def ask(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        self.asked.append(f"{method} {url}")
        content: dict[str, object] = {"token_endpoint": "https://login/t/oauth2/v2.0/token"}
        if method == "POST":
            content = {"access_token": f"token-{len(self.asked)}", "expires_in": self.lasts_s}
        return Answer(method, url, 200, "OK", http.client.HTTPMessage(), json.dumps(content).encode())


def login(endpoint: Endpoint, system: str = "t") -> Login:
    cloud = Cloud("https://arm", "https://login/adfs/" if system == "adfs" else "https://login/", "https://audience")
    return Login(cloud, Credentials("who", "azure_ad", secret="s"), system, endpoint.ask)


def test_a_token_is_kept_while_it_is_good_and_renewed_before_it_ends() -> None:
    lasting, ending = Endpoint(3600), Endpoint(200)
    kept, renewed = login(lasting), login(ending)
    assert kept.token() == kept.token() and len(lasting.asked) == 2
    assert renewed.token() != renewed.token()


def test_the_discovery_of_either_identity_system() -> None:
    for system, first in (
        ("t", "GET https://login/t/v2.0/.well-known/openid-configuration"),
        ("adfs", "GET https://login/adfs/.well-known/openid-configuration"),
    ):
        endpoint = Endpoint(3600)
        login(endpoint, system).token()
        assert endpoint.asked[0] == first


def test_an_answer_without_a_token_is_a_refusal() -> None:
    def refuse(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        return Answer(method, url, 401, "Unauthorized", http.client.HTTPMessage(), b'{"error": "invalid_client"}')

    with pytest.raises(LoginRefused, match="invalid_client"):
        Login(Cloud("a", "https://login/", "c"), Credentials("who", "azure_ad", secret="s"), "t", refuse).token()
