"""The certificates of a cluster as the engine makes them: an authority of its own and a pair for each part.

RSA, valid 30 years, as the real ones; keys are 2048 bits instead of 4096 and shared by the parts, so that a stamp of
the lab costs milliseconds. They open nothing: the lab's Kubernetes API is reached by what its kubeconfig holds.
"""

from __future__ import annotations

import datetime
import functools
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_YEARS_30 = datetime.timedelta(days=365 * 30)
_FIELDS = {
    "ca": "ca", "apiServer": "apiserver", "client": "client", "kubeConfig": "kubectlClient",
    "etcdServer": "etcdserver", "etcdClient": "etcdclient",
}  # fmt: skip
"""What certificateProfile calls the files."""

_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, PEM."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class KeyPairs:
    """The two private keys a set of certificates is made with: the authority's and everybody else's."""

    authority: rsa.RSAPrivateKey
    parts: rsa.RSAPrivateKey


def make_keys() -> KeyPairs:
    """Make a pair of keys: about a tenth of a second."""
    return KeyPairs(
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
    )


def shared_keys() -> KeyPairs:
    """Return the keys that all clusters of this process share, made at the first call; any thread may ask."""
    with _making:
        return _made_once()


@functools.cache
def _made_once() -> KeyPairs:
    return make_keys()


@dataclass(frozen=True, slots=True)
class NodeKey:
    """A key pair that opens the nodes by SSH: the private key as PEM, the public one as a line of authorized_keys."""

    private: bytes
    public: str


def make_node_key() -> NodeKey:
    """Make a key pair for the nodes."""
    return _node_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def shared_node_key() -> NodeKey:
    """Return the node key that all clusters of this process share: one key less to make."""
    return _node_key(shared_keys().parts)


def _node_key(key: rsa.RSAPrivateKey) -> NodeKey:
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return NodeKey(_pem(key).encode(), public.decode())


def issue(masters: int, keys: KeyPairs, authority: tuple[bytes, bytes] | None = None) -> dict[str, Issued]:
    """Return a set of certificates by the names of their files: ca, apiserver, client, kubectlClient, etcd...

    `authority`: certificate and key (PEM, RSA) of an authority to use instead of a new one; raises ValueError when
    they cannot be read.
    """
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    if authority is not None:
        key = serialization.load_pem_private_key(authority[1], None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("the key of the authority is not RSA")
        keys = KeyPairs(key, keys.parts)
        issuer = x509.load_pem_x509_certificate(authority[0]).subject
    peers = [f"etcdpeer{index}" for index in range(masters)]
    names = {"apiserver": "apiserver", "client": "client", "kubectlClient": "client", "etcdserver": "etcdserver"}
    names |= {"etcdclient": "etcdclient", **dict.fromkeys(peers, "etcdpeer")}
    parts_pem = _pem(keys.parts)
    if authority is None:
        issued = {"ca": Issued(_certificate(issuer, issuer, keys, is_authority=True), _pem(keys.authority))}
    else:
        issued = {"ca": Issued(authority[0].decode(), authority[1].decode())}
    for file, name in names.items():
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issued[file] = Issued(_certificate(subject, issuer, keys, is_authority=False), parts_pem)
    return issued


def issued_of(profile: Mapping[str, object]) -> dict[str, Issued]:
    """Return a set of certificates as certificateProfile holds it, by the names of files; raises LookupError."""
    issued = {
        file: Issued(str(profile[f"{field}Certificate"]), str(profile[f"{field}PrivateKey"]))
        for field, file in _FIELDS.items()
    }
    certificates, keys = profile["etcdPeerCertificates"], profile["etcdPeerPrivateKeys"]
    if isinstance(certificates, list) and isinstance(keys, list):
        for index, (certificate, key) in enumerate(zip(certificates, keys, strict=False)):
            issued[f"etcdpeer{index}"] = Issued(str(certificate), str(key))
    return issued


def certificate_profile(issued: Mapping[str, Issued]) -> dict[str, object]:
    """Return a set of certificates as the api model's certificateProfile holds it."""
    profile: dict[str, object] = {}
    for field, file in _FIELDS.items():
        profile[f"{field}Certificate"] = issued[file].certificate
        profile[f"{field}PrivateKey"] = issued[file].key
    peers = [issued[each] for each in sorted(issued) if each.startswith("etcdpeer")]
    profile["etcdPeerCertificates"] = [each.certificate for each in peers]
    profile["etcdPeerPrivateKeys"] = [each.key for each in peers]
    return profile


def _certificate(subject: x509.Name, issuer: x509.Name, keys: KeyPairs, *, is_authority: bool) -> str:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key((keys.authority if is_authority else keys.parts).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + _YEARS_30)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    return builder.sign(keys.authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
