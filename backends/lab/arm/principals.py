"""Who may ask a stamp's Resource Manager: the service principal of the engine, and one that only reads."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

TENANT = "44444444-5555-4666-8777-888888888888"
ENGINE_CLIENT = "22222222-3333-4444-8555-666666666666"
READER_CLIENT = "33333333-4444-4555-8666-777777777777"
ENGINE_NAME = "aks-engine"
"""Names the engine's principal where a fault is for it."""
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a service principal logs in with; certificate and key are PEM, empty when it has none."""

    client_id: str
    secret: str
    certificate: bytes = b""
    key: bytes = b""


@dataclass(frozen=True, slots=True)
class Principal:
    """A service principal as the stamp knows it; `writes`: it is Contributor of the subscription, else Reader."""

    client_id: str
    object_id: str
    name: str
    secret: str
    certificate: x509.Certificate | None
    writes: bool


def make_engine_credentials() -> Credentials:
    """Return new credentials of the engine: a secret, and a certificate of its own making with an RSA key.

    Both ways of Microsoft's libraries want RSA; it is the one slow key of a lab, some 50 ms.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ENGINE_NAME)])
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 365 * _DAY)
        .sign(key, hashes.SHA256())
    )
    return Credentials(
        ENGINE_CLIENT,
        _secret(),
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def make_reader_credentials() -> Credentials:
    """Return new credentials of the principal the console reads with: a secret."""
    return Credentials(READER_CLIENT, _secret())


def known_principals(engine: Credentials, reader: Credentials) -> tuple[Principal, ...]:
    """Return both as the stamp knows them."""
    certificate = x509.load_pem_x509_certificate(engine.certificate)
    return (
        Principal(
            engine.client_id, "aaaaaaaa-3333-4444-8555-666666666666", ENGINE_NAME, engine.secret, certificate, True
        ),
        Principal(reader.client_id, "aaaaaaaa-4444-4555-8666-777777777777", "stampdeck", reader.secret, None, False),
    )


def _secret() -> str:
    return f"{secrets.token_urlsafe(2)}~{secrets.token_urlsafe(27)}"
