"""Measure the recorder: `python -m bench.recorder`, or `--only postgresql` for one database.

The short form stores 60,000 rows in each database and takes about a minute; the published figures are those of
`--rows 1000000`, and `--long` stores ten million. Exit code 1 when a record was lost or stored twice.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer
from rich.console import Console

from bench.delivery import machine
from bench.delivery.report import show
from bench.recorder import report
from bench.recorder.core.traffic import SPREAD_MS, Span, Traffic
from bench.recorder.listings import Asked, ask_everything
from bench.recorder.measured_recorder import RecordedTopics
from bench.recorder.storage import ENGINES, storage
from bench.recorder.writing import Written, runs_of, write_backlog
from deploy.cli.failures import readable_failures
from deploy.local.broker import start_broker
from deploy.local.demo.screen import Screen

_SHORT_ROWS = 60_000
_LONG_ROWS = 10_000_000
#: How often each kind of question is asked.
_SHORT_TIMES = 20
_TIMES = 100
_POINT = 1
#: Columns of tables where there is no terminal to ask.
_WIDTH = 132


def main() -> int:
    """The exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rows: int = options.rows or (_LONG_ROWS if options.long else _SHORT_ROWS)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    env = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="hookfleet-bench-"))
    kept = True
    try:
        with readable_failures():
            written, asked, versions = _measure(folder, Screen(console), env, options.only or ENGINES, rows)
            kept = False
    except typer.Exit as ending:
        return ending.exit_code
    except KeyboardInterrupt:
        console.print("\nstopped, every process has ended")
        return 130
    finally:
        if kept:
            console.print(f"[dim]the logs of every process are in {folder}[/]", soft_wrap=True)
        else:
            shutil.rmtree(folder)
    described = machine.describe(env) | {"databases": versions}
    in_words = _in_words(described, versions)
    console.print(in_words, style="dim")
    for table in report.tables(written, asked):
        show(console, table)
    options.output.mkdir(parents=True, exist_ok=True)
    files = report.draw(written, asked, options.output)
    report.write_json(options.output / "recorder.json", described, written, asked)
    if options.markdown is not None:
        report.write_markdown(options.markdown, in_words, written, asked)
    console.print(f"\n{len(files)} pictures and recorder.json are in {options.output}", soft_wrap=True)
    faults = [each for one in written for each in one.broken()]
    for fault in faults:
        console.print(f"[red]✗[/] {fault}", soft_wrap=True)
    console.print(f"[dim]{time.monotonic() - began:.0f} s in all, every process has ended[/]")
    return 1 if faults else 0


def _measure(
    folder: Path, screen: Screen, env: Mapping[str, str], engines: Sequence[str], rows: int
) -> tuple[list[Written], list[Asked], list[str]]:
    runs = runs_of(rows)
    times = _SHORT_TIMES if rows <= _SHORT_ROWS else _TIMES
    written, asked, versions = [], [], []
    with screen.phase("Start Kafka") as phase:
        broker = start_broker(folder / "kafka", env=env, progress=phase.say)
    with broker:
        for engine in engines:
            topics = RecordedTopics(broker.bootstrap, f"{engine}.", env)
            with screen.phase(f"{engine}: write {runs:,} runs to the topics"):
                begin_ms = int(time.time() * 1000) - SPREAD_MS
                traffic = Traffic(topics.topics)
                topics.write(traffic.configuration(begin_ms))
                topics.write(traffic.records(Span(_POINT, 0, runs, begin_ms, SPREAD_MS / runs)))
            with storage(engine, env) as database:
                versions.append(database.version())
                with screen.phase(f"{engine}: store them, and read all again", measured=True) as phase:
                    written.append(write_backlog(topics, database, runs, folder, phase.progress))
                    phase.say(f"{written[-1].rows_a_core_second:,.0f} rows a second by a core of the recorder")
                with screen.phase(f"{engine}: ask while rows arrive", measured=True) as phase:
                    asked.append(ask_everything(topics, database, _POINT, runs, times, folder, phase.progress))
            topics.close()
    return written, asked, versions


def _in_words(described: Mapping[str, object], versions: list[str]) -> str:
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("sqlalchemy", "psycopg"))
    return f"{machine.in_words(described)} {', '.join(versions)}; {libraries}."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.recorder", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=ENGINES, default=[], metavar="DATABASE", help=", ".join(ENGINES))
    parser.add_argument("--long", action="store_true", help=f"{_LONG_ROWS:,} rows in each database")
    parser.add_argument("--rows", type=int, help=f"in each database, roughly (default: {_SHORT_ROWS:,})")
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="folder (default: bench-results)")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
