"""Client certificates as they are written: whether a chain and a key can be used together.

Checked where a credential is written, because what is wrong shows otherwise only in a failed delivery, long after. Not
judged is time: a certificate may be given before it is valid, and which one has expired the receiver says.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from shared.core.faults import Fault


def expires_at(certificate: str) -> float | None:
    """When the first certificate of a PEM chain expires, in Unix time; None when it cannot be read."""
    try:
        return load_pem_x509_certificates(certificate.encode())[0].not_valid_after_utc.timestamp()
    except ValueError:
        return None


def check_client_certificate(certificate: str, private_key: str | None) -> Fault | None:
    """What is wrong with a PEM chain and, where there is one, its key; the field is ``certificate`` or ``private_key``.

    No text of either is repeated.
    """
    try:
        chain = load_pem_x509_certificates(certificate.encode())
        public_key = chain[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        return Fault("certificate", "no certificate in PEM", "give the client's certificate, then its issuers, as PEM")
    if private_key is None:
        return None
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except TypeError:
        return Fault("private_key", "encrypted", "give the key without a passphrase; it is sealed here")
    except (ValueError, UnsupportedAlgorithm):
        return Fault("private_key", "no private key in PEM", "give the key as PEM: PKCS #8, PKCS #1 or SEC 1")
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != public_key.public_bytes(*form):
        fix = "give the key that the first certificate was made for"
        return Fault("private_key", "belongs to another certificate", fix)
    return None
