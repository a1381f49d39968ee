"""The token endpoint: Microsoft's own client library logs in at it, in both forms; every refusal has its words."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from backends.lab.arm.principals import Credentials, make_engine_credentials
from backends.lab.arm.signed_tokens import encode
from tests.lab.arm.conftest import COMPUTE, ENGINE, GROUP, RESOURCES, TENANT_FORM, VM, Stamp, running

TENANT = "44444444-5555-4666-8777-888888888888"
READER = "33333333-4444-4555-8666-777777777777"


@pytest.fixture(params=["azure_ad", "adfs"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stamp]:
    async with running(tmp_path, adfs=request.param == "adfs") as found:
        yield found


def settings(stamp: Stamp) -> dict[str, Any]:
    """Return what points azure-identity at the stamp instead of the public cloud."""
    return {
        "authority": stamp.arm.url.removeprefix("https://"),
        "disable_instance_discovery": True,
        "connection_verify": str(stamp.arm.authority_file),
        "retry_total": 0,
    }


def tenant(stamp: Stamp) -> str:
    return "adfs" if stamp.arm.identity_system == "adfs" else TENANT


def by_secret(stamp: Stamp, who: Credentials) -> ClientSecretCredential:
    return ClientSecretCredential(tenant(stamp), who.client_id, who.secret, **settings(stamp))


def by_certificate(stamp: Stamp, who: Credentials) -> CertificateCredential:
    return CertificateCredential(
        tenant(stamp), who.client_id, certificate_data=who.certificate + who.key, **settings(stamp)
    )


async def token_of(stamp: Stamp, credential: ClientSecretCredential | CertificateCredential) -> str:
    """Ask on a thread, as the stamp's own server is in this loop."""
    with credential:
        given = await asyncio.to_thread(credential.get_token, f"{stamp.arm.server.audience}/.default")
    assert 3000 < given.expires_on - time.time() <= 3600, "tokens end in real time however fast the lab's is"
    return given.token


async def test_a_secret_and_a_certificate_both_log_in_by_microsofts_library(either: Stamp) -> None:
    for credential in (
        by_secret(either, ENGINE),
        by_certificate(either, ENGINE),
        by_secret(either, either.arm.reader),
    ):
        headers = {"Authorization": f"Bearer {await token_of(either, credential)}"}
        found = await either.http.get(f"{GROUP}/{VM}", params={"api-version": COMPUTE}, headers=headers)
        assert found.status_code == 200 and len(found.json()["value"]) == 6


async def test_what_microsofts_library_makes_of_a_wrong_and_an_expired_secret(either: Stamp) -> None:
    wrong = Credentials(ENGINE.client_id, "another")
    with pytest.raises(ClientAuthenticationError) as caught:
        await token_of(either, by_secret(either, wrong))
    assert ("MSIS9622" if either.arm.identity_system == "adfs" else "AADSTS7000215") in str(caught.value)
    either.board.set("spn-expired")
    with pytest.raises(ClientAuthenticationError) as caught:
        await token_of(either, by_secret(either, ENGINE))
    assert ("MSIS9622" if either.arm.identity_system == "adfs" else "AADSTS7000222") in str(caught.value)
    with pytest.raises(ClientAuthenticationError):
        await token_of(either, by_certificate(either, ENGINE))
    assert await token_of(either, by_secret(either, either.arm.reader)), "the reader's has not expired"


async def test_a_certificate_nobody_registered_is_refused(stamp: Stamp) -> None:
    stranger = make_engine_credentials()
    with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
        await token_of(stamp, by_certificate(stamp, stranger))


async def test_metadata_name_the_login_endpoint_and_the_audience(either: Stamp) -> None:
    for version in ("1.0", "2015-01-01"):
        said = (await either.http.get("/metadata/endpoints", params={"api-version": version})).json()
        login = said["authentication"]["loginEndpoint"]
        assert login == f"{either.arm.url}/" + ("adfs" if either.arm.identity_system == "adfs" else "")
        assert said["authentication"]["audiences"] == [either.arm.server.audience]
        assert {"galleryEndpoint", "graphEndpoint", "portalEndpoint"} <= set(said)
    unknown = await either.http.get("/metadata/endpoints", params={"api-version": "2024-01-01"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "InvalidApiVersionParameter")


async def test_discovery_leads_to_the_token_endpoint_and_the_keys(either: Stamp) -> None:
    place = "/adfs" if either.arm.identity_system == "adfs" else f"/{TENANT}/v2.0"
    said = (await either.http.get(f"{place}/.well-known/openid-configuration")).json()
    assert said["token_endpoint"].startswith(f"{either.arm.url}/{tenant(either)}/oauth2")
    keys = (await either.http.get(said["jwks_uri"])).json()["keys"]
    header = (await either.token()).split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["kid"] == keys[0]["kid"]
    other = TENANT if either.arm.identity_system == "adfs" else "adfs"
    assert (await either.http.get(f"/{other}/.well-known/openid-configuration")).status_code == 401


async def test_both_forms_of_the_endpoint(either: Stamp) -> None:
    form = {"grant_type": "client_credentials", "client_id": ENGINE.client_id, "client_secret": ENGINE.secret}
    older = await either.http.post(
        f"/{tenant(either)}/oauth2/token", data=form | {"resource": either.arm.server.audience}
    )
    assert older.json()["token_type"] == "Bearer" and older.json()["resource"] == either.arm.server.audience
    assert int(older.json()["expires_on"]) - int(older.json()["not_before"]) == 3600
    newer = await either.http.post(
        f"/{tenant(either)}/oauth2/v2.0/token", data=form | {"scope": f"{either.arm.server.audience}/.default"}
    )
    assert newer.json()["expires_in"] == 3599


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "00000000-0000-4000-8000-000000000000"}, 400, "unauthorized_client", 700016),
        ({"client_id": ""}, 400, "invalid_request", 900144),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "https://management.azure.com/.default"}, 400, "invalid_resource", 500011),
        ({"scope": ""}, 400, "invalid_request", 900144),
        ({"client_assertion": "a.b.c", "client_assertion_type": "x"}, 401, "invalid_client", 700027),
    ],
)
async def test_refusals(stamp: Stamp, changes: dict[str, str], status: int, error: str, number: int) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": ENGINE.client_id,
        "client_secret": ENGINE.secret,
        "scope": f"{stamp.arm.server.audience}/.default",
    } | changes
    said = await stamp.http.post(f"/{TENANT_FORM}/token", data=form)
    assert (said.status_code, said.json()["error"], said.json()["error_codes"]) == (status, error, [number])
    assert said.json()["error_description"].startswith(f"AADSTS{number}: ")
    assert ENGINE.secret not in said.text


def assertion(stamp: Stamp, **changes: Any) -> str:
    """Sign a client assertion; `changes` go into header or claims."""
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(ENGINE.certificate)
    key = serialization.load_pem_private_key(changes.pop("key", ENGINE.key), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    header = {"alg": "PS256", "typ": "JWT", "x5t#S256": encode(certificate.fingerprint(hashes.SHA256()))}
    now = int(time.time())
    claims = {
        "aud": f"{stamp.arm.url}/{TENANT_FORM}/token",
        "iss": ENGINE.client_id,
        "sub": ENGINE.client_id,
        "exp": now + 600,
        "nbf": now,
    }
    for name, value in changes.items():
        (header if name in ("alg", "x5t#S256") else claims)[name] = value
    signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}".encode()
    way: Any = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return f"{signed.decode()}.{encode(key.sign(signed, way, hashes.SHA256()))}"


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, 0),
        ({"exp": 1_000_000_000}, 700024),
        ({"iss": READER}, 700021),
        ({"aud": "https://login.microsoftonline.com/x/oauth2/token"}, 700023),
        ({"alg": "none"}, 700027),
        ({"alg": "RS256"}, 700027),
        ({"x5t#S256": "AAAA"}, 700027),
        ({"key": make_engine_credentials().key}, 700027),
    ],
)
async def test_assertions_are_verified(stamp: Stamp, changes: dict[str, Any], number: int) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": ENGINE.client_id,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(stamp, **changes),
        "scope": f"{stamp.arm.server.audience}/.default",
    }
    said = await stamp.http.post(f"/{TENANT_FORM}/token", data=form)
    assert said.json().get("error_codes", [0]) == [number], said.text


async def test_without_a_good_token_arm_says_where_tokens_come_from(either: Stamp) -> None:
    path, query = f"/subscriptions/{either.arm.cloud.subscription}", {"api-version": RESOURCES}
    other = f"{(await either.token())[:-8]}AAAAAAAA"
    for header, code in (
        ({}, "AuthenticationFailed"),
        ({"Authorization": "Basic eDp5"}, "AuthenticationFailedInvalidHeader"),
        ({"Authorization": "Bearer fake_token"}, "InvalidAuthenticationToken"),
        ({"Authorization": f"Bearer {other}"}, "InvalidAuthenticationToken"),
    ):
        said = await either.http.get(path, params=query, headers=header)
        assert (said.status_code, said.json()["error"]["code"]) == (401, code)
        challenge = said.headers["WWW-Authenticate"]
        assert challenge.startswith(
            f'Bearer authorization_uri="{either.arm.url}/{tenant(either)}", error="invalid_token"'
        )


async def test_a_token_that_has_ended_is_told_so(stamp: Stamp) -> None:
    token = await stamp.token()
    stamp.arm.server.authority.now = lambda: time.time() + 3601
    said = await stamp.http.get(GROUP, params={"api-version": RESOURCES}, headers={"Authorization": f"Bearer {token}"})
    assert (said.status_code, said.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")
