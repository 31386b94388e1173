"""A second listener that asks who is there: TLS, a client certificate, SASL with SCRAM, and rights per user.

A laptop needs none of it. A fleet in production does, and whether both Kafka clients can live with it shows only on a
broker that insists. The listener without any of this stays: on it the broker talks to itself, and whoever owns the
machine, anonymous there, may do everything and gives users their rights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class SecuredListener:
    """``certificate_file`` holds the broker's key and certificate in PEM, ``ca_file`` the authority of its clients;
    ``users`` are passwords by name."""

    port: int
    certificate_file: Path
    ca_file: Path
    users: Mapping[str, str] = field(repr=False)

    def settings(self) -> dict[str, str]:
        """Lines of a `server.properties` beside those of the listener without security."""
        own = "listener.name.secured."
        return {
            f"{own}sasl.enabled.mechanisms": MECHANISM,
            f"{own}scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            f"{own}ssl.keystore.type": "PEM",
            f"{own}ssl.keystore.location": str(self.certificate_file),
            f"{own}ssl.truststore.type": "PEM",
            f"{own}ssl.truststore.location": str(self.ca_file),
            f"{own}ssl.client.auth": "required",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }

    def storage_arguments(self) -> Iterator[str]:
        """What the storage is formatted with, so that the users are there at the first start."""
        for name, password in self.users.items():
            yield "--add-scram"
            yield f"{MECHANISM}=[name={name},password={password}]"
