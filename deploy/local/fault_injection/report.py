"""The trial's last screen: every number with what it means, and whether all that must hold does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from deploy.local.demo.core.duplicates import Bound
from deploy.local.demo.core.verdict import broken_claims
from deploy.local.fault_injection.trial import Findings
from shared.core.messages.integration_events import DISABLED_ERROR, ENABLED

Row = tuple[str, str, str]


def broken(findings: Findings) -> list[str]:
    """One sentence for each thing that must hold and does not."""
    repeats = findings.repeats
    allowed = Bound(in_flight=repeats.allowed.total(), begun_since_asked=0, uncommitted=0)
    said = broken_claims(findings.sums, repeats.found.total(), allowed)
    if runs := repeats.unexplained:
        said.append(f"{len(runs)} runs were sent again with nothing to explain it, such as {min(runs)}")
    said += [f"the recorder's database differs from the topics: {each}" for each in findings.recorder]
    said += [f"the disabler differs from a replay of its fold: {each}" for each in findings.disabler]
    said += [f"{part} did not end in order when it was asked to" for part in findings.disorderly]
    return said


def report(findings: Findings, faults: Sequence[str]) -> RenderableType:
    """The table and the verdict. ``faults`` is what `broken` says."""
    table = Table(title="What became of every event", title_justify="left", title_style="bold", expand=False)
    table.add_column("")
    table.add_column("distinct", justify="right", style="bold")
    table.add_column("which means", style="dim", overflow="fold")
    for group in (
        _injected(findings),
        _events(findings),
        _runs(findings),
        _integrations(findings),
        _requests(findings),
    ):
        for row in group:
            table.add_row(*row)
        table.add_section()
    return Group(table, _verdict(faults))


def _injected(findings: Findings) -> Iterator[Row]:
    for fault, times in sorted(findings.faults.items()):
        yield fault, str(times), "done on purpose"
    for part, times in sorted(findings.ended_by_themselves.items()):
        yield f"{part} ended", str(times), "by itself, and was started again as an orchestrator does"


def _events(findings: Findings) -> Iterator[Row]:
    counted = findings.sums
    yield "accepted", _n(counted.accepted), f"events answered with 202; {findings.repeated:,} requests were repeated"
    yield "  matched", _n(counted.matched), "triggered at least one integration"
    yield "  unmatched", _n(counted.unmatched), "triggered none, which is an answer too"
    yield "  lost", _n(counted.unaccounted), "accepted, and no match record says what came of it"


def _runs(findings: Findings) -> Iterator[Row]:
    counted = findings.sums
    yield "runs", _n(counted.runs), "one per event and integration it triggered"
    yield "  delivered", _n(counted.delivered), "a receiver answered 2xx and wrote it down itself"
    for type_, runs in counted.failed.items():
        yield "  failed", _n(runs), type_
    yield "  disabled", _n(counted.disabled), "not sent, because the integration was disabled; kept for replay"
    yield "  cancelled", _n(counted.cancelled), "not sent, because configuration had gone"
    yield "  dead-lettered", _n(counted.dead_lettered), "set aside as unreadable"
    yield "  pending", _n(counted.pending), "not ended when the trial did"
    yield "  lost", _n(counted.lost), "planned, and nothing anywhere will ever end them"
    yield (
        "superseded",
        f"{counted.superseded:,}",
        "second outcomes of a run; the first in the order of the topic counts",
    )


def _integrations(findings: Findings) -> Iterator[Row]:
    yield "disabled", str(findings.decisions[DISABLED_ERROR]), "times an integration had failed too often in a row"
    yield "re-enabled", str(findings.decisions[ENABLED]), "times one was enabled by hand"
    yield "error events", _n(findings.sums.error_events), "of the fleet's own, each matched like any other event"
    yield "recorder", _agreement(findings.recorder), "each run's status, attempts and outcomes, against the topics"
    yield "disabler", _agreement(findings.disabler), "decisions and states, against a replay of its fold"


def _requests(findings: Findings) -> Iterator[Row]:
    repeats = findings.repeats
    yield "requests", f"{findings.requests:,}", "at all receivers, by their own logs"
    yield (
        "duplicates",
        f"{repeats.found.total():,}",
        f"requests beyond one per attempt; {repeats.allowed.total():,} at most are explained: begun, and not yet "
        f"committed as finished, when the partitions of the workers changed hands ({repeats.rebalances} times)",
    )


def _agreement(differences: Sequence[str]) -> str:
    return "differs" if differences else "agrees"


def _verdict(faults: Sequence[str]) -> Panel:
    lines = [f"[red]✗[/] {escape(each)}" for each in faults] or [
        "[green]✔[/] nothing is lost, every run ended once, no duplicate is unexplained"
    ]
    return Panel(
        "\n".join(lines),
        title="This does not hold" if faults else "Everything holds",
        title_align="left",
        border_style="red" if faults else "green",
        expand=False,
    )


def _n(identities: frozenset[str] | frozenset[tuple[str, str]]) -> str:
    return f"{len(identities):,}"
