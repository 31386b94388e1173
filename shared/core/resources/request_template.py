"""What a request carries, said in expressions: its path, query, headers and body, and whether its answer is a success.

Expressions are kept as the texts that users wrote. This module knows where they stand, which decides what they may see
and give, and not what they mean: compiling and evaluating them is the work of `shared.adapters.cel_expressions`.

The host is never an expression. A credential belongs to the server that the webhook names, and an event must not be
able to send it anywhere else. A path is a list of segments, each encoded by itself, so that an id with a slash in it
stays an id.
"""

from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from shared.core.resources.mapping import EntityType, ExternalSystem, ExternalTable
from shared.core.resources.spec import HeaderName, HeaderValue, Spec

#: Longest expression, in characters: the worst we found of this length takes 10 ms to compile.
MAX_EXPRESSION = 4096
#: Longest expression of a body, in characters: 22 ms.
MAX_BODY_EXPRESSION = 8192

Expression = Annotated[str, Field(min_length=1, max_length=MAX_EXPRESSION)]
_ContentType = Annotated[HeaderValue, StringConstraints(max_length=200, pattern=r"^[^/\s]+/[^/\s].*$")]


class Place(StrEnum):
    """Where an expression stands, which decides what it sees and what it may give."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    BODY = "body"
    ENTITY_ID = "entity_id"
    TEXT = "text"
    SUCCESS = "success"


class PlacedExpression(NamedTuple):
    """One expression of a spec. ``field`` is its path within the spec, ``name`` that of its parameter or header."""

    field: str
    place: Place
    text: str
    name: str = ""


def _query_name(name: str) -> str:
    if not name or not name.isprintable() or len(name) > 200:
        raise ValueError("is not a parameter name (1 to 200 printable characters)")
    return name


class RequestTemplate(Spec):
    """A request to build for each run. What is not said here is as it is without a template."""

    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = Field(default="POST", description="HTTP method")
    path: Expression | None = Field(
        default=None,
        description="CEL that gives a list of path segments (text or numbers), which are encoded one by one and "
        "appended to the webhook's URL",
    )
    query: dict[Annotated[str, AfterValidator(_query_name)], Expression] = Field(
        default_factory=dict,
        max_length=50,
        description="query parameters by name: CEL that gives text, a number or a boolean; null leaves it out",
    )
    headers: dict[HeaderName, Expression] = Field(
        default_factory=dict,
        max_length=50,
        description="headers by name, over those of the webhook: CEL that gives text, a number or a boolean; null "
        "leaves it out",
    )
    body: Annotated[str, Field(min_length=1, max_length=MAX_BODY_EXPRESSION)] | None = Field(
        default=None,
        description="CEL that gives a map or a list (sent as JSON), text or bytes; where absent the "
        "CloudEvent, and nothing with GET and DELETE",
    )
    content_type: _ContentType | None = Field(
        default=None,
        description="content-type of the body; where absent, application/json for a map or a list, "
        "text/plain; charset=utf-8 for text, application/octet-stream for bytes",
    )

    def expressions(self, within: str) -> list[PlacedExpression]:
        """Every expression. ``within`` is the template's own field."""
        found = [
            PlacedExpression(f"{within}.{part}.{name}", place, text, name)
            for part, place, named in (("query", Place.QUERY, self.query), ("headers", Place.HEADER, self.headers))
            for name, text in named.items()
        ]
        if self.path is not None:
            found.append(PlacedExpression(f"{within}.path", Place.PATH, self.path))
        if self.body is not None:
            found.append(PlacedExpression(f"{within}.body", Place.BODY, self.body))
        return found


class EntityMapping(Spec):
    """Which external mapping a run needs: that of an entity which the event names."""

    entity_type: EntityType
    entity_id: Expression = Field(description="CEL that gives the entity's id: text or a whole number")
    external_system: ExternalSystem
    external_table: ExternalTable
