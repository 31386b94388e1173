"""A route that hands on the request as it is: described like any other, and never with a guard that nobody runs."""

import asyncio

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, Response

from services.ingest.http_api.direct_route import DirectRoute


async def guard() -> None:
    """What nobody would run."""


async def echo(request: Request) -> Response:
    return Response(await request.body())


def test_the_endpoint_gets_the_request_and_the_document_describes_it() -> None:
    app = FastAPI()
    app.router.add_api_route("/echo", echo, methods=["POST"], summary="Say it again", route_class_override=DirectRoute)

    async def scenario() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            return await http.post("/echo", content=b"hello")

    assert asyncio.run(scenario()).content == b"hello"
    assert app.openapi()["paths"]["/echo"]["post"]["summary"] == "Say it again"


def test_a_declared_dependency_is_refused_instead_of_ignored() -> None:
    app = FastAPI()
    with pytest.raises(TypeError, match="/echo declares dependencies"):
        app.router.add_api_route("/echo", echo, dependencies=[Depends(guard)], route_class_override=DirectRoute)


def test_so_is_one_that_the_application_declares_for_all_of_its_routes() -> None:
    app = FastAPI(dependencies=[Depends(guard)])
    with pytest.raises(TypeError, match="/echo declares dependencies"):
        app.router.add_api_route("/echo", echo, route_class_override=DirectRoute)
