"""External mappings: what a user may write, and the id that follows from the question."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.core.resources import Kind, Mapping, MappingQuestion, Resource

SPEC = {
    "entity_type": "bill",
    "entity_id": "b-7",
    "external_system": "ledger",
    "external_table": "invoices",
    "external_id": "INV 007",
}


def test_the_id_follows_from_the_question_and_not_from_the_answer() -> None:
    mapping = Mapping.model_validate(SPEC)
    other = Mapping.model_validate({**SPEC, "external_id": "another"})
    # On the topic for ever: were it to change, importing again would be refused as a second answer.
    assert mapping.question.derived_id() == other.question.derived_id() == "bb431a58-4f76-5459-ae59-49d12cf31632"


def test_no_two_questions_share_an_id() -> None:
    shifted = MappingQuestion("bill", "b-7", "ledger", "invoices")
    ids = {shifted.derived_id(), MappingQuestion("billb-7", "", "ledger", "invoices").derived_id()}
    ids |= {MappingQuestion("b-7", "bill", "ledger", "invoices").derived_id()}
    assert len(ids) == 3


def test_texts_are_kept_as_they_are_but_for_blanks_around_them() -> None:
    mapping = Mapping.model_validate({**SPEC, "entity_id": " Ünï Code/7 "})
    assert (mapping.entity_id, mapping.external_id) == ("Ünï Code/7", "INV 007")


@pytest.mark.parametrize("field", SPEC)
@pytest.mark.parametrize("text", ["", "  ", "a\x1fb", "a\nb", "x" * 513, None, 7])
def test_what_is_no_text_of_bounded_length_is_refused(field: str, text: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Mapping.model_validate({**SPEC, field: text})
    assert refused.value.errors()[0]["loc"] == (field,)


def test_a_record_reads_as_it_was_written() -> None:
    resource = Resource(
        kind=Kind.MAPPING, organization="acme", id="m", spec=Mapping(**SPEC), created_ms=1, updated_ms=2
    )
    assert Resource.model_validate_json(resource.encode()) == resource
