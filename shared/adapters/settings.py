"""Settings every service has, and how settings are read: environment first, mounted files second, all faults at once.

A service adds its own fields to `ServiceSettings`. Names in the environment are ``HOOKFLEET_`` + the field in upper
case; a secret may instead be a file of that name (in lower case) in the folder ``HOOKFLEET_SECRETS_DIR``. A faulty
environment ends the process with status 2 and one list that names every bad variable, never its value.
"""

import os
import ssl
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.adapters.broker_security import SaslMechanism, SecurityProtocol, fault_of, tls_context
from shared.core.faults import faults_of
from shared.core.topics import Topics, topics

ENV_PREFIX = "HOOKFLEET_"
SECRETS_DIR_VARIABLE = "HOOKFLEET_SECRETS_DIR"


class TopicSetup(StrEnum):
    """Who makes topics: the service that finds them missing, or somebody else, so that it only verifies them."""

    CREATE = "create"
    VERIFY = "verify"


class ServiceSettings(BaseSettings):
    """What every service is told."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="ignore")

    kafka_bootstrap_servers: str = Field(
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        min_length=3,
        description="brokers to begin with, host:port separated by commas",
    )
    kafka_security_protocol: SecurityProtocol = Field(
        default=SecurityProtocol.PLAINTEXT,
        description="how brokers are talked to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL; with SSL a broker's "
        "certificate must bear the name it was called by",
    )
    kafka_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authorities that may vouch for brokers; those of the system where absent",
    )
    kafka_certificate_file: Path | None = Field(
        default=None, description="PEM file of the certificate that brokers are shown, where they ask for one"
    )
    kafka_key_file: Path | None = Field(
        default=None, validate_default=True, description="PEM file of that certificate's key, not encrypted"
    )
    kafka_sasl_mechanism: SaslMechanism | None = Field(
        default=None,
        validate_default=True,
        description="how the password is shown to brokers: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN",
    )
    kafka_username: str | None = Field(
        default=None, validate_default=True, min_length=1, max_length=255, description="who we are to the brokers"
    )
    kafka_password: SecretStr | None = Field(
        default=None, validate_default=True, min_length=1, description="password of that user"
    )
    topic_setup: TopicSetup = Field(
        default=TopicSetup.CREATE,
        description="create: topics that are missing are created and settings changed by hand brought back; verify: "
        "topics are somebody else's to make, and a service that finds one missing or otherwise than it must be does "
        "not start",
    )
    topic_prefix: str = Field(
        default="", max_length=100, pattern=r"^[a-zA-Z0-9._-]*$", description="goes before every topic's name"
    )
    partitions: int = Field(
        default=12, ge=1, le=1000, description="partitions of every keyed topic; never changed once created"
    )
    replication_factor: int = Field(default=1, ge=1, le=9, description="copies of every topic; 3 in production")
    session_timeout_ms: int = Field(
        default=10_000,
        ge=6_000,
        le=300_000,
        description="milliseconds without a heartbeat after which a worker's partitions go to others",
    )
    instance: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[a-zA-Z0-9._-]+$",
        description="name of this process that a restart keeps and no other process has, such as its pod's name; with "
        "it a restart within the session timeout moves no partition, and one that ends for good leaves its partitions "
        "idle for that long",
    )
    listen_host: str = Field(default="0.0.0.0", description="address to listen on for HTTP")
    listen_port: int = Field(default=8080, ge=0, le=65_535, description="port to listen on for HTTP; 0 for any")
    drain_seconds: float = Field(
        default=20.0, gt=0, le=600, description="seconds after SIGTERM in which work under way may end"
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least level that is logged"
    )

    @field_validator(
        "kafka_ca_file",
        "kafka_certificate_file",
        "kafka_key_file",
        "kafka_sasl_mechanism",
        "kafka_username",
        "kafka_password",
    )
    @classmethod
    def _fits_the_protocol(cls, value: Any, info: ValidationInfo) -> Any:
        fault = fault_of(info.field_name or "", value, info.data)
        if fault is not None:
            raise ValueError(fault)
        return value

    def broker_tls(self) -> ssl.SSLContext | None:
        """What connections to brokers are encrypted with; None where they are not."""
        if not self.kafka_security_protocol.encrypted:
            return None
        return tls_context(self.kafka_ca_file, self.kafka_certificate_file, self.kafka_key_file)

    def topics(self) -> Topics:
        return topics(self.topic_prefix, self.partitions)


Settings = TypeVar("Settings", bound=BaseSettings)


def load_settings(model: type[Settings]) -> Settings:
    """Read settings or end the process with status 2 and a list of every fault."""
    lines: list[str] = []
    folder = os.environ.get(SECRETS_DIR_VARIABLE)
    if folder is not None and not Path(folder).is_dir():
        lines.append(f"  {SECRETS_DIR_VARIABLE} (folder of secrets): not a folder; mount it or leave the variable out")
        folder = None
    try:
        settings = model(_secrets_dir=folder)
    except ValidationError as error:
        lines += _described(model, error)
    else:
        if not lines:
            return settings
    sys.stderr.write("\n".join([f"{len(lines)} fault(s) in the settings:", *lines]) + "\n")
    raise SystemExit(2)


def _described(model: type[BaseSettings], error: ValidationError) -> Iterator[str]:
    """One line per fault, naming the variable and what it is for."""
    described = {_variable(name, field): field.description for name, field in model.model_fields.items()}
    for fault in faults_of(error):
        path = fault.field if fault.field in described else f"{ENV_PREFIX}{fault.field.upper()}"
        yield f"  {path} ({described[path.partition('[')[0]]}): {fault.message}; {fault.fix}"


def _variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a field."""
    return str(field.validation_alias or f"{ENV_PREFIX}{name.upper()}")
