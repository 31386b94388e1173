"""Sends the demonstration's events from a thread, so that crashes happen while they come in."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from deploy.cli.api_client import ApiClient
from deploy.cli.event_sending import send
from deploy.local.demo.core.evidence import Accepted
from deploy.local.demo.core.sample_events import SampleEvent
from deploy.local.demo.not_shown import NotShown

_BATCH_EVENTS = 20
#: Seconds between batches: about 200 events a second, so that there is something to see and to crash.
_PAUSE_SECONDS = 0.08


class Sender:
    """What was accepted, from one thread or many."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._accepted: list[Accepted] = []
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sender")
        self._background: Future[None] | None = None

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        with self._lock:
            return tuple(self._accepted)

    def send(self, events: Sequence[SampleEvent]) -> None:
        """Send now and return when they are accepted. Raises NotShown when one is refused."""
        verdicts = send(self._client, [event.document() for event in events])
        for event, verdict in zip(events, verdicts, strict=True):
            if not verdict.accepted:
                said = "; ".join(map(str, verdict.faults))
                raise NotShown(f"the sample event {event.id} was refused: {said}")
            with self._lock:
                self._accepted.append(Accepted(verdict.source, verdict.id, event.integrations))

    def begin(self, events: Sequence[SampleEvent]) -> None:
        """Send ``events`` in batches, in the background."""

        def work() -> None:
            for start in range(0, len(events), _BATCH_EVENTS):
                self.send(events[start : start + _BATCH_EVENTS])
                time.sleep(_PAUSE_SECONDS)

        self._background = self._executor.submit(work)

    def is_done(self) -> bool:
        """Whether everything that was begun is accepted. Raises what went wrong in the background."""
        if self._background is None or not self._background.done():
            return False
        self._background.result()
        return True
