"""The configuration in memory, fed with records as the topic holds them."""

import pytest
from pydantic import ValidationError

from services.ingest.config_table import ConfigTable, StateTable
from services.ingest.core.config_changes import ResourceKey
from shared.core.faults import InvalidInput
from shared.core.messages.state import IntegrationState
from shared.core.records import Record
from shared.core.resources import Kind, Resource, Webhook
from shared.core.topics import integration_key


def record(key: bytes, value: bytes | None, offset: int = 5) -> Record:
    return Record("config", 0, offset, key, value, (), 0)


def resource(organization: str, resource_id: str, name: str = "W") -> Resource:
    return Resource(
        kind=Kind.WEBHOOK,
        organization=organization,
        id=resource_id,
        spec=Webhook(name=name, url="https://example.com/"),
        created_ms=1,
        updated_ms=2,
    )


def key(resource_id: str, organization: str = "acme") -> ResourceKey:
    return ResourceKey(Kind.WEBHOOK, organization, resource_id)


def filled(*resources: Resource) -> ConfigTable:
    table = ConfigTable()
    for offset, each in enumerate(resources):
        table.apply(record(ResourceKey(each.kind, each.organization, each.id).encode(), each.encode(), offset))
    return table


def test_the_version_is_the_offset_of_the_last_record() -> None:
    table = filled(resource("acme", "w"), resource("acme", "w", "new"))
    stored = table.get(key("w"))
    assert stored is not None
    assert (stored.version, stored.resource) == (1, resource("acme", "w", "new"))


def test_a_tombstone_deletes() -> None:
    table = filled(resource("acme", "w"))
    table.apply(record(key("w").encode(), None))
    assert table.get(key("w")) is None


def test_listing_is_by_id_and_of_one_organization() -> None:
    table = filled(resource("acme", "b"), resource("other", "c"), resource("acme", "a"))
    assert [found.id for found, _ in table.all_of(Kind.WEBHOOK, "acme")] == ["a", "b"]
    assert table.all_of(Kind.CREDENTIAL, "acme") == []


@pytest.mark.parametrize("raw", [b"", b"webhook", b"webhook/acme", b"nothing/acme/w", b"\xff/acme/w"])
def test_a_key_that_is_no_resources_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        ConfigTable().apply(record(raw, resource("acme", "w").encode()))


def test_a_value_that_is_no_resource_changes_nothing() -> None:
    table = filled(resource("acme", "w"))
    with pytest.raises(ValidationError):
        table.apply(record(key("w").encode(), b"{}"))
    assert table.get(key("w")) is not None


def test_a_state_is_the_last_one_written() -> None:
    table = StateTable()
    assert table.get("acme", "i") is None
    off = IntegrationState(
        organization="acme", integration_id="i", enabled=False, epoch=0, since_ms=1, reason="20 failed runs"
    )
    table.apply(record(integration_key("acme", "i"), off.encode()))
    assert table.get("acme", "i") == off
    assert table.get("other", "i") is None
    table.apply(record(integration_key("acme", "i"), None))
    assert table.get("acme", "i") is None
