"""JSON Web Tokens: those a stamp signs (ES256), and the assertions with which clients prove a certificate."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

Claims = dict[str, Any]
_WIDTH = 32
"""Bytes of one number of a P-256 signature."""


class TokenRefused(Exception):
    """A token that cannot be trusted; the message says why."""


class TokenKey:
    """The key that one token endpoint signs with; its Resource Manager trusts no other."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self._point = point[1 : 1 + _WIDTH], point[1 + _WIDTH :]
        self.identity = encode(hashlib.sha256(point).digest()[:15])

    def sign(self, claims: Claims) -> str:
        """Return a token with these claims."""
        header = {"typ": "JWT", "alg": "ES256", "kid": self.identity}
        signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{encode(r.to_bytes(_WIDTH, 'big') + s.to_bytes(_WIDTH, 'big'))}"

    def read(self, token: str) -> Claims:
        """Return the claims of a token of this key; raises TokenRefused for any other. Times are not looked at."""
        header, claims, signed, signature = split(token)
        if header.get("alg") != "ES256" or len(signature) != 2 * _WIDTH:
            raise TokenRefused("the token is not signed by this endpoint")
        numbers = int.from_bytes(signature[:_WIDTH], "big"), int.from_bytes(signature[_WIDTH:], "big")
        try:
            self._key.public_key().verify(encode_dss_signature(*numbers), signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise TokenRefused("the signature is wrong") from None
        return claims

    def published(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set."""
        x, y = (encode(number) for number in self._point)
        return {
            "keys": [{"kty": "EC", "use": "sig", "alg": "ES256", "kid": self.identity, "crv": "P-256", "x": x, "y": y}]
        }


def check_assertion(assertion: str, certificate: x509.Certificate) -> Claims:
    """Return the claims of a client assertion signed by a certificate's RSA key; raises TokenRefused otherwise.

    The certificate is named by its SHA-1 (`x5t`) or SHA-256 (`x5t#S256`); RS256 and PS256 are taken, as by Entra ID.
    """
    header, claims, signed, signature = split(assertion)
    raw = certificate.public_bytes(serialization.Encoding.DER)
    named = {encode(hashlib.sha1(raw, usedforsecurity=False).digest()), encode(hashlib.sha256(raw).digest())}
    if str(header.get("x5t") or header.get("x5t#S256") or "").rstrip("=") not in named:
        raise TokenRefused("the certificate is not registered")
    ways = {
        "RS256": padding.PKCS1v15(),
        "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO),
    }
    way, key = ways.get(str(header.get("alg"))), certificate.public_key()
    if way is None or not isinstance(key, rsa.RSAPublicKey):
        raise TokenRefused("the algorithm is not taken")
    try:
        key.verify(signature, signed, way, hashes.SHA256())
    except InvalidSignature:
        raise TokenRefused("the signature is wrong") from None
    return claims


def split(token: str) -> tuple[dict[str, Any], Claims, bytes, bytes]:
    """Return header, claims, what is signed and the signature of a token; TokenRefused when it is none."""
    parts = token.split(".")
    try:
        header, claims, signature = (_decode(part) for part in parts)
        found, said = json.loads(header), json.loads(claims)
    except (ValueError, TypeError):
        raise TokenRefused("it is no JSON Web Token") from None
    if not isinstance(found, dict) or not isinstance(said, dict):
        raise TokenRefused("it is no JSON Web Token")
    return found, said, ".".join(parts[:2]).encode(), signature


def encode(content: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
