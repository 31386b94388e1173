"""Does matching one event get dearer with the rules of others? `bench.matching` measures it; this puts it in line."""

from __future__ import annotations

import dataclasses
import functools

from bench.delivery.core.tables import Table, figure
from bench.delivery.plots.matching_picture import draw_matching
from bench.delivery.scenario import Result
from bench.delivery.stand import Stand
from bench.matching import measure

_RULES = (100, 10_000, 100_000)


class RuleMatching:
    """See the module."""

    name = "matching"
    takes_minutes = False

    def run(self, stand: Stand) -> Result:
        found = {}
        for rules in _RULES:
            with stand.phase(f"matching: {rules:,} rules") as phase:
                found[rules] = measure(rules)
                phase.say(f"{found[rules].microseconds_per_event:.1f} µs an event, {found[rules].rss_mib:.0f} MiB")
        least = found[_RULES[0]].microseconds_per_event
        rows = [
            (
                f"{rules:,} rules",
                figure(cost.microseconds_per_event),
                figure(cost.microseconds_per_event / least, 2),
                figure(cost.rss_mib, 0),
                figure(cost.load_seconds, 2),
            )
            for rules, cost in found.items()
        ]
        table = Table(
            "Matching one event",
            ("", "µs an event", f"÷ that at {_RULES[0]:,}", "memory of the process, MiB", "read from the topic in, s"),
            tuple(rows),
            "Ten rules of the event's type, one of which fires; all others belong to other types and organizations.",
        )
        costs = [(rules, cost.microseconds_per_event, cost.rss_mib) for rules, cost in found.items()]
        return Result(
            {},
            {str(rules): dataclasses.asdict(cost) for rules, cost in found.items()},
            [table],
            {"matching": functools.partial(draw_matching, costs)},
        )
