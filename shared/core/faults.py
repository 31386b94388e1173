"""What is wrong with an input, in words that help whoever sent it.

One value for all doors: over HTTP faults become the ``errors`` of a problem document, on a topic the reason of a dead
letter, at start the list of bad settings. Nothing here ever holds the refused value itself: it may be a secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: ``field`` is a path as the sender wrote it (``data.amount``, ``[3].id``), ``message`` says what is
    wrong and ``fix`` what to do about it."""

    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}; {self.fix}"


class InvalidInput(Exception):
    """An input that can never be processed as it is: a 4xx over HTTP, a dead letter on a topic."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(" | ".join(str(fault) for fault in self.faults))


def faults_of(error: ValidationError, prefix: str = "") -> tuple[Fault, ...]:
    """Translate a pydantic error, leaving out the input values it carries."""

    def path(location: tuple[int | str, ...]) -> str:
        text = prefix
        for part in location:
            if part == "[key]":  # pydantic's word for "the name, not the value"
                continue
            text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
        return text or "(whole)"

    return tuple(
        Fault(path(item["loc"]), item["msg"].removeprefix("Value error, "), _fix(item))
        for item in error.errors(include_input=False)
    )


def _fix(item: Any) -> str:
    match item["type"]:
        case "missing":
            return "add this field"
        case "extra_forbidden":
            return "remove this field or correct its name"
        case _:
            return "correct this value"


class InfrastructureError(Exception):
    """Something the fleet stands on failed: Kafka, a database. Never a record's fault, so no guard swallows it."""
