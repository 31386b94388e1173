"""No two mappings of an organization answer the same question.

Which entity by which id in which table of which system: an answer must not depend on which record was written last.
Where nobody chooses an id, it is derived from the question, and then there cannot be two. But mappings kept in files
have names of their own, as every kind has, so the draft looks as well, and refuses the second one whoever named it:
also where both answer alike, because one edit later they would not.

What this module refuses to know: where the mappings that stand are kept.
"""

from collections.abc import Callable, Collection, Container, Iterator
from dataclasses import dataclass, field

from services.ingest.core.config_changes import Put, ResourceKey
from shared.core.faults import Fault
from shared.core.resources import Mapping, MappingQuestion

#: The mapping that answers an organization's question in the table.
HolderOf = Callable[[str, MappingQuestion], ResourceKey | None]


@dataclass(slots=True)
class MappingQuestions:
    """The questions that the changes of one draft answer."""

    _answered: dict[tuple[str, MappingQuestion], ResourceKey] = field(default_factory=dict)

    def take(self, put: Put) -> None:
        """``put`` is in the draft."""
        if isinstance(put.spec, Mapping):
            self._answered[put.key.organization, put.spec.question] = put.key

    def faults(self, puts: Collection[Put], holder_of: HolderOf, changed: Container[ResourceKey]) -> Iterator[Fault]:
        """What is wrong with ``puts`` together. ``changed``: the resources that the draft has changed or deleted, so
        that what the table says of them no longer holds; a draft changes none twice."""
        wanted: dict[tuple[str, MappingQuestion], ResourceKey] = {}
        staged = {put.key for put in puts}
        for put in puts:
            if not isinstance(put.spec, Mapping):
                continue
            asked = (put.key.organization, put.spec.question)
            holder = wanted.setdefault(asked, put.key)
            if holder == put.key:
                holder = self._answered.get(asked) or _unless_in(holder_of(*asked), staged, changed) or put.key
            if holder != put.key:
                yield Fault(
                    f"{put.field}{'.' if put.field else ''}entity_id",
                    f"{holder} answers for this entity, external system and table",
                    f"change or delete {holder}, or leave this one out",
                )


def _unless_in(
    holder: ResourceKey | None, staged: Container[ResourceKey], changed: Container[ResourceKey]
) -> ResourceKey | None:
    return None if holder in staged or holder in changed else holder
