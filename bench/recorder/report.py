"""What was measured, as tables for people and figures for machines."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.delivery.core.tables import Table, figure
from bench.recorder.listings import ROWS_A_SECOND, Asked
from bench.recorder.plots.pictures import draw_listings, draw_writing
from bench.recorder.storage import TABLES
from bench.recorder.writing import COUNTED_APART, Written

#: Rows a second that a core of the recorder is to store in PostgreSQL.
GOAL = 10_000


def tables(written: Sequence[Written], asked: Sequence[Asked]) -> list[Table]:
    """Everything, in the order of reading."""
    return [_speed(written), _accounts(written), *(_latencies(each) for each in asked)]


def _speed(written: Sequence[Written]) -> Table:
    some = written[0]
    return Table(
        "Rows a second, and CPU of a record",
        (
            "",
            "rows/s by a core of the recorder",
            "rows/s as it went",
            "recorder, µs a record",
            "server, µs a record",
            "read again: recorder, µs a record",
        ),
        tuple(
            (
                each.engine,
                figure(each.rows_a_core_second, 0),
                figure(each.rows_a_second, 0),
                figure(each.first.recorder_us, 0),
                figure(each.first.server_us or None, 0),
                figure(each.again.recorder_us, 0),
            )
            for each in written
        ),
        f"{some.first.records:,} records of {some.runs:,} runs (event with a body of 1 KB, match, attempt with its "
        f"exchange, outcome) make {some.rows_of_records:,} rows, alerts and statistics not counted. User and system "
        "time of the processes, from ready to the last commit. PostgreSQL runs with fsync off here.",
    )


def _accounts(written: Sequence[Written]) -> Table:
    rows = [
        (
            f"{each.engine}: {table}",
            figure(None if table in COUNTED_APART else each.runs, 0),
            figure(each.rows[table], 0),
            figure(each.rows_again[table], 0),
        )
        for each in written
        for table in TABLES
    ]
    rows += [
        (
            f"{each.engine}: runs counted in statistics",
            figure(each.runs, 0),
            figure(each.counted, 0),
            figure(each.counted_again, 0),
        )
        for each in written
    ]
    rows += [(f"{each.engine}: records set aside", "", "", figure(each.dead_letters, 0)) for each in written]
    return Table(
        "Distinct records against rows: after the first reading, and after all was read again",
        ("", "distinct records", "rows", "rows after reading again"),
        tuple(rows),
    )


def _latencies(asked: Asked) -> Table:
    return Table(
        f"Answers of the query API over {asked.engine}, in milliseconds",
        ("", "p50", "p95", "p99", "most"),
        tuple(
            (name, *(figure(each) for each in (some.p50, some.p95, some.p99, some.maximum)))
            for name, some in asked.latencies.items()
        ),
        f"{asked.rows:,} rows at the beginning; {asked.rows_a_second:,.0f} rows a second were stored meanwhile, of "
        f"{ROWS_A_SECOND:,} that arrived; the recorder was {asked.lag:,} records behind at the end. Each kind was "
        f"asked {next(iter(asked.latencies.values())).count} times in {asked.seconds:,.0f} s by one client.",
    )


def draw(written: Sequence[Written], asked: Sequence[Asked], folder: Path) -> list[Path]:
    """The pictures as PNG into ``folder``; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    writing, listings = folder / "recorder-writing.png", folder / "recorder-listings.png"
    draw_writing(
        {each.engine: each.rows_a_core_second for each in written},
        {each.engine: each.rows_a_second for each in written},
        GOAL,
        writing,
    )
    draw_listings(
        {each.engine: {name: some.p95 or 0.0 for name, some in each.latencies.items()} for each in asked},
        f"Answers over {asked[0].rows:,} rows while {ROWS_A_SECOND:,} a second arrive",
        listings,
    )
    return [writing, listings]


def write_json(file: Path, machine: Mapping[str, Any], written: Sequence[Written], asked: Sequence[Asked]) -> None:
    """Everything that was found."""
    document = {
        "machine": machine,
        "writing": [
            dataclasses.asdict(each)
            | {"rows_a_second": each.rows_a_second, "rows_a_core_second": each.rows_a_core_second}
            for each in written
        ],
        "listings": [dataclasses.asdict(each) for each in asked],
    }
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_markdown(file: Path, machine: str, written: Sequence[Written], asked: Sequence[Asked]) -> None:
    """The tables as documentation shows them."""
    file.write_text(
        "\n".join([f"**Measured** on {machine}", "", *(table.markdown() for table in tables(written, asked))])
    )
