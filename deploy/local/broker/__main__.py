"""Runs one broker in the foreground until Ctrl-C or SIGTERM: `python -m deploy.local.broker`.

Prints the bootstrap address alone on stdout once it answers. Data is thrown away unless --data names a
directory to keep it in.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from deploy.local.broker.distribution import DownloadFailed
from deploy.local.broker.launcher import BrokerFailed, start_broker
from deploy.local.broker.ports import PortInUse
from deploy.local.prerequisites import PrerequisiteMissing


def main() -> int:
    """The exit code: 0 when stopped from outside, 1 when the broker could not start or ended by itself."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.broker", description="A local Kafka broker.")
    parser.add_argument("--data", type=Path, help="keep the data here (default: thrown away)")
    parser.add_argument("--port", type=int, help="listen here on 127.0.0.1 (default: a free port)")
    options = parser.parse_args()
    # Both by name: what a shell starts in the background has SIGINT ignored.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="hookfleet-broker-") as throwaway:
            with start_broker(options.data or Path(throwaway), options.port) as broker:
                print(broker.bootstrap, flush=True)
                code = broker.wait()
            print(f"Apache Kafka ended by itself with exit code {code}.", file=sys.stderr)
    except KeyboardInterrupt:
        return 0
    except (PrerequisiteMissing, DownloadFailed, PortInUse, BrokerFailed) as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
