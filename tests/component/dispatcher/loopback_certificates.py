"""A certificate authority that a test makes, and certificates of every quality."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Vouches for the servers it makes; ``client_context`` trusts it and nobody else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = (
            self._builder("authority", self._key, datetime.now(UTC) + _DAY)
            .issuer_name(_name("authority"))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self._pem = self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def pem(self) -> str:
        """Its own certificate, for whoever shall trust it."""
        return self._pem.decode()

    def client_certificate(self, name: str, valid: timedelta = _DAY) -> tuple[str, str]:
        """A client's certificate in its name, and the key to it."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, key, datetime.now(UTC) + valid).issuer_name(_name("authority"))
        certificate = builder.sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self._pem.decode())

    def server_certificate(self, *names: str, expired: bool = False, self_signed: bool = False) -> tuple[str, str]:
        """A server's certificate for ``names``, host names or addresses, and the key to it."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = datetime.now(UTC) - _DAY if expired else datetime.now(UTC) + _DAY
        certificate = (
            self._builder("server", key, until)
            .issuer_name(_name("server" if self_signed else "authority"))
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .sign(key if self_signed else self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()

    def server_context(
        self, *names: str, expired: bool = False, self_signed: bool = False, asks_for_certificate: bool = False
    ) -> ssl.SSLContext:
        """A server's, certified for ``names``."""
        certificate, key = self.server_certificate(*names, expired=expired, self_signed=self_signed)
        chain, private = self._folder / "chain.pem", self._folder / "key.pem"
        chain.write_text(certificate)
        private.write_text(key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        if asks_for_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self._pem.decode())
        return context

    def _builder(self, subject: str, key: ec.EllipticCurvePrivateKey, until: datetime) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - 10 * _DAY)
            .not_valid_after(until)
        )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
