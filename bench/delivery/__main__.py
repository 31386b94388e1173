"""Measure deliveries: `python -m bench.delivery`, or `--only cost latency` for some scenarios.

The short form takes two to three minutes; `--long` measures five minutes a point. Tables go to the screen, everything
else to the folder given by --output. Exit code 1 when a delivery was lost or a promise did not hold.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import typer
from rich.console import Console

from bench.delivery import machine, report
from bench.delivery.core.length import LONG_SECONDS, SHORT_SECONDS, Length
from bench.delivery.scenario import Result, Scenario
from bench.delivery.scenarios.catalogue import SCENARIOS
from bench.delivery.stand import Stand
from deploy.cli.failures import readable_failures
from deploy.local.demo.screen import Screen

#: Columns of tables where there is no terminal to ask.
_WIDTH = 132


def main() -> int:
    """The exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seconds = options.seconds or (LONG_SECONDS if options.long else SHORT_SECONDS)
    chosen = [each for each in SCENARIOS if each.name in options.only] if options.only else _all(options.long)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    described = machine.describe(os.environ)
    console.print(machine.in_words(described), style="dim")
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="hookfleet-bench-"))
    kept = True
    try:
        with readable_failures():
            results = _measure(folder, console, Length(seconds), chosen)
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
    for result in results.values():
        for table in result.tables:
            report.show(console, table)
    report.show(console, report.accounts_table(results))
    options.output.mkdir(parents=True, exist_ok=True)
    files = report.draw(results, options.output)
    report.write_json(options.output / "results.json", described, seconds, results)
    if options.markdown is not None:
        report.write_markdown(options.markdown, described, seconds, results)
    console.print(f"\n{len(files)} pictures and results.json are in {options.output}", soft_wrap=True)
    faults = report.broken(results)
    for fault in faults:
        console.print(f"[red]✗[/] {fault}", soft_wrap=True)
    console.print(f"[dim]{time.monotonic() - began:.0f} s in all, every process has ended[/]")
    return 1 if faults else 0


def _all(is_long: bool) -> list[Scenario]:
    return [each for each in SCENARIOS if is_long or not each.takes_minutes]


def _measure(folder: Path, console: Console, length: Length, chosen: list[Scenario]) -> dict[str, Result]:
    # A cluster of somebody else's does not have to bear this.
    env = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    with Stand(folder, env, Screen(console), length) as stand:
        return {each.name: each.run(stand) for each in chosen}


def _options() -> argparse.Namespace:
    names = [each.name for each in SCENARIOS]
    parser = argparse.ArgumentParser(prog="python -m bench.delivery", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=[], metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--long", action="store_true", help=f"every scenario, {LONG_SECONDS:.0f} s a point")
    parser.add_argument("--seconds", type=float, help=f"of a point (default: {SHORT_SECONDS:g})")
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="folder (default: bench-results)")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
