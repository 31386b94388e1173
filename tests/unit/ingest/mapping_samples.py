"""Mappings as the tests of ingest make them."""

from services.ingest.config_table import ConfigTable
from services.ingest.core.config_changes import Put, ResourceKey
from services.ingest.core.config_draft import ConfigDraft
from shared.core.records import Record
from shared.core.resources import Kind, Mapping, Resource


def mapping(entity_id: str = "b-1", external_id: str = "INV-1", **more: str) -> Mapping:
    said = {"entity_type": "bill", "external_system": "ledger", "external_table": "invoices", **more}
    return Mapping(entity_id=entity_id, external_id=external_id, **said)


def key(resource_id: str, organization: str = "acme") -> ResourceKey:
    return ResourceKey(Kind.MAPPING, organization, resource_id)


def put(resource_id: str, spec: Mapping, field: str = "", organization: str = "acme") -> Put:
    return Put(key(resource_id, organization), spec, at_ms=2, field=field)


def record(of: ResourceKey, spec: Mapping | None, offset: int) -> Record:
    value = None
    if spec is not None:
        value = Resource(
            kind=of.kind, organization=of.organization, id=of.id, spec=spec, created_ms=1, updated_ms=2
        ).encode()
    return Record("config", 0, offset, of.encode(), value, (), 0)


def table(**mappings: Mapping) -> ConfigTable:
    """A table of acme's mappings by id."""
    filled = ConfigTable()
    for offset, (resource_id, spec) in enumerate(mappings.items()):
        filled.apply(record(key(resource_id), spec, offset))
    return filled


def commit(draft: ConfigDraft, to: ConfigTable, offset: int) -> int:
    """Have ``to`` read what ``draft`` writes from ``offset`` on; the offset after it."""
    for each in draft.records("config"):
        to.apply(Record("config", 0, offset, each.key, each.value, (), 0))
        offset += 1
    return offset
