"""`hookfleet statistics`: how much was delivered, how much failed, and how long it took."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import readable_failures
from deploy.cli.recorded_cells import STATISTICS_COLUMNS, statistics_cells
from deploy.cli.time_spans import Since, Until, asked_times


class Step(StrEnum):
    """How long one line is."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


def statistics(
    integration: Annotated[str | None, typer.Option("--integration", metavar="ID", help="Of this one alone.")] = None,
    by_integration: Annotated[bool, typer.Option("--by-integration", help="One line an integration.")] = False,
    since: Since = "24h",
    until: Until = None,
    step: Annotated[Step, typer.Option("--step", help="Time that one line stands for.")] = Step.HOUR,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Show runs, failures, throughput and latency over time. [dim]Latency: from acceptance to the receiver's 2xx.[/]"""
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        times = asked_times(since, until, datetime.now(UTC))
        if by_integration:
            document = client.get("/v1/statistics/integrations", **times)
            lines = [(item["integration_id"], item) for item in document["items"]]
        else:
            document = client.get("/v1/statistics", integration=integration, step=step, **times)
            lines = [(bucket["start"][:16].replace("T", " "), bucket) for bucket in document["buckets"]]
            lines.append(("in all", document["total"]))
    if as_json:
        console.print_json(data=document)
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for number, column in enumerate(STATISTICS_COLUMNS):
        table.add_column(Text(column), justify="right" if number else "left", no_wrap=True)
    for name, figures in lines:
        table.add_row(*statistics_cells(name, figures))
    console.print(table)
