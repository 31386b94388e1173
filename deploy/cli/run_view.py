"""One run as people read it: what began it, each attempt stage by stage with what was sent and answered, its end.

Pure: the document of the query API in, something Rich can draw out. A body is shown in part unless all of it is asked
for; what a receiver answered cannot command the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.cli.printable import visible
from deploy.cli.recorded_cells import moment, status_text
from deploy.cli.trace_view import FINAL

_DIM = "dim"
_BODY_CHARACTERS = 1_000

Document = Mapping[str, Any]


def has_ended(run: Document) -> bool:
    """Whether the run's status is its last."""
    return run["status"] in FINAL


def run_view(run: Document, *, full: bool) -> Group:
    """Everything the run's document says; bodies are cut unless ``full``."""
    return Group(*_parts(run, full))


def _parts(run: Document, full: bool) -> Iterator[RenderableType]:
    yield Text("  ").join([status_text(run["status"]), Text(f"run {run['run_id']}", style="bold")])
    yield _facts(run)
    for attempt in run["attempts"]:
        yield Text()
        yield _attempt_line(attempt)
        yield Padding(Group(*_attempt_parts(attempt, full)), (0, 0, 0, 2))
    for skip in run["skips"]:
        yield Text()
        yield Text.assemble(status_text(skip["status"]), f"  {visible(skip['reason'])}  ", moment(skip["skipped"]))
    error = run.get("error")
    if error:
        happened = ": ".join(visible(str(error[part])) for part in ("cause", "detail") if error.get(part))
        yield Text()
        yield Text.assemble((visible(error["code"]), "bold red"), f"  {happened}")
        yield Text(f"→ {visible(error['remedy'])}")
    for replay in run.get("replays", ()):
        yield Text.assemble("replayed as ", (replay["run_id"], "bold"), "  ", status_text(replay["status"]))


def _facts(run: Document) -> Table:
    event = run["event"]
    facts = {
        "integration": run["integration_id"],
        "rule": run.get("rule_id"),
        "trigger": run["trigger"],
        "event": f"{event['type']}  {event['id']}",
        "subject": event.get("subject"),
        "created": run["created"],
        "ended": run.get("ended"),
        "webhook-id": run["webhook_id"],
        "replay of": run.get("origin_run_id"),
    }
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, said in facts.items():
        if said is not None:
            grid.add_row(Text(name, style=_DIM), Text(visible(str(said)), overflow="fold"))
    return grid


def _attempt_line(attempt: Document) -> Text:
    mark, style = ("✔", "green") if attempt["succeeded"] else ("✗", "red")
    line = Text.assemble((f"{mark} attempt {attempt['number']}", style), "  ", moment(attempt["started"]))
    line.append(f"  {attempt['duration_ms']} ms", style=_DIM)
    if attempt.get("retry_due"):
        line.append(f"  next at {attempt['retry_due'][:19].replace('T', ' ')}", style="cyan")
    return line


def _attempt_parts(attempt: Document, full: bool) -> Iterator[RenderableType]:
    for stage in attempt["stages"]:
        mark, style = ("✔", "green") if stage["ok"] else ("✗", "red")
        said = f"  {visible(stage['reason'])}" if stage.get("reason") else ""
        yield Text.assemble((f"{mark} {stage['name']:<12}", style), (f"{stage['duration_ms']:>5} ms", _DIM), said)
    exchange = attempt.get("exchange")
    if exchange is None:
        return
    request, response = exchange["request"], exchange.get("response")
    yield Text.assemble(("→ ", "cyan"), (f"{request['method']} {visible(request['url'])}", "bold"))
    yield from _message(request, full)
    if response is None:
        yield Text("← no answer", style="red")
    else:
        style = "green" if 200 <= response["status"] < 300 else "red"
        yield Text.assemble(("← ", "cyan"), (f"HTTP {response['status']}", f"bold {style}"))
        yield from _message(response, full)


def _message(message: Document, full: bool) -> Iterator[RenderableType]:
    headers = Table.grid(padding=(0, 2, 0, 0))
    for name, value in message["headers"]:
        headers.add_row(Text(visible(name), style=_DIM), Text(visible(value), overflow="fold"))
    yield Padding(headers, (0, 0, 0, 2))
    body = message["body"]
    if body["size"] == 0:
        return
    text = body.get("text")
    if text is None:
        yield Padding(Text(f"{body['size']:,} bytes that are no text", style=_DIM), (0, 0, 0, 2))
        return
    shown = visible(text if full else text[:_BODY_CHARACTERS], lines=True)
    left = len(text) - _BODY_CHARACTERS
    yield Padding(Text(shown), (0, 0, 0, 2))
    if not full and left > 0:
        yield Padding(Text(f"… {left:,} more characters; --full shows them", style=_DIM), (0, 0, 0, 2))
    if body.get("truncated"):
        yield Padding(Text(f"kept in part, of {body['size']:,} bytes", style=_DIM), (0, 0, 0, 2))
