"""Keeps a number of requests in flight and counts what comes back and what it cost this process."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.http_clients.candidate import Client
from services.dispatcher.core.exchange import Answer, Request


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted while measuring. ``bounded``: measuring never began, because not every worker had its first
    answer in time; then it is what was counted until then."""

    seconds: float
    requests: int
    cpu_seconds: float
    bounded: bool
    errors: dict[str, int]


class Load:
    """One run."""

    def __init__(self, client: Client, requests: Sequence[Request], in_flight: int) -> None:
        """Requests are sent in turn, over and over."""
        self._client = client
        self._next = itertools.cycle(requests)
        self._in_flight = in_flight
        self._done = 0
        self._errors: Counter[str] = Counter()
        self._cold = in_flight
        self._warm = asyncio.Event()
        self._stopping = False
        self._began, self._cpu_before = time.perf_counter(), _cpu_seconds()

    @property
    def is_warm(self) -> bool:
        """Whether every worker has had an answer."""
        return not self._cold

    async def run(self, seconds: float) -> Counted:
        """Warm up, which is not measured (connections, handshakes), measure for ``seconds``, let the rest end.

        Raises what a client raises.
        """
        workers = [asyncio.create_task(self._work()) for _ in range(self._in_flight)]
        await self._warm.wait()
        self._done = 0
        self._errors.clear()
        self._began, self._cpu_before = time.perf_counter(), _cpu_seconds()
        await asyncio.sleep(seconds)
        counted = self.so_far()
        self._stopping = True
        await asyncio.gather(*workers)
        return counted

    def so_far(self) -> Counted:
        """May be called from another thread, for a client that blocks the loop."""
        return Counted(
            seconds=time.perf_counter() - self._began,
            requests=self._done,
            cpu_seconds=_cpu_seconds() - self._cpu_before,
            bounded=not self.is_warm,
            errors=dict(self._errors),
        )

    async def _work(self) -> None:
        first = True
        while not self._stopping:
            result = await self._client.send(next(self._next))
            if isinstance(result, Answer) and result.status == 200:
                self._done += 1
            else:
                self._errors[f"status {result.status}" if isinstance(result, Answer) else result.code] += 1
                await asyncio.sleep(0.001)  # a failure at once would keep the loop from everything else
            if first:
                first = False
                self._cold -= 1
                if not self._cold:
                    self._warm.set()


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system
