"""What a Resource Manager, a login or something between them may answer, and what must never happen then."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.azure_stack import StampArmClient
from backends.azure_stack.failures import error_text
from backends.azure_stack.reading import deployment_of, machine_of, seconds_of, usage_of
from backends.errors import CertificateRejected, Malformed, ServerFailed, SourceError, Throttled, Unauthorized
from backends.model.azure_stack import IdentitySystem, MachineState, ReaderCredentials
from tests.azure_stack.scripted_arm import READER, SECRET, TOKEN, ScriptedArm, says, says_text, scripted_arm
from tests.support.authority import Authority
from tests.support.hurried_clock import HurriedClock

GROUP = "/subscriptions/11111111-2222-4333-8444-555555555555/resourcegroups/k8s-orlando"
MACHINES = f"{GROUP}/providers/Microsoft.Compute/virtualMachines"
DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"


@pytest.fixture
async def arm(tmp_path: Path) -> AsyncIterator[ScriptedArm]:
    async with scripted_arm(tmp_path) as found:
        yield found


@contextlib.asynccontextmanager
async def client(arm: ScriptedArm, **changes: object) -> AsyncIterator[StampArmClient]:
    found = StampArmClient("orlando", arm.access(**{"tenant": "tenant", **changes}), HurriedClock(100.0))
    try:
        yield found
    finally:
        await found.aclose()


async def failure(arm: ScriptedArm, **changes: object) -> SourceError:
    async with client(arm, **changes) as found:
        with pytest.raises(SourceError) as caught:
            await found.deployments()
    text = f"{caught.value!r} {caught.value}"
    assert SECRET not in text and TOKEN not in text and "\x1b" not in text
    return caught.value


async def test_only_gets_are_sent_but_for_the_token_which_is_kept(arm: ScriptedArm) -> None:
    arm.on(DEPLOYMENTS, says({"value": []}))
    async with client(arm) as found:
        assert await found.deployments() == ()
        assert await found.deployments() == ()
    assert [each for each in arm.asked if each[0] != "GET"] == [("POST", "/tenant/oauth2/token")]
    (form,) = arm.forms
    assert form == {
        "grant_type": "client_credentials",
        "client_id": READER,
        "resource": "https://management.orlando.onmicrosoft.com/guid",
        "client_secret": SECRET,
    }


async def test_a_throttled_call_waits_as_long_as_it_is_told_and_goes_on(arm: ScriptedArm) -> None:
    clock = HurriedClock(100.0)
    arm.on(DEPLOYMENTS, says({}, 429, **{"Retry-After": "17"}), says({}, 503), says({"value": []}))
    found = StampArmClient("orlando", arm.access(tenant="tenant"), clock)
    began = clock.monotonic()
    assert await found.deployments() == ()
    await found.aclose()
    assert clock.monotonic() - began >= 17


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_call_is_given_up_when_it_does_not_help(arm: ScriptedArm, status: int) -> None:
    arm.on(DEPLOYMENTS, says({"error": {"code": "Busy", "message": "later"}}, status))
    error = await failure(arm)
    assert isinstance(error, Throttled if status == 429 else ServerFailed) and "Busy" in error.why
    assert sum(path == DEPLOYMENTS.lower() for _, path in arm.asked) == (1 if status == 500 else 4)


async def test_a_token_taken_back_is_asked_for_once_more(arm: ScriptedArm) -> None:
    arm.on(
        DEPLOYMENTS, says({"error": {"code": "ExpiredAuthenticationToken", "message": "x"}}, 401), says({"value": []})
    )
    async with client(arm) as found:
        assert await found.deployments() == ()
    assert len(arm.forms) == 2
    arm.on(DEPLOYMENTS, says({"error": {"code": "InvalidAuthenticationToken", "message": TOKEN}}, 401))
    assert isinstance(await failure(arm), Unauthorized)
    assert len(arm.forms) == 4


async def test_a_short_lived_token_is_renewed(arm: ScriptedArm) -> None:
    arm.on("/tenant/oauth2/token", says({"access_token": TOKEN, "expires_in": 200}))
    arm.on(DEPLOYMENTS, says({"value": []}))
    async with client(arm) as found:
        await found.deployments()
        await found.deployments()
    assert len(arm.forms) == 2


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/next", "http://127.0.0.1/next", "/relative", "https://127.0.0.1:1/next"]
)
async def test_a_list_that_leads_elsewhere_is_not_followed(arm: ScriptedArm, link: str) -> None:
    arm.on(DEPLOYMENTS, says({"value": [], "nextLink": link}))
    assert isinstance(await failure(arm), Malformed)


async def test_a_list_without_an_end_is_given_up(arm: ScriptedArm) -> None:
    arm.on(DEPLOYMENTS, says({"value": [], "nextLink": f"{arm.base}{DEPLOYMENTS}?api-version=x"}))
    error = await failure(arm)
    assert isinstance(error, Malformed) and "pages" in error.why


async def test_redirects_are_not_followed(arm: ScriptedArm) -> None:
    arm.on(DEPLOYMENTS, says({}, 302, Location=f"{arm.base}/stolen"))
    assert isinstance(await failure(arm), Malformed)
    assert ("GET", "/stolen") not in arm.asked


@pytest.mark.parametrize(
    "answer",
    [
        says_text("<html>Sign in</html>"),
        says_text("", kind="application/json"),
        says_text('{"value": [', kind="application/json"),
        says([]),
        says({"value": {}}),
        says({}),
    ],
)
async def test_an_answer_that_is_no_list_is_malformed(arm: ScriptedArm, answer: object) -> None:
    arm.on(DEPLOYMENTS, answer)  # type: ignore[arg-type]
    assert isinstance(await failure(arm), Malformed)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says({"token_type": "Bearer"}), Malformed),
        (says({"access_token": "two words", "expires_in": 1}), Malformed),
        (says({"access_token": TOKEN + "\n", "expires_in": "soon"}), Malformed),
        (says_text("<html>"), Malformed),
        (says_text("<html>", status=502), ServerFailed),
        (says({}, 429), Throttled),
        (says({"error": "invalid_client", "error_description": f"\x1b[31mAADSTS1: {SECRET}"}, 401), Unauthorized),
        (says({"error": "invalid_client", "error_description": "MSIS9629: no"}, 401), Unauthorized),
        (says({"error": ["x"]}, 400), Unauthorized),
    ],
)
async def test_a_login_that_answers_oddly_is_mapped_and_tells_no_secret(
    arm: ScriptedArm, answer: object, kind: type[SourceError]
) -> None:
    arm.on("/tenant/oauth2/token", answer)  # type: ignore[arg-type]
    assert isinstance(await failure(arm), kind)


@pytest.mark.parametrize(
    "document",
    [{}, {"authentication": None}, {"authentication": {"loginEndpoint": 3, "audiences": []}}, [], "text"],
)
async def test_an_address_that_is_no_resource_manager_is_told(arm: ScriptedArm, document: object) -> None:
    arm.on("/metadata/endpoints", says(document))
    error = await failure(arm)
    assert isinstance(error, Malformed) and arm.forms == []


async def test_a_secret_is_never_sent_without_tls(arm: ScriptedArm) -> None:
    login = {"loginEndpoint": "http://127.0.0.1:1/", "audiences": ["a"]}
    arm.on("/metadata/endpoints", says({"authentication": login}))
    error = await failure(arm)
    assert isinstance(error, Malformed) and "no https" in error.why


async def test_the_tenant_is_found_or_asked_for(arm: ScriptedArm) -> None:
    subscription = GROUP.rpartition("/resourcegroups")[0]
    challenge = f'Bearer authorization_uri="{arm.base}/tenant/", error="invalid_token"'
    arm.on(subscription, says({}, 401, **{"WWW-Authenticate": challenge}))
    arm.on(DEPLOYMENTS, says({"value": []}))
    async with client(arm, tenant="") as found:
        assert await found.deployments() == ()
    arm.on(subscription, says({}, 401))
    error = await failure(arm, tenant="")
    assert isinstance(error, Malformed) and "azure_stack.tenant" in error.todo


async def test_files_that_others_can_read_are_not_used(arm: ScriptedArm, tmp_path: Path) -> None:
    arm.secret_file.chmod(0o640)
    error = await failure(arm)
    assert isinstance(error, Unauthorized) and "chmod 600" in error.todo and arm.forms == []
    arm.secret_file.chmod(0o600)
    arm.secret_file.write_text("\n")
    assert "is empty" in (await failure(arm)).what
    missing = ReaderCredentials(READER, tmp_path / "missing")
    assert "No such file" in (await failure(arm, reader=missing)).why
    assert "cannot be read" in (await failure(arm, reader=ReaderCredentials(READER, tmp_path))).what
    broken = tmp_path / "broken.pem"
    broken.touch(mode=0o600)
    broken.write_text(SECRET)
    error = await failure(arm, reader=ReaderCredentials(READER, certificate_file=broken))
    assert isinstance(error, Unauthorized) and "no certificate" in error.why
    pair = Authority("reader").client("reader")
    broken.write_text(pair.certificate + pair.key)
    assert "not RSA" in (await failure(arm, reader=ReaderCredentials(READER, certificate_file=broken))).why
    broken.write_text(pair.certificate)
    assert "no private key" in (await failure(arm, reader=ReaderCredentials(READER, certificate_file=broken))).why
    assert "azure_stack.reader" in (await failure(arm, reader=None)).todo


async def test_a_certificate_of_another_authority_is_refused_before_anything_is_said(tmp_path: Path) -> None:
    async with scripted_arm(tmp_path, authority=Authority("stranger")) as arm:
        error = await failure(arm)
        assert isinstance(error, CertificateRejected) and arm.asked == []
    (tmp_path / "arm-ca.crt").write_text("no certificate")
    async with client(arm) as found:
        with pytest.raises(CertificateRejected, match="no certificate in PEM"):
            await found.usages()


async def test_adfs_is_asked_at_its_own_address(arm: ScriptedArm) -> None:
    login = {"loginEndpoint": f"{arm.base}/adfs", "audiences": ["a"]}
    arm.on("/metadata/endpoints", says({"authentication": login}))
    arm.on("/adfs/oauth2/token", says({"access_token": TOKEN, "expires_in": 3599}))
    arm.on(DEPLOYMENTS, says({"value": []}))
    async with client(arm, identity_system=IdentitySystem.ADFS, tenant="") as found:
        assert await found.deployments() == ()


async def test_stamps_that_do_not_expand_are_asked_machine_by_machine(arm: ScriptedArm) -> None:
    bare = [{"name": name, "properties": {"provisioningState": "Succeeded"}} for name in ("b", "a", "gone")]
    arm.on(MACHINES, says({"error": {"code": "InvalidParameter", "message": "$expand"}}, 400), says({"value": bare}))
    for name, power in (("a", "running"), ("b", "deallocated")):
        arm.on(f"{MACHINES}/{name}/instanceView", says({"statuses": [{"code": f"PowerState/{power}"}]}))
    async with client(arm) as found:
        machines = await found.machines()
    assert [(each.name, each.state) for each in machines] == [
        ("a", MachineState.RUNNING),
        ("b", MachineState.STOPPED),
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "value",
                    "tags",
                    "properties",
                    "error",
                    "code",
                    "message",
                    "details",
                    "statuses",
                    "instanceView",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_no_document_of_another_shape_breaks_the_reading(document: object) -> None:
    if isinstance(document, dict):
        machine_of(document)
        usage_of(document)
        deployment_of(document)
    assert "\n" not in error_text(document)


def test_nested_errors_and_times_are_read() -> None:
    error = {
        "code": "DeploymentFailed",
        "message": "At least one resource operation failed.",
        "details": [{"code": "Conflict", "message": "{}", "details": [{"code": "QuotaExceeded", "message": "cores"}]}],
    }
    assert error_text({"error": error}) == (
        "DeploymentFailed: At least one resource operation failed.; Conflict: {}; QuotaExceeded: cores"
    )
    assert seconds_of("2026-11-23T08:00:00.1234567Z") == pytest.approx(1795420800.1234567)
    assert seconds_of("2026-11-23T08:00:00Z") == 1795420800
    assert [seconds_of(each) for each in ("", "yesterday", "2026-13-45T99:00:00Z")] == [0.0, 0.0, 0.0]
