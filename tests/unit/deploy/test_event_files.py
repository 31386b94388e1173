"""Events from files: three forms, defaults, and requests of bounded size."""

from __future__ import annotations

import pytest

from deploy.cli.event_files import BATCH_BYTES, BATCH_EVENTS, batches, completed, read_events
from deploy.cli.failures import Failed


@pytest.mark.parametrize("text", ['{"id": "a"}\n{"id": "b"}\n\n', '[{"id": "a"},\n {"id": "b"}]'])
def test_an_array_and_one_object_a_line_are_read_alike(text: str) -> None:
    assert [event["id"] for event in read_events(text)] == ["a", "b"]


def test_one_object_may_span_lines() -> None:
    assert read_events('{\n "id": "a"\n}') == [{"id": "a"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "a"}\n{"id": \n', "line 2 is not JSON"),
        ('{"id": "a"}\n7\n', "line 2 is not a JSON object"),
        ('[{"id": "a"}, 7]', r"event \[1\] is not a JSON object"),
    ],
)
def test_what_is_no_event_is_named_by_its_place(text: str, said: str) -> None:
    with pytest.raises(Failed, match=said):
        read_events(text)


def test_only_what_is_missing_is_filled_in() -> None:
    event = completed({"type": "t", "source": "/mine"}, "/cli", lambda: "new")
    assert event == {"specversion": "1.0", "source": "/mine", "id": "new", "type": "t"}
    assert completed({"id": "given"}, "/cli", lambda: "new")["id"] == "given"


def test_an_id_that_is_wrong_is_left_for_the_server_to_refuse() -> None:
    assert completed({"id": None}, "/cli", lambda: "new")["id"] is None


def test_batches_keep_order_and_bounds() -> None:
    events = [{"id": str(number)} for number in range(2 * BATCH_EVENTS + 1)]
    made = list(batches(events))
    assert [len(batch) for batch in made] == [BATCH_EVENTS, BATCH_EVENTS, 1]
    assert [event for batch in made for event in batch] == events
    large = [{"data": "x" * (BATCH_BYTES // 2)} for _ in range(3)]
    assert [len(batch) for batch in batches(large)] == [1, 1, 1]


def test_nothing_makes_no_request() -> None:
    assert list(batches([])) == []
