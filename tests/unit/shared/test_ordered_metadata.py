"""What a commit says of heads that wait: it is read back as it was written, whatever else reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.failures import FAILURES
from shared.core.messages.delivery import AttemptSummary
from shared.core.offset_tracking import decode_finished
from shared.core.ordered_metadata import CODES, Held, HeldAttempt, decode_commit, encode_commit
from shared.core.ordered_offsets import OffsetRuns
from tests.unit.dispatcher import samples

CODE = st.sampled_from(CODES) | st.integers(100, 599).map(lambda status: f"http.{status}")
NOW_MS = 1_795_000_000_000


@st.composite
def held(draw: st.DrawFn) -> Held:
    attempts: list[HeldAttempt] = []
    at_ms = draw(st.integers(NOW_MS, NOW_MS + 10**9))
    for _ in range(draw(st.integers(1, 6))):
        duration_ms = draw(st.integers(0, 120_000))
        attempts.append(HeldAttempt(at_ms, duration_ms, draw(CODE)))
        at_ms += duration_ms + draw(st.integers(0, 3_600_000))
    return Held(tuple(attempts), at_ms, draw(st.integers(0, 1_000)), draw(st.integers(0, 10**7)))


@given(
    base=st.integers(0, 10**12),
    gaps=st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), max_size=5),
    heads=st.dictionaries(st.integers(0, 10**5), held(), max_size=5),
)
def test_a_commit_is_read_as_it_was_written(base: int, gaps: list[tuple[int, int]], heads: dict[int, Held]) -> None:
    finished, at = OffsetRuns(), base
    for gap, length in gaps:
        finished.add(at + gap, at + gap + length)
        at += gap + length
    states = {base + offset: state for offset, state in heads.items()}
    metadata = encode_commit(base, finished, {offset: state.encode() for offset, state in states.items()})
    assert decode_commit(base, metadata) == (list(finished), states)


def test_who_only_asks_what_is_finished_can_read_it_too() -> None:
    one = Held((HeldAttempt(NOW_MS, 5, "http.503"),), NOW_MS + 9, 0, 9)
    metadata = encode_commit(10, OffsetRuns([(12, 14)]), {10: one.encode()})
    assert decode_finished(10, metadata) == {12, 13}


@pytest.mark.parametrize("metadata", ["", "nonsense", "1:|1:!!", "1:|1:gA==", "2:AQE=|2:AQE=", "1:|1:" + "A" * 7])
def test_what_cannot_be_read_means_that_nothing_is_held(metadata: str) -> None:
    assert decode_commit(5, metadata)[1] == {}


def test_what_is_held_is_all_that_the_next_attempt_needs() -> None:
    first = samples.request()
    attempts = tuple(
        AttemptSummary(number=number, started_ms=NOW_MS + number * 1_000, duration_ms=7, code=code, http_status=status)
        for number, (code, status) in enumerate([("http.503", 503), ("read.timeout", None)], start=1)
    )
    now = first.model_copy(
        update={
            "attempts": attempts,
            "step": 2,
            "epoch": 4,
            "first_sent_ms": NOW_MS + 1_000,
            "waited_ms": 2_500,
        }
    )
    kept = Held.of(first, now, NOW_MS + 60_000)
    metadata = encode_commit(3, OffsetRuns(), {8: kept.encode()})
    (restored,) = decode_commit(3, metadata)[1].values()
    assert restored.applied_to(first) == now
    assert restored.due_ms == NOW_MS + 60_000


def test_every_code_that_can_be_retried_is_kept_by_name() -> None:
    assert {code for code, failure in FAILURES.items() if not failure.final} <= set(CODES)


def test_a_code_that_is_not_listed_is_kept_as_unknown() -> None:
    kept = Held((HeldAttempt(NOW_MS, 5, "quantum.decoherence"),), NOW_MS, 0, 0)
    ((_, restored),) = decode_commit(0, encode_commit(0, OffsetRuns(), {0: kept.encode()}))[1].items()
    assert restored.attempts[0].code == "unknown"


def test_a_clock_that_went_back_counts_as_one_that_stood_still() -> None:
    kept = Held((HeldAttempt(NOW_MS, 5, "http.500"), HeldAttempt(NOW_MS - 900, 5, "http.500")), NOW_MS - 1, 0, 0)
    ((_, restored),) = decode_commit(0, encode_commit(0, OffsetRuns(), {0: kept.encode()}))[1].items()
    assert [each.started_ms for each in restored.attempts] == [NOW_MS, NOW_MS + 5]
    assert restored.due_ms == NOW_MS + 10


#: Committed at 17 by the first version: 18 to 20 are finished, the heads at 17 and 40 wait.
FROZEN = "1:AQM=|1:AAEAa4C82fKeNAf3A10XAgL3B7K82fKeNAjuB+gHB60D6Ac="


def test_the_layout_is_frozen() -> None:
    heads = {
        17: Held((HeldAttempt(NOW_MS, 7, "http.503"),), NOW_MS + 100, 0, 107),
        40: Held(
            (HeldAttempt(NOW_MS + 50, 8, "read.timeout"), HeldAttempt(NOW_MS + 1_058, 7, "http.429")),
            NOW_MS + 2_065,
            2,
            1_015,
        ),
    }
    assert decode_commit(17, FROZEN) == ([(18, 21)], heads)
    encoded = {offset: state.encode() for offset, state in heads.items()}
    assert encode_commit(17, OffsetRuns([(18, 21)]), encoded) == FROZEN
