"""Run one receiver: `python -m bench.receiver --arrivals FILE --ports 100`.

Writes the numbers of its ports as one JSON list to the file given by --listening, once all of them listen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import ssl
from pathlib import Path

import uvloop

from bench.receiver.counting_server import ArrivalLog, listen


async def _serve(options: argparse.Namespace) -> None:
    tls = None
    if options.certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate, options.key)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    connections = options.arrivals.with_suffix(".connections")
    with options.arrivals.open("wb", buffering=0) as file, connections.open("wb", buffering=0) as connected:
        log = ArrivalLog(file, connected)
        flushing = asyncio.create_task(log.flush_for_ever())
        ports = await listen(options.ports, log, delay_seconds=options.delay_seconds, hangs=options.hangs, tls=tls)
        partial = options.listening.with_suffix(".partial")
        partial.write_text(json.dumps(ports))
        partial.rename(options.listening)
        await stop.wait()
        flushing.cancel()
        log.flush()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bench.receiver", description=__doc__)
    parser.add_argument(
        "--arrivals",
        type=Path,
        required=True,
        help="write one record a request to this file, and one byte a connection to the same with .connections",
    )
    parser.add_argument("--listening", type=Path, required=True, help="write the ports to this file")
    parser.add_argument("--ports", type=int, default=1, help="how many to listen on (default: 1)")
    parser.add_argument("--delay-seconds", type=float, default=0.0, help="answer after this long (default: at once)")
    parser.add_argument("--hangs", action="store_true", help="never answer")
    parser.add_argument("--certificate", type=Path, help="speak TLS with this certificate, in PEM")
    parser.add_argument("--key", type=Path, help="its key, in PEM")
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
