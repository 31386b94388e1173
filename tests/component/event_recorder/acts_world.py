"""A recorder's acts over a real database, without a broker: what it would produce is kept, and time is the test's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from fastapi import APIRouter
from sqlalchemy import Engine

from services.event_recorder.acts.marks import Marks
from services.event_recorder.acts.removal_filter import RemovalFilter
from services.event_recorder.acts.removal_requests import RemovalRequests
from services.event_recorder.acts.removal_worker import RemovalWorker
from services.event_recorder.acts.replay_requests import ReplayRequests
from services.event_recorder.acts.replay_worker import ReplayWorker
from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.database import reading_engine, writing_engine
from services.event_recorder.http_api.acting import Acting
from services.event_recorder.http_api.marks import marks_router
from services.event_recorder.http_api.removals import removals_router
from services.event_recorder.http_api.replays import replays_router
from services.event_recorder.queries.reader import Reader
from services.event_recorder.writer import Writer
from shared.core.messages.delivery import DeliveryRequest, decode_delivery
from shared.core.messages.integration_events import RunStatus
from shared.core.records import OutRecord, Record
from tests.component.event_recorder.described import check_answer
from tests.component.event_recorder.serving import NOW_MS, serving
from tests.component.event_recorder.tables import empty
from tests.unit.event_recorder import records

_READER = RecordReader(records.TOPICS)
#: What reads records stores them under offsets that rise.
_offsets = count(1_000)


@dataclass
class World:
    """What acts and what it acts on. ``api`` is the recorder's own."""

    engine: Engine
    now_ms: int = NOW_MS
    produced: list[OutRecord] = field(default_factory=list)
    api: httpx.Client = field(init=False)
    _ids: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.reading = reading_engine(self.engine.url.render_as_string(hide_password=False))

    def clock(self) -> int:
        return self.now_ms

    def new_id(self) -> str:
        return f"id-{next(self._ids)}"

    def routers(self, reader: Reader) -> list[APIRouter]:
        """As the process has them."""
        acting = Acting(records.ORGANIZATION, self.clock)
        requests = ReplayRequests(self.engine, self.reading, records.TOPICS, self.new_id, lambda: None)
        removals = RemovalRequests(self.engine, self.reading, self.new_id, lambda: None)
        return [
            marks_router(Marks(self.engine, self.new_id), acting),
            replays_router(reader, requests, acting),
            removals_router(reader, removals, acting),
        ]

    def begin_anew(self) -> None:
        """Nothing is stored and nothing was produced."""
        empty(self.engine)
        self.produced.clear()
        self.now_ms = NOW_MS

    def store(self, *batch: Record) -> None:
        """Stores records as the recorder does."""
        storage = RemovalFilter(self.engine, Writer(self.engine))
        assert storage.write([_READER.read(record) for record in batch]) == []

    def worker(self, name: str = "one") -> ReplayWorker:
        return ReplayWorker(self.engine, self.reading, records.TOPICS, self.publish, self.clock, name)

    def publish(self, batch: Sequence[OutRecord]) -> None:
        self.produced.extend(batch)

    def remover(self, name: str = "one") -> RemovalWorker:
        return RemovalWorker(self.engine, self.reading, self.clock, name)

    def work(self, worker: ReplayWorker | RemovalWorker, until_ms: int | None = None) -> None:
        """Let ``worker`` do everything that is due, time going by, until nothing is left or ``until_ms`` is reached."""
        while (wait := worker.step()) is not None:
            self.now_ms += max(1, round(wait * 1000))
            if until_ms is not None and self.now_ms >= until_ms:
                return

    def sent(self) -> list[DeliveryRequest]:
        """The delivery requests produced so far, in their order."""
        return [decode_delivery(dict(each.headers)) for each in self.produced]

    def end(self, request: DeliveryRequest, status: str = "COMPLETED") -> None:
        """The send stage's last word on a run that was sent."""
        offset = next(_offsets)
        said = records.outcome(RunStatus(status), request.event.id, offset=offset)
        data = records.decode(said).model_copy(
            update={
                "run_id": request.run_id,
                "webhook_id": request.webhook_id,
                "trigger": request.trigger,
                "origin_run_id": request.origin_run_id,
                "created_ms": request.created_ms,
                "accepted_ms": request.accepted_ms,
                "ended_ms": self.now_ms,
            }
        )
        kind = records.TYPE_OF_STATUS[data.status]
        self.store(records.integration_event(kind, data, f"{request.run_id}-{kind}", offset=offset))

    def post(self, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        """The document of the answer, which is as the OpenAPI document says."""
        named = {name.replace("_", "-"): said for name, said in headers.items()}
        answer = self.api.post(path, json=body, headers=named)
        assert answer.status_code == status, answer.text
        check_answer(answer)
        return answer.json()

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.api.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        check_answer(answer)
        return answer.json()


@contextmanager
def world(database_url: str) -> Iterator[World]:
    """A world over a database with the recorder's tables."""
    engine = writing_engine(database_url)
    made = World(engine)
    with serving(database_url, made.routers) as client:
        made.api = client
        yield made
    made.reading.dispose()
    engine.dispose()
