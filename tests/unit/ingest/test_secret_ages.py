"""How old secrets are and when certificates expire, in sum."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.ingest.secret_ages import SecretAges
from shared.core.records import Record
from shared.core.resources import Kind, MutualTlsCredential, Resource
from shared.core.resources.credential import HmacCredential
from tests.component.dispatcher.loopback_certificates import Authority

OLDEST, EXPIRY = "hookfleet_oldest_secret_timestamp_seconds", "hookfleet_certificate_expiry_timestamp_seconds"


def record(name: str, at_ms: int, spec: MutualTlsCredential | HmacCredential | None) -> Record:
    resource = spec and Resource(
        kind=Kind.CREDENTIAL, organization="acme", id=name, spec=spec, sealed=("v1.k.x",), created_ms=1, updated_ms=1
    )
    value = resource.encode() if resource else None
    return Record("config", 0, 0, f"credential/acme/{name}".encode(), value, (), timestamp_ms=at_ms)


def test_the_credential_left_alone_longest_and_the_certificate_that_ends_first_are_told(tmp_path: Path) -> None:
    ages = SecretAges()
    assert REGISTRY.get_sample_value(OLDEST) is None
    ages.apply(Record("config", 0, 0, b"webhook/acme/w", b"anything", (), timestamp_ms=1))
    signing = HmacCredential(kind="hmac", name="signs")
    ages.apply(record("old", 1_000_000, signing))
    ages.apply(record("new", 2_000_000, signing))
    assert REGISTRY.get_sample_value(OLDEST) == 1_000
    ages.apply(record("old", 3_000_000, signing))
    assert REGISTRY.get_sample_value(OLDEST) == 2_000, "written again, a rotation perhaps"
    authority = Authority(tmp_path)
    for name, days in (("long", 300), ("short", 2)):
        certificate, _ = authority.client_certificate(name, valid=timedelta(days=days))
        spec = MutualTlsCredential(kind="mutual-tls", name=name, certificate=certificate)
        ages.apply(record(name, 4_000_000, spec))
    first = expiry()
    ages.apply(record("short", 5_000_000, None))
    assert expiry() - first == pytest.approx(298 * 86_400, abs=5)


def expiry() -> float:
    return REGISTRY.get_sample_value(EXPIRY, {"shown_to": "receivers"}) or 0.0
