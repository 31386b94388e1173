"""What may be asked of the mappings: all of them, or in one of the two directions that an index answers.

From an entity to its external ids, or from an external id to the entities; the other fields narrow either. Anything
else would read every mapping there is for a page that may hold none, so it is refused with what is missing.
"""

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from enum import StrEnum

from shared.core.faults import Fault, InvalidInput

FIELDS = ("entity_type", "entity_id", "external_system", "external_table", "external_id")


class Direction(StrEnum):
    """Where a lookup begins."""

    ENTITY = "entity"
    EXTERNAL_ID = "external id"


#: The fields that each direction cannot do without.
_NEEDED = {
    Direction.ENTITY: frozenset({"entity_type", "entity_id"}),
    Direction.EXTERNAL_ID: frozenset({"external_system", "external_id"}),
}


@dataclass(frozen=True, slots=True)
class Lookup:
    """Mappings whose fields hold exactly these texts."""

    direction: Direction
    texts: ReadOnly[str, str]


def lookup_of(asked: ReadOnly[str, str]) -> Lookup | None:
    """The lookup for the fields that were given; None for none. Raises InvalidInput when no index answers it."""
    if not asked:
        return None
    for direction, needed in _NEEDED.items():
        if needed <= asked.keys():
            return Lookup(direction, asked)
    missing = min((needed - asked.keys() for needed in _NEEDED.values()), key=lambda fields: (len(fields), min(fields)))
    raise InvalidInput(
        [
            Fault(
                field,
                "missing",
                "look up with entity_type and entity_id, or with external_system and external_id",
            )
            for field in sorted(missing)
        ]
    )
