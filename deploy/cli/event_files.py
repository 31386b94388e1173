"""Events as files hold them: one JSON object, an array of them, or one object a line.

Pure: text in, documents out. What CloudEvents requires and a file leaves out is filled in by `completed`; everything
else is for the server to judge, so that there is one judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from deploy.cli.failures import Failed

#: Events of one request: few enough that progress moves, many enough that a request is cheap. Ingest takes 1,000.
BATCH_EVENTS = 200
#: Bytes of one request; ingest takes 8 MiB.
BATCH_BYTES = 4 * 1024 * 1024


def read_events(text: str) -> list[dict[str, Any]]:
    """The objects in ``text``. Raises Failed, naming the line, when it is none of the three forms."""
    try:
        whole = orjson.loads(text)
    except orjson.JSONDecodeError:
        return list(_lines(text))
    events = whole if isinstance(whole, list) else [whole]
    for number, event in enumerate(events):
        if not isinstance(event, dict):
            raise Failed(f"event [{number}] is not a JSON object: send CloudEvents")
    return events


def _lines(text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise Failed(
                f"line {number} is not JSON ({error.msg}): give one JSON object, an array, or one object a line"
            ) from None
        if not isinstance(event, dict):
            raise Failed(f"line {number} is not a JSON object: send CloudEvents")
        yield event


def completed(event: dict[str, Any], source: str, new_id: Callable[[], str]) -> dict[str, Any]:
    """The event with specversion, id and source where it has none."""
    defaults: dict[str, Any] = {"specversion": "1.0", "source": source}
    if "id" not in event:
        defaults["id"] = new_id()
    return defaults | event


def batches(events: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Events in order, in groups that one request may hold."""
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        bytes_of_event = len(orjson.dumps(event)) + 1
        if batch and (len(batch) >= BATCH_EVENTS or size + bytes_of_event > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += bytes_of_event
    if batch:
        yield batch
