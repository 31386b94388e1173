"""Bodies are bounded each and together, with FastAPI's own dependency handling around them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Response

from services.ingest.http_api import problems
from services.ingest.http_api.request_bodies import RequestBodies
from shared.core.problem_documents import MEDIA_TYPE


def application(at_once: int, each: int, seconds: float = 60) -> FastAPI:
    app = FastAPI()
    problems.install(app)
    bodies = RequestBodies(at_once, seconds)

    @app.post("/")
    async def length(raw: Annotated[bytes, Depends(bodies.up_to(each))]) -> Response:
        return Response(str(len(raw)))

    return app


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def test_a_body_may_be_as_large_as_the_limit_and_no_larger() -> None:
    async def scenario() -> list[int]:
        async with client(application(at_once=100, each=10)) as http:
            return [(await http.post("/", content=b"x" * size)).status_code for size in (0, 10, 11)]

    assert asyncio.run(scenario()) == [200, 200, 413]


def test_all_bodies_together_are_bounded_and_the_room_comes_back() -> None:
    async def scenario() -> list[int]:
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"x" * 8
            # Asked for the next chunk, so the first one is counted.
            arrived.set()
            await go_on.wait()
            yield b"x"

        async with client(application(at_once=10, each=10)) as http:
            uploading = asyncio.create_task(http.post("/", content=slow()))
            await arrived.wait()
            refused = await http.post("/", content=b"x" * 8)
            assert refused.headers["retry-after"]
            go_on.set()
            first = await uploading
            again = await http.post("/", content=b"x" * 8)
        return [refused.status_code, first.status_code, again.status_code]

    assert asyncio.run(scenario()) == [503, 200, 200]


def test_a_body_that_comes_too_slowly_is_given_up_and_its_room_comes_back() -> None:
    async def scenario() -> tuple[httpx.Response, httpx.Response]:
        given_up = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            yield b"x" * 8
            await given_up.wait()

        async with client(application(at_once=10, each=10, seconds=0.05)) as http:
            slow = await http.post("/", content=endless())
            return slow, await http.post("/", content=b"x" * 8)

    slow, next_one = asyncio.run(scenario())
    assert (slow.status_code, next_one.status_code) == (408, 200)
    assert slow.headers["connection"] == "close"
    assert slow.headers["content-type"] == MEDIA_TYPE
