"""Serving HTTP from a thread of the process, until the process stops."""

import threading

import uvicorn
from fastapi import FastAPI


class HttpListener:
    """``grace_seconds`` is how long answers under way may take once the process stops."""

    def __init__(self, app: FastAPI, host: str, port: int, grace_seconds: float) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=max(1, int(grace_seconds)),
            )
        )

    def run(self, stop: threading.Event) -> None:
        """The thread's body."""
        waiting = threading.Thread(target=self._end_with, args=(stop,), name="http-stop", daemon=True)
        waiting.start()
        self._server.run()

    def _end_with(self, stop: threading.Event) -> None:
        stop.wait()
        self._server.should_exit = True
