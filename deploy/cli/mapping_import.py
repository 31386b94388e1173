"""Writing many mappings: in transactions of bounded size, and what is refused of one by itself.

The server takes all of a request or nothing. So the lines that it names are left out and the others sent again: one
line that clashes with a mapping which stands already keeps no other from being written. Sending twice writes once,
since the server derives each mapping's id from what it answers; a request that found no room is simply repeated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.cli.api_client import ApiClient, Refused
from deploy.cli.mapping_files import MappingLine
from deploy.cli.patience import patiently
from shared.core.faults import Fault

#: Mappings of one transaction; as many as the server takes.
BATCH_MAPPINGS = 1_000
_SERVER_FIELD = re.compile(r"^mappings\[(\d+)\]\.?(.*)$")


@dataclass(slots=True)
class Imported:
    """What became of the lines so far."""

    changes: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    refused: int = 0


def import_mappings(
    client: ApiClient, lines: Sequence[MappingLine], imported: Imported, advance: Callable[[int], None]
) -> None:
    """Write ``lines``, counting in ``imported`` as it goes. Raises Refused when the server refuses more than single
    lines, Unreachable when nobody answers; what is counted is written."""
    for start in range(0, len(lines), BATCH_MAPPINGS):
        batch = lines[start : start + BATCH_MAPPINGS]
        _write(client, batch, imported)
        advance(len(batch))


def _write(client: ApiClient, batch: Sequence[MappingLine], imported: Imported) -> None:
    while batch:
        try:
            answer = _post(client, [line.content for line in batch])
        except Refused as refusal:
            refused = dict(_by_line(refusal))
            if not refused:
                raise
            imported.refused += len(refused)
            for index, faults in refused.items():
                imported.faults += [batch[index].fault(each.field, each.message, each.fix) for each in faults]
            batch = [line for index, line in enumerate(batch) if index not in refused]
        else:
            imported.changes.update(each["change"] for each in answer["mappings"])
            return


def _post(client: ApiClient, mappings: list[Any]) -> Any:
    return patiently(lambda: client.post("/v1/mappings", {"mappings": mappings}))


def _by_line(refusal: Refused) -> Iterator[tuple[int, list[Fault]]]:
    faults: dict[int, list[Fault]] = {}
    for fault in refusal.faults:
        found = _SERVER_FIELD.match(fault.field)
        if found:
            faults.setdefault(int(found[1]), []).append(Fault(found[2], fault.message, fault.fix))
    yield from faults.items()
