"""One table at one size, in this process: ``python -m bench.mappings.once TABLE 100000`` prints its figures as JSON."""

import dataclasses
import functools
import gc
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from bench.mappings.measurement import TABLES, MappingsCost
from bench.stages.delivery import ORGANIZATION, config_record
from bench.stages.timing import cpu_microseconds
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.tables import apply_config
from services.ingest.config_table import ConfigTable
from services.ingest.core.config_changes import ResourceKey
from services.ingest.core.mapping_lookup import lookup_of
from shared.core.identifiers import mapping_id
from shared.core.records import Record
from shared.core.resources import Kind, Mapping

_TYPE, _SYSTEM, _TABLE = "account", "ledger", "accounts"
#: Entities that are asked for in turn, spread over all.
_ASKED = 1_000
_PAGE = 200


def cost(table: str, mappings: int) -> MappingsCost:
    """Feed the table and ask it."""
    gc.collect()
    before = _resident_bytes()
    apply, lookups = _ingest(mappings) if table == TABLES[2] else _dispatcher(mappings)
    taken_in_ns = 0
    for number in range(mappings):
        spec = _mapping(number)
        resource_id = f"account-in-ledger-{number}" if table == TABLES[1] else mapping_id(*spec.question)
        record = config_record(Kind.MAPPING, ORGANIZATION, resource_id, spec)
        began = time.process_time_ns()
        apply(record)
        taken_in_ns += time.process_time_ns() - began
    gc.collect()
    grown = _resident_bytes() - before
    return MappingsCost(
        grown / mappings,
        taken_in_ns / mappings / 1000,
        {name: cpu_microseconds(lookup) for name, lookup in lookups.items()},
    )


#: What takes a record in, and the look-ups by name.
_Measured = tuple[Callable[[Record], None], dict[str, Callable[[], object]]]


def _dispatcher(mappings: int) -> _Measured:
    configuration, asked = Configuration(), _in_turn(mappings)

    def find() -> object:
        return configuration.mappings.find(ORGANIZATION, *_question(next(asked)))

    return functools.partial(apply_config, configuration), {"find": find}


def _ingest(mappings: int) -> _Measured:
    table, asked = ConfigTable(), _in_turn(mappings)

    def by_id() -> object:
        return table.get(ResourceKey(Kind.MAPPING, ORGANIZATION, mapping_id(*_question(next(asked)))))

    def look_up(**fields: str) -> object:
        return table.mappings(ORGANIZATION, lookup_of(fields), "", _PAGE)

    return table.apply, {
        "by id": by_id,
        "by entity": lambda: look_up(entity_type=_TYPE, entity_id=_entity(next(asked))),
        "by external id": lambda: look_up(external_system=_SYSTEM, external_id=_external(next(asked))),
        f"{_PAGE} in the middle": lambda: table.mappings(ORGANIZATION, None, "8", _PAGE),
    }


def _in_turn(mappings: int) -> Iterator[int]:
    return itertools.cycle(range(0, mappings, max(1, mappings // _ASKED)))


def _entity(number: int) -> str:
    return f"acc-{number:09d}"


def _external(number: int) -> str:
    return f"0015g00000{number:08d}"


def _question(number: int) -> tuple[str, str, str, str]:
    return _TYPE, _entity(number), _SYSTEM, _TABLE


def _mapping(number: int) -> Mapping:
    return Mapping(
        entity_type=_TYPE,
        entity_id=_entity(number),
        external_system=_SYSTEM,
        external_table=_TABLE,
        external_id=_external(number),
    )


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    found = cost(sys.argv[1], int(sys.argv[2]))
    sys.stdout.write(orjson.dumps(dataclasses.asdict(found)).decode())
