"""A producer as we tell producers to be: what was not answered with 202 is sent again, with the same ids.

Whatever goes wrong on the way (a refused connection, a proxy's 502, a 503 of ingest, an answer that never came) means
that nothing is known, and that sending again is right.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from deploy.cli.api_client import ApiClient, Refused, Unreachable
from deploy.local.demo.core.evidence import Accepted
from deploy.local.demo.not_shown import NotShown
from deploy.local.fault_injection.core import traffic
from deploy.local.fault_injection.core.traffic import TrialEvent
from shared.core.cloud_events import BATCH_CONTENT_TYPE

_BATCH_EVENTS = 20
_PAUSE_SECONDS = 0.3
#: Seconds between a rule that is applied and the next.
_PROBE_SECONDS = 4.0
#: Seconds between two requests to enable what may have been disabled.
_ENABLE_SECONDS = 9.0


class PersistentSender:
    """Sends ``events`` events evenly over ``seconds``, and changes configuration meanwhile."""

    def __init__(self, client: Callable[[], ApiClient], events: int, seconds: float) -> None:
        self._client = client
        self._events = events
        self._seconds = seconds
        self._lock = threading.Lock()
        self._accepted: set[Accepted] = set()
        self._executor = ThreadPoolExecutor(max_workers=3, thread_name_prefix="sender")
        self._background: list[Future[None]] = []
        self._all_accepted = threading.Event()
        self._given_up = threading.Event()
        self.repeated = 0
        """Requests that were sent again."""

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        with self._lock:
            return tuple(self._accepted)

    def begin(self) -> None:
        """Send in the background."""
        self._background = [self._executor.submit(work) for work in (self._send_all, self._probe, self._enable)]

    def is_done(self) -> bool:
        """Whether every event is accepted. Raises what went wrong in the background."""
        for each in self._background:
            if each.done():
                each.result()
        return all(each.done() for each in self._background)

    def stop(self) -> None:
        """Give up; returns when no thread runs."""
        self._all_accepted.set()
        self._given_up.set()
        self._executor.shutdown(cancel_futures=True)

    def _send_all(self) -> None:
        began = time.monotonic()
        with self._client() as client:
            for first in range(0, self._events, _BATCH_EVENTS):
                self._given_up.wait(max(0.0, began + self._seconds * first / self._events - time.monotonic()))
                last = min(first + _BATCH_EVENTS, self._events)
                self._send(client, [traffic.event(number) for number in range(first, last)])
        self._all_accepted.set()

    def _send(self, client: ApiClient, events: Sequence[TrialEvent]) -> None:
        documents = [event.document() for event in events]
        answer = self._until_done(lambda: client.post("/v1/events", documents, content_type=BATCH_CONTENT_TYPE))
        if answer["refused"]:
            raise AssertionError(f"events were refused: {answer}")
        with self._lock:
            self._accepted.update(event.accepted() for event in events)

    def _probe(self) -> None:
        number = 0
        with self._client() as client:
            while not self._all_accepted.wait(_PROBE_SECONDS):
                resources, event = traffic.probe(number)
                self._until_done(partial(client.post, "/v1/apply", {"resources": resources}))
                self._send(client, [event])
                number += 1

    def _enable(self) -> None:
        with self._client() as client:
            while not self._all_accepted.wait(_ENABLE_SECONDS):
                for link in traffic.REENABLED:
                    path = f"/v1/integrations/{link.id}/enable"
                    self._until_done(partial(client.post, path, {"reason": "the trial enables it again"}))

    def _until_done(self, request: Callable[[], Any]) -> Any:
        """The answer. Raises Refused where trying again is no use, NotShown when the trial gives up."""
        while True:
            try:
                return request()
            except Unreachable:
                pass
            except Refused as refusal:
                if refusal.status < 500:
                    raise
            if self._given_up.wait(_PAUSE_SECONDS):
                raise NotShown("the trial ended before everything was accepted")
            with self._lock:
                self.repeated += 1
