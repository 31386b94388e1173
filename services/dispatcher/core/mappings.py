"""External mappings as sending needs them: one answer to one question, in as little memory as a dictionary takes.

There may be a million, so nothing of a mapping is kept but its answer, under sixteen bytes of its question: those of
the id that `shared.core.identifiers` derives from it. A mapping whose id is that derived one, as every imported one's
is, needs no other entry: its id says what it answered when it goes. One whose id somebody chose needs a second, from id
to question, and its answer carries the id, so that two mappings which trade questions within a transaction do not take
each other's answer away.

One thread applies, any thread asks, without a lock: each entry changes in one step, and a new answer stands before an
old one goes.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.core.faults import Fault, InvalidInput
from shared.core.identifiers import mapping_id

_FIELDS = ("entity_type", "entity_id", "external_system", "external_table", "external_id")
#: Between a chosen id and the answer; neither holds it.
_END_OF_ID = b"\0"
#: A derived id as it is written; the same digits written otherwise were chosen.
_DERIVED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class _Answers:
    #: question → the chosen id (nothing where it is the derived one), its end, the answer.
    by_question: dict[bytes, bytes] = field(default_factory=dict)
    #: chosen id → question.
    questions: dict[bytes, bytes] = field(default_factory=dict)

    def put(self, resource_id: str, derived_id: str, external_id: str) -> None:
        before, chosen = self._held_by(resource_id)
        now = _bytes_of(derived_id)
        if derived_id == resource_id:
            self.by_question[now] = _END_OF_ID + external_id.encode()
            self.questions.pop(chosen, None)
        else:
            own = resource_id.encode()
            self.by_question[now] = own + _END_OF_ID + external_id.encode()
            self.questions[own] = now
        if before != now:
            self._forget(before, chosen)

    def remove(self, resource_id: str) -> None:
        before, chosen = self._held_by(resource_id)
        self.questions.pop(chosen, None)
        self._forget(before, chosen)

    def _held_by(self, resource_id: str) -> tuple[bytes, bytes]:
        """The question that a mapping may answer now, and its id where that was chosen."""
        chosen = resource_id.encode()
        question = self.questions.get(chosen)
        if question is not None:
            return question, chosen
        return (_bytes_of(resource_id) if _DERIVED.fullmatch(resource_id) else b""), b""

    def _forget(self, question: bytes, chosen: bytes) -> None:
        """Take an answer away, unless it is another mapping's by now."""
        if self.by_question.get(question, _END_OF_ID).partition(_END_OF_ID)[0] == chosen:
            self.by_question.pop(question, None)


class Mappings:
    """Current mappings."""

    def __init__(self) -> None:
        self._of: dict[str, _Answers] = {}

    def apply(self, organization: str, resource_id: str, raw: bytes | None) -> None:
        """Take in one mapping's record of the ``config`` topic; no value is a deletion.

        Raises InvalidInput, and keeps what was there, when it is not in the form of a mapping.
        """
        if raw is None:
            if organization in self._of:
                self._of[organization].remove(resource_id)
            return
        *question, external_id = _texts(raw)
        answers = self._of.setdefault(organization, _Answers())
        answers.put(resource_id, mapping_id(*question), external_id)

    def find(
        self, organization: str, entity_type: str, entity_id: str, external_system: str, external_table: str
    ) -> str | None:
        """The external id; None where no mapping answers."""
        answers = self._of.get(organization)
        if answers is None:
            return None
        question = _bytes_of(mapping_id(entity_type, entity_id, external_system, external_table))
        found = answers.by_question.get(question)
        return None if found is None else found.partition(_END_OF_ID)[2].decode()


def _bytes_of(derived_id: str) -> bytes:
    return bytes.fromhex(derived_id.replace("-", ""))


def _texts(raw: bytes) -> list[str]:
    try:
        document: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise InvalidInput([Fault("(value)", "not JSON", "only ingest writes this topic")]) from None
    spec = document.get("spec") if isinstance(document, dict) else None
    said = [spec.get(name) for name in _FIELDS] if isinstance(spec, dict) else []
    texts = [text for text in said if isinstance(text, str)]
    if len(texts) != len(_FIELDS):
        raise InvalidInput([Fault("spec", "not that of a mapping", "only ingest writes this topic")])
    return texts
