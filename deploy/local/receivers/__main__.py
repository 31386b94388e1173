"""Run one receiver: `python -m deploy.local.receivers healthy --port 8081 --log requests.jsonl`.

The secret to check signatures with is read from RECEIVER_SECRET; without it every request is taken.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import uvicorn

from deploy.local.receivers.core.behaviour import Behaviour
from deploy.local.receivers.request_log import RequestLog
from deploy.local.receivers.server import Receiver
from shared.adapters.clock import now_ms


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.receivers", description=__doc__)
    parser.add_argument("behaviour", type=Behaviour, choices=list(Behaviour))
    parser.add_argument("--port", type=int, required=True, help="listen here on 127.0.0.1")
    parser.add_argument("--log", type=Path, required=True, help="append one JSON line a request to this file")
    options = parser.parse_args()
    with RequestLog(options.log) as log:
        uvicorn.run(
            Receiver(options.behaviour, log, now_ms, os.environ.get("RECEIVER_SECRET")),
            host="127.0.0.1",
            port=options.port,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=2,
        )


if __name__ == "__main__":
    main()
