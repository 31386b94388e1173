"""No two mappings of an organization answer the same question, whatever is asked in whatever order and grouping."""

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.config_table import ConfigTable
from services.ingest.core.config_changes import Accepted, AnyVersion, Apply, Change, Delete, Invalid, PutOne
from services.ingest.core.config_draft import ConfigDraft
from shared.core.resources import Mapping
from tests.unit.ingest.mapping_samples import commit, key, mapping, put, table


def judge(of: ConfigTable, *changes: Change) -> list[object]:
    with of.at_rest() as resources:
        draft = ConfigDraft(resources)
        return [draft.judge(change) for change in changes]


def refused(judgement: object) -> tuple[str, str]:
    assert isinstance(judgement, Invalid), judgement
    (fault,) = judgement.faults
    return fault.field, fault.message


def test_a_second_answer_is_refused_and_names_the_first() -> None:
    [judgement] = judge(table(first=mapping()), PutOne(put("second", mapping(external_id="other")), None))
    assert refused(judgement) == ("entity_id", "mapping 'first' answers for this entity, external system and table")


def test_a_second_mapping_is_refused_also_when_it_answers_alike() -> None:
    [judgement] = judge(table(first=mapping()), PutOne(put("second", mapping()), None))
    assert isinstance(judgement, Invalid)


def test_the_same_question_in_another_organization_is_another_question() -> None:
    other = PutOne(put("second", mapping(), organization="other"), None)
    assert isinstance(judge(table(first=mapping()), other)[0], Accepted)


def test_another_answer_by_the_same_mapping_is_an_update() -> None:
    [judgement] = judge(table(m=mapping()), Apply((put("m", mapping(external_id="new")),)))
    assert isinstance(judgement, Accepted)


def test_two_of_one_request_are_refused_where_the_second_stands() -> None:
    both = Apply((put("a", mapping(), "mappings[0]"), put("b", mapping(), "mappings[1]")))
    assert refused(judge(table(), both)[0]) == (
        "mappings[1].entity_id",
        "mapping 'a' answers for this entity, external system and table",
    )


def test_a_question_that_this_transaction_answers_already_is_refused() -> None:
    first, second = judge(table(), PutOne(put("a", mapping()), None), PutOne(put("b", mapping()), None))
    assert isinstance(first, Accepted)
    assert isinstance(second, Invalid)


def test_a_question_that_this_transaction_sets_free_may_be_answered_anew() -> None:
    deleted, taken = judge(table(a=mapping()), Delete(key("a"), None), PutOne(put("b", mapping()), None))
    assert isinstance(deleted, Accepted)
    assert isinstance(taken, Accepted)
    moved, taken = judge(
        table(a=mapping()), PutOne(put("a", mapping("b-2")), AnyVersion()), PutOne(put("b", mapping()), None)
    )
    assert isinstance(moved, Accepted)
    assert isinstance(taken, Accepted)


def test_two_mappings_may_trade_questions_in_one_request() -> None:
    trade = Apply((put("a", mapping("b-2")), put("b", mapping("b-1"))))
    assert isinstance(judge(table(a=mapping("b-1"), b=mapping("b-2")), trade)[0], Accepted)


PUTS = st.builds(
    put,
    st.sampled_from(["x", "y", mapping("b-1").question.derived_id()]),
    st.builds(mapping, st.sampled_from(["b-1", "b-2"]), st.sampled_from(["INV-1", "INV-2"])),
)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    PUTS.map(lambda one: PutOne(one, AnyVersion())),
    PUTS.map(lambda one: PutOne(one, None)),
    st.lists(PUTS, max_size=3).map(lambda many: Apply(tuple(many))),
    PUTS.map(lambda one: Delete(one.key, None)),
)


@given(st.lists(st.lists(CHANGES, max_size=5), max_size=6))
def test_no_history_leaves_a_question_with_two_answers(transactions: list[list[Change]]) -> None:
    of = ConfigTable()
    offset = 0
    for changes in transactions:
        with of.at_rest() as resources:
            draft = ConfigDraft(resources)
            for change in changes:
                draft.judge(change)
        offset = commit(draft, of, offset)
        standing = of.mappings("acme", None, "", 100).items
        questions = [each.resource.spec.question for _, each in standing if isinstance(each.resource.spec, Mapping)]
        assert len(questions) == len(set(questions))
        with of.at_rest() as resources:
            for (held, _), question in zip(standing, questions, strict=True):
                assert resources.holder_of("acme", question) == held
