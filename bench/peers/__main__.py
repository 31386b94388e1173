"""`python -m bench.peers`: build what is missing, measure, print the table, write JSON and a plot.

python -m bench.peers                              # under two minutes once everything is built
python -m bench.peers --events 50000 --seconds 60  # the long form: rounds of 50,000 for a minute each
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.peers.comparison import Effort, compare
from bench.peers.figure_plot import draw
from bench.peers.measuring_place import measuring_place
from bench.peers.report import document, tables


def main(
    events: Annotated[
        int, typer.Option(min=1_000, help="Events of 1 KB in a round; ten times as many from a topic.")
    ] = 2_000,
    seconds: Annotated[float, typer.Option(min=0, help="Repeat rounds until a contender ran this long.")] = 0.0,
    out: Annotated[Path, typer.Option(help="Folder for peers.json and peers.png.")] = Path("build/bench"),
) -> None:
    """Hookfleet beside a compiled Kafka-to-HTTP sink and an open webhook server, in one run."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that whatever was started is stopped
    told = Console(stderr=True, highlight=False)
    compared = compare(Effort(events, seconds), os.environ, lambda line: told.print(line, style="dim", markup=False))
    place = measuring_place()
    out.mkdir(parents=True, exist_ok=True)
    contents = document(compared, place, events_in_a_round=events)
    (out / "peers.json").write_text(json.dumps(contents, indent=2, ensure_ascii=False) + "\n")
    if compared.figures:
        draw(compared, place, out / "peers.png")
    console = Console()
    for table in tables(compared):
        console.print(table)
    console.print(place.line(), style="dim")
    console.print(f"Written to {out}: peers.json, peers.png", style="dim")
    if compared.unavailable:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
