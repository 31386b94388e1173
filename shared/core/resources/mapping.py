"""Who somebody is elsewhere: the id by which an external system knows one of our entities.

A mapping is a question and its answer. The question is which entity, in which table of which system; the answer is the
external id. Texts are compared as they are, letter by letter: another system's ids are its own business.
"""

from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from shared.core.identifiers import mapping_id
from shared.core.resources.spec import Spec


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must not hold control characters or invisible separators")
    return text


_Text = Annotated[str, AfterValidator(_printable)]
EntityType = Annotated[
    _Text, Field(min_length=1, max_length=100, description="kind of the entity in events, such as bill or customer")
]
EntityId = Annotated[_Text, Field(min_length=1, max_length=255, description="the entity's id in events")]
ExternalSystem = Annotated[
    _Text, Field(min_length=1, max_length=100, description="the system that knows the entity by another id")
]
ExternalTable = Annotated[
    _Text, Field(min_length=1, max_length=100, description="table or type of object in that system")
]
ExternalId = Annotated[_Text, Field(min_length=1, max_length=512, description="the id by which that system knows it")]


class MappingQuestion(NamedTuple):
    """What a mapping answers. An organization has one answer to it at most."""

    entity_type: str
    entity_id: str
    external_system: str
    external_table: str

    def derived_id(self) -> str:
        """The id of the mapping that answers it, where nobody chose another."""
        return mapping_id(*self)


class Mapping(Spec):
    """The id by which an external system knows an entity."""

    entity_type: EntityType
    entity_id: EntityId
    external_system: ExternalSystem
    external_table: ExternalTable
    external_id: ExternalId

    @property
    def question(self) -> MappingQuestion:
        return MappingQuestion(self.entity_type, self.entity_id, self.external_system, self.external_table)
