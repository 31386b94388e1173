"""One event's trace as a tree for people: what fired and what came of it, what could not be evaluated and why.

Pure: documents of the query API in, something Rich can draw out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.tree import Tree

_STYLES = {
    "COMPLETED": ("✔", "green"),
    "COMPLETED_WITH_ERRORS": ("✗", "red"),
    "FAILED": ("✗", "red"),
    "AUTH_FAILED": ("✗", "red"),
    "TIMED_OUT": ("✗", "red"),
    "DISABLED": ("⏸", "yellow"),
    "CANCELLED": ("⏸", "yellow"),
}
_UNDER_WAY = ("…", "cyan")

#: Statuses after which a run does not change any more.
FINAL = frozenset(_STYLES)


def is_settled(trace: Mapping[str, Any]) -> bool:
    """Whether matching is done and every run has ended."""
    return (
        trace["outcome"] != "not matched yet"
        and len(trace["runs"]) == len(trace["fired"])
        and all(run["status"] in FINAL for run in trace["runs"])
    )


def trace_tree(trace: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]) -> Tree:
    """The tree of a trace. ``runs`` are the answers of ``/v1/runs/{id}`` by run id, for the attempts."""
    event = trace["event"]
    subject = f" · {escape(str(event['subject']))}" if event.get("subject") else ""
    tree = Tree(
        f"[bold]{escape(event['type'])}[/]{subject}\n"
        f"[dim]{escape(event['source'])} · {escape(event['id'])} · accepted {trace['accepted']}[/]",
        guide_style="dim",
    )
    match trace["outcome"]:
        case "not matched yet":
            tree.add("[cyan]… not matched yet[/]")
        case "matched nothing":
            tree.add("[yellow]matched nothing[/] [dim]no active rule fired for this event[/]")
    for fired in trace["fired"]:
        branch = tree.add(
            f"rule [bold]{escape(fired['rule_id'])}[/] fired → integration [bold]{escape(fired['integration_id'])}[/]"
        )
        _add_run(branch, fired["run_id"], runs.get(fired["run_id"]))
    for rule in trace["unevaluable"]:
        tree.add(
            f"[yellow]rule [bold]{escape(rule['rule_id'])}[/] could not be evaluated[/] "
            f"[dim]{escape(rule['reason'])}[/]"
        )
    return tree


def _add_run(branch: Tree, run_id: str, run: Mapping[str, Any] | None) -> None:
    if run is None:
        branch.add(f"[cyan]… waiting[/] [dim]run {run_id}[/]")
        return
    mark, style = _STYLES.get(run["status"], _UNDER_WAY)
    node = branch.add(f"[{style}]{mark} {run['status']}[/] [dim]run {run_id}[/]")
    for attempt in run["attempts"]:
        node.add(_attempt_line(attempt))
    error = run.get("error")
    if error:
        happened = ": ".join(error[part] for part in ("cause", "detail") if part in error)
        node.add(f"[red]{escape(error['code'])}[/] {escape(happened)}\n[dim]→ {escape(error['remedy'])}[/]")


def _attempt_line(attempt: Mapping[str, Any]) -> str:
    response = (attempt.get("exchange") or {}).get("response") or {}
    status = response.get("status")
    answer = f"HTTP {status}" if status else escape((attempt.get("error") or {}).get("code", "no answer"))
    style = "green" if attempt["succeeded"] else "red"
    due = f" [dim]next at {attempt['retry_due']}[/]" if attempt.get("retry_due") else ""
    return f"attempt {attempt['number']}  [{style}]{answer}[/] [dim]{attempt['duration_ms']} ms[/]{due}"
