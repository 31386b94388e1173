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

RUN_COLUMNS = ("created", "status", "run", "integration", "event", "attempts", "error")
INTEGRATION_EVENT_COLUMNS = ("date", "name", "id", "integration", "message", "")
ALERT_COLUMNS = ("last", "severity", "status", "alert", "integration", "description")
REPLAY_COLUMNS = ("requested", "status", "replay", "integration", "what", "sent", "came of it", "by")
RECENT_EVENT_COLUMNS = ("accepted", "type", "id", "subject", "source")
STATISTICS_COLUMNS = ("", "runs", "completed", "failed", "other", "failed %", "per second", "p50", "p95", "p99")
TRAIL_COLUMNS = ("at", "by", "act", "what")


def moment(rfc3339: str | None) -> Text:
    """A time to the second, short enough for a column."""
    return Text("" if rfc3339 is None else rfc3339[:19].replace("T", " "), style=_DIM)


def status_text(status: str) -> Text:
    """A run's status with its mark and colour."""
    mark, style = _STATUS.get(status, _UNDER_WAY)
    return Text(f"{mark} {status}", style=style)


def run_cells(run: Item) -> Sequence[Text]:
    """Of `RUN_COLUMNS`."""
    event = run["event"]
    about = Text(visible(event["type"]))
    if event.get("subject"):
        about.append(f" {visible(event['subject'])}", style=_DIM)
    error = run.get("error") or {}
    return (
        moment(run["created"]),
        status_text(run["status"]),
        Text(run["run_id"], no_wrap=True),
        Text(visible(run["integration_id"]), style="bold"),
        about,
        Text(str(run["attempts"]), justify="right"),
        Text(visible(str(error.get("code", ""))), style="red"),
    )


def integration_event_cells(event: Item) -> Sequence[Text]:
    """Of `INTEGRATION_EVENT_COLUMNS`."""
    marks = Text()
    if event.get("actioned"):
        marks.append("ACTIONED", style="green")
    if event.get("resolved"):
        marks.append(" RESOLVED" if marks else "RESOLVED", style="green")
    name = str(event["name"])
    return (
        moment(event["date"]),
        Text(name, style="red" if name.endswith(".error") else "green"),
        Text(visible(event["id"]), no_wrap=True),
        Text(visible(event.get("integration_name") or event["integration_id"]), style="bold"),
        Text(visible(event["message"])),
        marks,
    )


def alert_cells(alert: Item) -> Sequence[Text]:
    """Of `ALERT_COLUMNS`."""
    return (
        moment(alert["last"]),
        Text(alert["severity"], style=_SEVERITY.get(alert["severity"], "")),
        Text(alert["status"], style=_ALERT_STATUS.get(alert["status"], "")),
        Text(alert["id"], no_wrap=True),
        Text(visible(alert["integration_id"]), style="bold"),
        Text(visible(alert["description"])),
    )


def replay_cells(replay: Item) -> Sequence[Text]:
    """Of `REPLAY_COLUMNS`."""
    return (
        moment(replay["requested"]),
        Text(replay["status"], style=_REPLAY_STATUS.get(replay["status"], "")),
        Text(replay["id"], no_wrap=True),
        Text(visible(replay["integration"]), style="bold"),
        Text(f"{replay['selection'].lower()} since {replay['since'][:19].replace('T', ' ')}"),
        Text(f"{replay['sent']:,} of {replay['total']:,}"),
        progress_text(replay),
        Text(visible(replay["requested_by"]), style=_DIM),
    )


def progress_text(replay: Item) -> Text:
    """What has come of the runs a replay sent."""
    parts = [(replay["delivered"], "delivered", "green"), (replay["failed"], "failed", "red")]
    parts.append((replay["pending"], "pending", "cyan"))
    return Text(", ").join(Text(f"{count:,} {word}", style=style) for count, word, style in parts if count)


def recent_event_cells(event: Item) -> Sequence[Text]:
    """Of `RECENT_EVENT_COLUMNS`."""
    return (
        moment(event["accepted"]),
        Text(visible(event["type"]), style="bold"),
        Text(visible(event["id"])),
        Text(visible(event.get("subject") or "")),
        Text(visible(event["source"]), style=_DIM),
    )


def statistics_cells(name: str, figures: Item) -> Sequence[Text]:
    """One line of figures; ``name`` is the integration's or the time it is about."""
    latency: dict[str, Any] = figures.get("latency_seconds") or {}
    rate = figures["failure_rate"]
    return (
        Text(visible(name), style="bold"),
        *(Text(f"{figures[each]:,}") for each in ("runs", "completed", "failed", "other")),
        Text("" if rate is None else f"{100 * rate:.1f}", style="red" if rate else ""),
        Text(f"{figures['throughput_per_second']:.2f}"),
        *(Text(_duration(latency.get(each))) for each in ("p50", "p95", "p99")),
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def trail_cells(entry: Item) -> Sequence[Text]:
    """Of `TRAIL_COLUMNS`."""
    subject = f"{entry['subject_kind']} {entry['subject_id']}"
    return (
        moment(entry["at"]),
        Text(visible(entry["by"]), style="bold"),
        Text(entry["act"]),
        Text(visible(subject)),
    )
