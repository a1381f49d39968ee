"""The signed statement by which a client proves that it has a certificate's private key (RFC 7523)."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LASTS_S = 300


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate and its RSA key, in memory."""

    thumbprint: bytes
    """SHA-1 of the certificate, by which Entra ID and AD FS know it."""
    key: rsa.RSAPrivateKey

    def sign(self, client_id: str, audience: str, now_s: float) -> str:
        """Return the statement for one token endpoint."""
        header = {"alg": "RS256", "typ": "JWT", "x5t": _encoded(self.thumbprint)}
        # A clock that is a little ahead of the server's must not make it a statement of the future.
        times = {"nbf": int(now_s) - 60, "exp": int(now_s) + _LASTS_S}
        claims = {"aud": audience, "iss": client_id, "sub": client_id, "jti": str(uuid.uuid4()), **times}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_encoded(signature)}"


def read_certificate(pem: bytes) -> Certificate:
    """Return the certificate and key of a PEM file; ValueError says what is wrong with it, never its content."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise ValueError("it holds no certificate in PEM") from None
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise ValueError("its private key is encrypted") from None
    except ValueError:
        raise ValueError("it holds no private key in PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("its key is not RSA, which Entra ID and AD FS ask for")
    digest = hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER), usedforsecurity=False).digest()
    return Certificate(digest, key)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
