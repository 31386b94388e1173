"""The demonstration's last screen: every number with what it means, and whether the sums hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from deploy.local.demo.core.duplicates import UNCOMMITTED_MS, Bound
from deploy.local.demo.core.sums import Sums
from shared.core.messages.integration_events import (
    AUTHENTICATION_ERROR,
    MISSING_MAPPING_ERROR,
    PERFORM_ERROR,
    VALIDATION_ERROR,
)

_ERRORS = {
    PERFORM_ERROR: "no attempt got a useful answer",
    VALIDATION_ERROR: "the receiver finds the request invalid",
    AUTHENTICATION_ERROR: "the receiver does not accept who we are",
    MISSING_MAPPING_ERROR: "an identifier of the receiver's is not known",
}

Row = tuple[str, str, str]


def report(
    counted: Sums,
    duplicates: int,
    allowed: Bound,
    broken: Sequence[str],
    requests: int,
) -> RenderableType:
    """The table and the verdict. ``requests`` is how many all receivers wrote down."""
    table = Table(title="What became of every event", title_justify="left", title_style="bold", expand=False)
    table.add_column("")
    table.add_column("distinct", justify="right", style="bold")
    table.add_column("which means", style="dim", overflow="fold")
    for group in (_events(counted), _runs(counted), _integrations(counted), _requests(counted, requests)):
        for row in group:
            table.add_row(*row)
        table.add_section()
    table.add_row(*_duplicates(duplicates, allowed))
    return Group(table, _verdict(counted, duplicates, allowed, broken))


def _events(counted: Sums) -> Iterator[Row]:
    yield "accepted", _n(counted.accepted), "events answered with 202"
    yield "  matched", _n(counted.matched), "triggered at least one integration"
    yield "  unmatched", _n(counted.unmatched), "triggered none, which is an answer too"
    if counted.unaccounted:
        yield "  [red]lost[/]", _n(counted.unaccounted), "accepted, and no match record says what came of it"
    yield (
        "unevaluable",
        _n(counted.unevaluable),
        "events for which a rule's condition had no answer: it did not fire, and the trace says why",
    )


def _runs(counted: Sums) -> Iterator[Row]:
    yield "runs", _n(counted.runs), "one per event and integration it triggered"
    yield "  delivered", _n(counted.delivered), "a receiver answered 2xx and wrote it down itself"
    for type_, runs in counted.failed.items():
        yield "  failed", _n(runs), f"{type_}: {_ERRORS[type_]}"
    yield "  disabled", _n(counted.disabled), "not sent, because the integration was disabled; kept for replay"
    if counted.cancelled:
        yield "  cancelled", _n(counted.cancelled), "not sent, because configuration had gone"
    yield "  dead-lettered", _n(counted.dead_lettered), "set aside as unreadable"
    yield "  pending", _n(counted.pending), "not ended yet"
    if counted.lost:
        yield "  [red]lost[/]", _n(counted.lost), "planned, and nothing anywhere will ever end them"
    yield "retried", _n(counted.retried), "runs that took more than one attempt, whatever came of them"


def _integrations(counted: Sums) -> Iterator[Row]:
    yield (
        "disabled",
        f"{len(counted.disabled_integrations):,}",
        f"integrations that failed too often in a row: {_names(counted.disabled_integrations)}",
    )
    yield (
        "re-enabled",
        f"{len(counted.enabled_integrations):,}",
        f"enabled by hand once healed: {_names(counted.enabled_integrations)}",
    )
    yield "error events", _n(counted.error_events), "the fleet's own: failed runs, disabling, enabling; matched too"
    yield "dead letters", f"{counted.dead_letters:,}", "records that nobody could read"


def _requests(counted: Sums, requests: int) -> Iterator[Row]:
    yield "requests", f"{requests:,}", "at all receivers, by their own logs"
    yield "  answered 2xx", _n(counted.answered), "runs that a receiver took; as many as were delivered"


def _duplicates(duplicates: int, allowed: Bound) -> Row:
    return (
        "duplicates",
        f"{duplicates:,}",
        f"requests beyond one per attempt. The crash explains {allowed.total:,} at most: {allowed.in_flight} under way "
        f"when SIGKILL came + {allowed.begun_since_asked} that arrived between asking how many and the end + "
        f"{allowed.uncommitted} answered in the {UNCOMMITTED_MS} ms before, when offsets may not be committed yet",
    )


def _verdict(counted: Sums, duplicates: int, allowed: Bound, broken: Sequence[str]) -> Panel:
    if broken:
        return Panel(
            "\n".join(f"[red]✗[/] {escape(each)}" for each in broken),
            title="The sums do not hold",
            title_align="left",
            border_style="red",
            expand=False,
        )
    failed = sum(map(len, counted.failed.values()))
    lines = (
        f"{_n(counted.accepted)} accepted = {_n(counted.matched)} matched + {_n(counted.unmatched)} unmatched",
        f"{_n(counted.runs)} runs = {_n(counted.delivered)} delivered + {failed:,} failed + "
        f"{_n(counted.disabled)} disabled + {_n(counted.cancelled)} cancelled + {_n(counted.dead_lettered)} "
        f"dead-lettered + {_n(counted.pending)} pending",
        "exactly the runs that these events must trigger, among them those of rules applied an instant before",
        f"{duplicates:,} duplicates ≤ {allowed.total:,}, 0 lost",
    )
    return Panel(
        "\n".join(f"[green]✔[/] {line}" for line in lines),
        title="The sums hold",
        title_align="left",
        border_style="green",
        expand=False,
    )


def _n(identities: frozenset[str] | frozenset[tuple[str, str]]) -> str:
    return f"{len(identities):,}"


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
