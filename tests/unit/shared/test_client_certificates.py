"""Certificates and keys as they are written: what can be used together, and what is said of the rest."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from shared.adapters.client_certificates import check_client_certificate

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
EC = ec.generate_private_key(ec.SECP256R1())


def pem(key: Key, how: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how or NoEncryption()).decode()


def certificate(key: Key) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    hash_ = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, hash_).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    "key", [EC, ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65_537, 2048)], ids=["ec", "ed", "rsa"]
)
def test_a_certificate_and_its_key_are_right_alone_and_together(key: Key) -> None:
    assert check_client_certificate(certificate(key), pem(key)) is None
    assert check_client_certificate(certificate(key) + certificate(EC), pem(key)) is None
    assert check_client_certificate(certificate(key), None) is None


@pytest.mark.parametrize(
    ("chain", "key", "field", "said"),
    [
        ("nothing", None, "certificate", "no certificate"),
        (pem(EC), pem(EC), "certificate", "no certificate"),
        (certificate(EC), "nothing", "private_key", "no private key"),
        (certificate(EC), certificate(EC), "private_key", "no private key"),
        (certificate(EC), pem(EC, BestAvailableEncryption(b"x")), "private_key", "encrypted"),
        (certificate(EC), pem(ec.generate_private_key(ec.SECP256R1())), "private_key", "another certificate"),
        (certificate(ed25519.Ed25519PrivateKey.generate()), pem(EC), "private_key", "another certificate"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_field(chain: str, key: str | None, field: str, said: str) -> None:
    fault = check_client_certificate(chain, key)
    assert fault is not None
    assert (fault.field, said in fault.message) == (field, True)
