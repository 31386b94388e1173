"""A route whose endpoint gets the request as it is; for the one path that every event takes.

FastAPI finds out anew for each request what an endpoint depends on, and runs that. It is what makes the other routes
short, and it costs more than the work on a small event: 131 µs of CPU a request instead of 29, with nothing done in
either (docs/performance.md). So the endpoint calls itself what would be its dependencies. To forget the API key's check
would open a door, and a declared dependency that nobody runs would look like a closed one: a route that declares any is
refused when the application is built.

`/openapi.json` describes it like any other.
"""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.routing import APIRoute


class DirectRoute(APIRoute):
    """Its endpoint is ``async (Request) -> Response``."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        if self.dependant.dependencies:
            raise TypeError(f"{self.path} declares dependencies, and its endpoint has to call them itself")
        endpoint: Callable[[Request], Awaitable[Response]] = self.endpoint
        return endpoint
