"""Which events matter."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.core.resources.spec import Spec


def _event_type_pattern(pattern: str) -> str:
    if not all(char.isascii() and (char.isalnum() or char in "._-*") for char in pattern):
        raise ValueError("may hold letters, digits, '.', '_', '-' and '*' (any text, dots included)")
    return pattern


class NotificationRule(Spec):
    """Which events matter."""

    name: str = Field(min_length=1, max_length=200, description="shown to people")
    event_type: Annotated[str, AfterValidator(_event_type_pattern)] = Field(
        min_length=1, max_length=255, description="an event type; '*' stands for any text, dots included"
    )
    condition: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="CEL expression over event, data, new and old",
    )
    active: bool = Field(default=True, description="an inactive rule never fires")
