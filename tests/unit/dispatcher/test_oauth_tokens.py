"""Access tokens over time: fetched once, renewed early, dropped when refused, and never asked for too often."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
import pytest

from services.dispatcher.core.authorisation import CredentialFailure, TokenGrant
from services.dispatcher.core.exchange import Answer, NetworkFailure, Request, Result
from services.dispatcher.oauth_tokens import APART_MS, TokenSource
from shared.core.resources import OAuth2ClientCredentials
from tests.counted import Counted


def granted(token: str, expires_in: float | None = 100) -> Answer:
    told = {} if expires_in is None else {"expires_in": expires_in}
    return Answer(200, (), orjson.dumps({"access_token": token, "token_type": "Bearer", **told}), truncated=False)


class Endpoint:
    """Answers with a new token each time, or as told, once ``open`` is set."""

    def __init__(self, answer: Callable[[int], Result]) -> None:
        self._answer = answer
        self.asked = 0
        self.began: list[float] = []
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, request: Request) -> Result:
        self.asked += 1
        self.began.append(time.monotonic())
        answer = self._answer(self.asked)
        await self.open.wait()
        return answer


class Scene:
    """A source, its endpoint and a clock that the test moves."""

    def __init__(self, answer: Callable[[int], Result] = lambda number: granted(f"t{number}")) -> None:
        self.now_ms = 1_000_000
        self.endpoint = Endpoint(answer)
        spec = OAuth2ClientCredentials(
            kind="oauth2-client-credentials", name="Id", token_url="https://id.example/token", client_id="fleet"
        )
        self.source = TokenSource(TokenGrant(spec, "s3cret"), self.endpoint, lambda: self.now_ms)

    def pass_seconds(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)

    async def settled(self) -> None:
        """What was begun beside the traffic has ended."""
        for _ in range(5):
            await asyncio.sleep(0)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), timeout=20))


def test_however_many_wait_one_request_is_made() -> None:
    async def test() -> None:
        asked = Counted("hookfleet_token_requests_total", outcome="granted")
        scene = Scene()
        scene.endpoint.open.clear()
        waiting = [asyncio.create_task(scene.source.fetched(5)) for _ in range(50)]
        await scene.settled()
        scene.endpoint.open.set()
        assert await asyncio.gather(*waiting) == ["t1"] * 50
        assert await scene.source.fetched(5) == "t1"
        assert scene.endpoint.asked == 1
        assert asked.since == 1

    run(test)


def test_a_failure_is_everybodys_who_waited_and_the_next_asks_again() -> None:
    async def test() -> None:
        scene = Scene(lambda number: NetworkFailure("connect.refused") if number == 1 else granted("t"))
        outcomes = await asyncio.gather(*(scene.source.fetched(5) for _ in range(3)), return_exceptions=True)
        assert [getattr(each, "code", None) for each in outcomes] == ["token.unreachable"] * 3
        assert scene.endpoint.asked == 1
        scene.pass_seconds(1)
        assert await scene.source.fetched(5) == "t"

    run(test)


def test_a_token_is_renewed_beside_the_traffic_before_it_expires() -> None:
    async def test() -> None:
        scene = Scene()
        await scene.source.fetched(5)
        scene.pass_seconds(79)
        assert scene.source.current() == "t1"
        await scene.settled()
        assert scene.endpoint.asked == 1
        scene.pass_seconds(2)
        assert [scene.source.current() for _ in range(3)] == ["t1"] * 3
        await scene.settled()
        assert (scene.source.current(), scene.endpoint.asked) == ("t2", 2)

    run(test)


def test_a_token_counts_as_expired_a_while_before_it_is() -> None:
    async def test() -> None:
        scene = Scene()
        await scene.source.fetched(5)
        scene.pass_seconds(90)
        assert scene.source.current() is None
        assert await scene.source.fetched(5) == "t2"

    run(test)


def test_while_a_renewal_fails_the_old_token_goes_on_and_is_asked_for_once_a_second() -> None:
    async def test() -> None:
        scene = Scene(lambda number: granted("t") if number == 1 else NetworkFailure("read.timeout"))
        await scene.source.fetched(5)
        scene.pass_seconds(81)
        for _ in range(40):
            assert scene.source.current() == "t"
            await scene.settled()
            scene.pass_seconds(0.1)
        assert 2 <= scene.endpoint.asked <= 6

    run(test)


def test_a_token_without_a_known_end_is_used_until_it_is_refused() -> None:
    async def test() -> None:
        scene = Scene(lambda number: granted(f"t{number}", None))
        await scene.source.fetched(5)
        scene.pass_seconds(1e6)
        assert scene.source.current() == "t1"
        scene.source.drop("t1")
        assert scene.source.current() is None
        assert await scene.source.fetched(5) == "t2"

    run(test)


def test_only_the_token_that_was_refused_is_dropped() -> None:
    async def test() -> None:
        scene = Scene()
        await scene.source.fetched(5)
        scene.source.drop("an older one")
        assert scene.source.current() == "t1"

    run(test)


def test_requests_begin_a_second_apart_whatever_a_receiver_refuses() -> None:
    async def test() -> None:
        scene = Scene()
        scene.source.drop(await scene.source.fetched(5))
        await scene.source.fetched(5)
        first, second = scene.endpoint.began
        assert second - first >= APART_MS / 1000

    run(test)


def test_who_waits_too_long_fails_alone() -> None:
    async def test() -> None:
        scene = Scene()
        scene.endpoint.open.clear()
        patient = asyncio.create_task(scene.source.fetched(5))
        with pytest.raises(CredentialFailure, match=r"token.unreachable: no token came within .* 0.01 s"):
            await scene.source.fetched(0.01)
        scene.endpoint.open.set()
        assert await patient == "t1"
        assert scene.endpoint.asked == 1

    run(test)
