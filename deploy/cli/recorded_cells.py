"""What was recorded, as cells of a table: runs, integration events, alerts, replays, system events, statistics, acts.

Pure: documents of the query API in, styled text out. Whatever a producer or a receiver wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from deploy.cli.listing import Item
from deploy.cli.printable import visible

_DIM = "dim"
_OK, _BAD, _HELD, _UNDER_WAY = ("✔", "green"), ("✗", "red"), ("⏸", "yellow"), ("…", "cyan")
_STATUS = {
    "COMPLETED": _OK,
    "COMPLETED_WITH_ERRORS": _BAD,
    "FAILED": _BAD,
    "AUTH_FAILED": _BAD,
    "TIMED_OUT": _BAD,
    "DISABLED": _HELD,
    "CANCELLED": _HELD,
}
_SEVERITY = {"ERROR": "bold red", "WARN": "yellow", "INFO": "cyan"}
_ALERT_STATUS = {"NEW": "bold", "IN PROGRESS": "cyan", "RESOLVED": "green"}
_REPLAY_STATUS = {"RUNNING": "cyan", "DONE": "green", "CANCELLED": "yellow"}

STATISTICS_COLUMNS = ("", "runs", "ok", "failed", "other", "failed %", "per s", "p50", "p95", "p99")


def moment(rfc3339: str | None) -> Text:
    """A time to the second, short enough for a column."""
    return Text("" if rfc3339 is None else rfc3339[:19].replace("T", " "), style=_DIM)


def status_text(status: str) -> Text:
    """A run's status with its mark and colour."""
    mark, style = _STATUS.get(status, _UNDER_WAY)
    return Text(f"{mark} {status}", style=style)


def run_cells(run: Item) -> Sequence[Text]:
    """When, how it stands, its id."""
    return moment(run["created"]), status_text(run["status"]), Text(run["run_id"], style="bold")


def run_below(run: Item) -> Sequence[Text]:
    """Of which integration, about which event, how often tried, and why it failed."""
    event = run["event"]
    line = Text(visible(run["integration_id"]))
    line.append(f"  {visible(event['type'])}")
    if event.get("subject"):
        line.append(f" {visible(event['subject'])}")
    line.append(f"  {run['attempts']} {'attempt' if run['attempts'] == 1 else 'attempts'}", style=_DIM)
    if run.get("error"):
        line.append(f"  {visible(str(run['error']['code']))}", style="red")
    return (line,)


def integration_event_cells(event: Item) -> Sequence[Text]:
    """When, which, of which integration, and what was done about it."""
    marks = " ".join(mark for mark, is_set in (("ACTIONED", "actioned"), ("RESOLVED", "resolved")) if event.get(is_set))
    name = str(event["name"])
    return (
        moment(event["date"]),
        Text(name, style="red" if name.endswith(".error") else "green"),
        Text(visible(event.get("integration_name") or event["integration_id"]), style="bold"),
        Text(marks, style="green"),
    )


def integration_event_below(event: Item) -> Sequence[Text]:
    """The message, and the id by which it is marked."""
    return Text(visible(event["message"])), Text(visible(event["id"]), style=_DIM)


def alert_cells(alert: Item) -> Sequence[Text]:
    """When last, how bad, how far somebody is, of which integration."""
    return (
        moment(alert["last"]),
        Text(alert["severity"], style=_SEVERITY.get(alert["severity"], "")),
        Text(alert["status"], style=_ALERT_STATUS.get(alert["status"], "")),
        Text(visible(alert["integration_id"]), style="bold"),
    )


def alert_below(alert: Item) -> Sequence[Text]:
    """What it is about, and the id by which it is taken up."""
    return Text(visible(alert["description"])), Text(alert["id"], style=_DIM)


def replay_cells(replay: Item) -> Sequence[Text]:
    """When, how it stands, its id."""
    status = Text(replay["status"], style=_REPLAY_STATUS.get(replay["status"], ""))
    return moment(replay["requested"]), status, Text(replay["id"], style="bold")


def replay_below(replay: Item) -> Sequence[Text]:
    """What it sends, how far it is, what came of it, and who asked."""
    since = replay["since"][:19].replace("T", " ")
    line = Text(visible(replay["integration"]))
    line.append(f"  {replay['selection'].lower()} since {since}")
    line.append(f"  {replay['sent']:,} of {replay['total']:,} sent  ")
    line.append(progress_text(replay))
    line.append(f"  by {visible(replay['requested_by'])}", style=_DIM)
    return (line,)


def progress_text(replay: Item) -> Text:
    """What has come of the runs a replay sent."""
    parts = [(replay["delivered"], "delivered", "green"), (replay["failed"], "failed", "red")]
    parts.append((replay["pending"], "pending", "cyan"))
    return Text(", ").join(Text(f"{count:,} {word}", style=style) for count, word, style in parts if count)


def recent_event_cells(event: Item) -> Sequence[Text]:
    """When, of which type, about what."""
    return (
        moment(event["accepted"]),
        Text(visible(event["type"]), style="bold"),
        Text(visible(event.get("subject") or "")),
    )


def recent_event_below(event: Item) -> Sequence[Text]:
    """Its id, and where it comes from."""
    return (Text(f"{visible(event['id'])}  {visible(event['source'])}", style=_DIM),)


def statistics_cells(name: str, figures: Item) -> Sequence[Text]:
    """One line of figures; ``name`` is the integration's or the time it is about."""
    latency: dict[str, Any] = figures.get("latency_seconds") or {}
    rate = figures["failure_rate"]
    return (
        Text(visible(name), style="bold"),
        *(Text(f"{figures[each]:,}") for each in ("runs", "completed", "failed", "other")),
        Text("" if rate is None else f"{100 * rate:.1f}", style="red" if rate else ""),
        Text(f"{figures['throughput_per_second']:.2g}"),
        *(Text(_duration(latency.get(each))) for each in ("p50", "p95", "p99")),
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def trail_cells(entry: Item) -> Sequence[Text]:
    """When, who, what was done, and to what."""
    subject = f"{entry['subject_kind']} {entry['subject_id']}"
    return (
        moment(entry["at"]),
        Text(visible(entry["by"]), style="bold"),
        Text(entry["act"]),
        Text(visible(subject)),
    )


def nothing_below(_: Item) -> Sequence[Text]:
    """For what one line is enough."""
    return ()
