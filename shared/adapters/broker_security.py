"""How brokers are talked to: encrypted or not, and who we say we are. Rules for settings, and the TLS context of both
Kafka clients.

Each rule judges one setting by those before it, so that a start lists every fault: a file that cannot be read, a
password without a user, and settings that would do nothing, because whoever sets a CA file believes in an encryption
that is not there. A broker's name is verified against its certificate always; no setting turns that off.
"""

import ssl
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any


class SecurityProtocol(StrEnum):
    """Kafka's words for encryption and authentication of a listener."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def encrypted(self) -> bool:
        return self in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)

    @property
    def authenticated(self) -> bool:
        """Whether a user name and a password are shown."""
        return self in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)


class SaslMechanism(StrEnum):
    """How a password is shown."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


def tls_context(ca_file: Path | None, certificate_file: Path | None, key_file: Path | None) -> ssl.SSLContext:
    """Trusts ``ca_file``, or the system's authorities, and shows a certificate where there is one.

    Raises OSError, of which ssl.SSLError is a kind, when a file cannot be used.
    """
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    if certificate_file is not None:
        # Given a password, OpenSSL never asks a terminal for that of an encrypted key.
        context.load_cert_chain(certificate_file, key_file, password="")
    return context


def fault_of(name: str, value: Any, before: Mapping[str, Any]) -> str | None:
    """What is wrong with the setting ``name``, given the settings ``before`` it; None when nothing is.

    A setting that is missing from ``before`` is faulty itself, and nothing is said about what follows from it.
    """
    protocol = before.get("kafka_security_protocol")
    if protocol is None:
        return None
    match name:
        case "kafka_ca_file" | "kafka_certificate_file" | "kafka_key_file":
            return _file_fault(name, value, before, protocol)
        case _:
            return _authentication_fault(value, before, protocol)


def _file_fault(name: str, path: Path | None, before: Mapping[str, Any], protocol: SecurityProtocol) -> str | None:
    certificate = before.get("kafka_certificate_file")
    if path is None:
        if name == "kafka_key_file" and certificate is not None:
            return "missing, and HOOKFLEET_KAFKA_CERTIFICATE_FILE does nothing without its key"
        return None
    if not protocol.encrypted:
        return (
            f"does nothing where the protocol is {protocol}; set HOOKFLEET_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"
        )
    if not path.is_file():
        return "no such file; mount it"
    match name:
        case "kafka_ca_file":
            return _tried(path, None, None, "holds no certificate that can be read; it has to be PEM")
        case "kafka_key_file" if certificate is None:
            return "does nothing without HOOKFLEET_KAFKA_CERTIFICATE_FILE"
        case "kafka_key_file":
            return _tried(None, certificate, path, "not the unencrypted PEM key of HOOKFLEET_KAFKA_CERTIFICATE_FILE")
    return None


def _tried(ca_file: Path | None, certificate_file: Path | None, key_file: Path | None, fault: str) -> str | None:
    try:
        tls_context(ca_file, certificate_file, key_file)
    except OSError:
        return fault
    return None


def _authentication_fault(value: Any, before: Mapping[str, Any], protocol: SecurityProtocol) -> str | None:
    if not protocol.authenticated:
        if value is not None:
            return f"does nothing where the protocol is {protocol}; it needs SASL_SSL"
        return None
    if value is None:
        return f"missing, and the protocol {protocol} needs it"
    if value is SaslMechanism.PLAIN and not protocol.encrypted:
        return "would send the password readable; use SASL_SSL or a SCRAM mechanism"
    return None
