"""Requests beyond the bound are told to come back, and probes get through."""

import asyncio

import httpx
from fastapi import FastAPI

from services.ingest.http_api import problems
from services.ingest.http_api.request_limit import RequestLimit
from shared.core.problem_documents import MEDIA_TYPE


def test_requests_beyond_the_bound_are_refused_until_there_is_room_and_probes_never() -> None:
    async def scenario() -> None:
        app = FastAPI()
        problems.install(app)
        app.add_middleware(RequestLimit, at_once=2)
        arrived, go_on = asyncio.Semaphore(0), asyncio.Event()

        @app.get("/wait")
        async def wait() -> str:
            arrived.release()
            await go_on.wait()
            return "done"

        @app.get("/crash")
        async def crash() -> str:
            raise RuntimeError

        @app.get("/healthz")
        async def healthz() -> str:
            return "ok"

        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            for _ in range(3):
                assert (await http.get("/crash")).status_code == 500
            waiting = [asyncio.create_task(http.get("/wait")) for _ in range(2)]
            for _ in waiting:
                await arrived.acquire()

            refused = await http.get("/wait")
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.headers["content-type"] == MEDIA_TYPE
            assert (await http.get("/healthz")).status_code == 200

            go_on.set()
            assert [(await each).status_code for each in waiting] == [200, 200]
            assert (await http.get("/wait")).status_code == 200

    asyncio.run(scenario())
