"""The configuration and the integrations' states in memory, as their compacted topics say.

Two threads meet here: the topic's reader applies records, the writer and HTTP look. Judging reads several
resources that must belong to one moment, so looking is done under the lock (:meth:`ConfigTable.at_rest`); it
is held for microseconds.

Mappings are kept apart (`mapping_table`): there may be a million of them, and nothing refers from or to one.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from services.ingest.core.config_changes import ResourceKey, Stored
from services.ingest.core.mapping_lookup import Lookup
from services.ingest.mapping_table import MappingPage, MappingTable
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.state import IntegrationState
from shared.core.records import Record
from shared.core.resources import Kind, MappingQuestion, Resource
from shared.core.topics import integration_key


class _Resources:
    """What is there now, by organization first: listing one costs nothing for the others."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[ResourceKey, Stored]] = {}
        self.mappings = MappingTable()

    def put(self, key: ResourceKey, resource: Resource, version: int) -> None:
        if key.kind is Kind.MAPPING:
            self.mappings.put(key, resource, version)
        else:
            self.stored.setdefault(key.organization, {})[key] = Stored(resource, version)

    def remove(self, key: ResourceKey) -> None:
        if key.kind is Kind.MAPPING:
            self.mappings.remove(key)
        else:
            self.stored.get(key.organization, {}).pop(key, None)

    def get(self, key: ResourceKey) -> Stored | None:
        if key.kind is Kind.MAPPING:
            return self.mappings.get(key)
        return self.stored.get(key.organization, {}).get(key)

    def of_organization(self, organization: str) -> Iterator[tuple[ResourceKey, Stored]]:
        """All but mappings."""
        yield from self.stored.get(organization, {}).items()

    def holder_of(self, organization: str, question: MappingQuestion) -> ResourceKey | None:
        return self.mappings.holder_of(organization, question)


class ConfigTable:
    """Current resources with their versions. One thread applies, any thread looks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resources = _Resources()

    def apply(self, record: Record) -> None:
        """Take in one record of the ``config`` topic; no value deletes.

        Raises InvalidInput when its key is not a resource's, pydantic.ValidationError when its value is none.
        """
        key = _resource_key(record.key or b"")
        resource = None if record.value is None else Resource.model_validate(orjson.loads(record.value))
        with self._lock:
            if resource is None:
                self._resources.remove(key)
            else:
                self._resources.put(key, resource, record.offset)

    @contextmanager
    def at_rest(self) -> Iterator[_Resources]:
        """The resources, unchanging while the block runs."""
        with self._lock:
            yield self._resources

    def get(self, key: ResourceKey) -> Stored | None:
        with self._lock:
            return self._resources.get(key)

    def all_of(self, kind: Kind, organization: str) -> list[tuple[ResourceKey, Stored]]:
        """Every resource of a kind, ordered by id; of mappings there are pages instead."""
        with self._lock:
            found = [item for item in self._resources.of_organization(organization) if item[0].kind is kind]
        return sorted(found, key=lambda item: item[0].id)

    def mappings(self, organization: str, lookup: Lookup | None, after: str, limit: int) -> MappingPage:
        """A page of mappings, ordered by id."""
        with self._lock:
            return self._resources.mappings.page(organization, lookup, after, limit)


class StateTable:
    """Current integration states. An integration without one has never been enabled or disabled."""

    def __init__(self) -> None:
        self._states: dict[bytes, IntegrationState] = {}

    def apply(self, record: Record) -> None:
        """Take in one record of the ``integration-state`` topic.

        Raises pydantic.ValidationError when its value is not a state.
        """
        key = record.key or b""
        if record.value is None:
            self._states.pop(key, None)
        else:
            self._states[key] = IntegrationState.model_validate_json(record.value)

    def get(self, organization: str, integration_id: str) -> IntegrationState | None:
        return self._states.get(integration_key(organization, integration_id))


def _resource_key(raw: bytes) -> ResourceKey:
    kind, _, rest = raw.decode("utf-8", "replace").partition("/")
    organization, separator, resource_id = rest.partition("/")
    if kind not in set(Kind) or not separator:
        raise InvalidInput([Fault("(key)", "not kind/organization/id", "write config through ingest")])
    return ResourceKey(Kind(kind), organization, resource_id)
