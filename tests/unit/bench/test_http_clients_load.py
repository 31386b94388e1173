"""What the comparison of HTTP clients counts, and how it tells connections apart."""

import asyncio
from collections.abc import Callable

from bench.http_clients.candidate import CANDIDATES
from bench.http_clients.load import Load
from bench.http_clients.opened_connections import connections_in, opened_between
from bench.http_clients.scenario import SCENARIOS, Figure, Scenario
from services.dispatcher.core.exchange import Answer, NetworkFailure, Request, Result

_REQUESTS = [Request(f"http://127.0.0.1:{port}/", (), b"", 1.0) for port in (1, 2, 3)]
_TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10 1 x
   1: 0100007F:C350 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 11 1 x
   2: 0100007F:0050 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 12 1 x
   3: 0100007F:C351 0100007F:0050 06 00000000:00000000 03:00000642 00000000     0        0 0 3 x
   4: 0100007F:0050 0100007F:C352 06 00000000:00000000 03:00000642 00000000     0        0 0 3 x
   5: 0100007F:C353 0100007F:0051 01 00000000:00000000 00:00000000 00000000     0        0 13 1 x
"""


class Answering:
    """Answers in turn with what ``result`` makes of how many there were before."""

    def __init__(self, result: Callable[[int], Result]) -> None:
        self._result = result
        self.urls: list[str] = []
        self.in_flight = self.most_in_flight = 0

    async def send(self, request: Request) -> Result:
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        self.urls.append(request.url)
        return self._result(len(self.urls) - 1)

    async def close(self) -> None:
        """Nothing is open."""


def test_a_connection_counts_once_whoever_closed_it_and_only_to_the_receiver() -> None:
    assert connections_in(_TABLE, {80}) == {(50000, 80, "11"), (50001, 80, "0"), (50002, 80, "0")}


def test_what_has_only_ended_since_was_not_opened_since() -> None:
    before = {(1, 80, "11"), (2, 80, "12"), (3, 80, "0")}
    after = {(1, 80, "0"), (2, 80, "12"), (3, 80, "13"), (4, 80, "14"), (5, 80, "0")}
    assert opened_between(before, after) == 3


def test_requests_go_round_the_hosts_with_as_many_in_flight_as_asked_for() -> None:
    client = Answering(lambda _: Answer(200, (), b"", False))
    counted = asyncio.run(Load(client, _REQUESTS, 7).run(0.02))
    assert client.most_in_flight == 7
    assert client.urls[:4] == [_REQUESTS[0].url, _REQUESTS[1].url, _REQUESTS[2].url, _REQUESTS[0].url]
    assert 0 < counted.requests <= len(client.urls) - 7  # each worker's first is not measured
    assert not counted.bounded


def test_what_is_no_success_is_an_error_and_no_request() -> None:
    client = Answering(lambda n: NetworkFailure("read.timeout") if n % 2 else Answer(500, (), b"", False))
    counted = asyncio.run(Load(client, _REQUESTS, 2).run(0.02))
    assert counted.requests == 0
    assert counted.errors.keys() == {"read.timeout", "status 500"}


def test_a_client_without_a_first_answer_is_bounded() -> None:
    load = Load(Answering(lambda _: Answer(200, (), b"", False)), _REQUESTS, 1)
    assert load.so_far().bounded


def test_a_figure_survives_being_written_down() -> None:
    figure = Figure("ours", Scenario(True, 100, 500), 0.5, 1000, 20.5, None, False, {"read.timeout": 1})
    assert Figure.from_json(figure.as_json()) == figure
    assert figure.per_second == 2000


def test_every_point_of_the_grid_and_every_candidate_is_there_once() -> None:
    assert len(set(SCENARIOS)) == 8
    assert len({each.module for each in CANDIDATES}) == len(CANDIDATES) == len({each.name for each in CANDIDATES})
