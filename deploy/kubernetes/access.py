"""Who reads and writes which topic: the least rights each part of the fleet can do its work with.

One user for each workload, so that whoever breaks into one can do no more than that one. Pure; the table is spelled as
resources by `deploy.kubernetes.strimzi`.

Every user may also look at all of the fleet's topics (their names, partitions, settings), because each service verifies
them before it starts.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.topics import Topic, Topics


@dataclass(frozen=True, slots=True)
class Rights:
    """``groups`` are consumer groups to be a member of, ``watched`` those whose progress may be asked for;
    ``transaction`` is the transactional id to write under."""

    user: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    groups: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    transaction: str | None = None


def rights(topics: Topics, prefix: str) -> tuple[Rights, ...]:
    """The rights of every user, named after its workload; ``prefix`` is that of the topics."""

    def group(name: str) -> str:
        return f"{prefix}hookfleet-{name}"

    tables = (topics.config, topics.integration_state)
    ended = (topics.run_log, topics.integration_events, topics.dead_letters)
    tiers = tuple(topics.retry.values())
    return (
        Rights(
            "hookfleet-ingest",
            reads=tables,
            writes=(topics.system_events, topics.config, topics.integration_events),
            transaction=group("config"),
        ),
        Rights(
            "hookfleet-dispatcher-match",
            reads=(*tables, topics.system_events, topics.integration_events),
            writes=(topics.deliveries, topics.deliveries_ordered, topics.run_log, topics.dead_letters),
            groups=(group("match"),),
        ),
        Rights(
            "hookfleet-dispatcher-send",
            reads=(*tables, topics.deliveries, topics.deliveries_due),
            writes=(*tiers, topics.deliveries_due, *ended),
            groups=(group("send"),),
        ),
        Rights(
            "hookfleet-dispatcher-ordered",
            reads=(*tables, topics.deliveries_ordered),
            writes=ended,
            groups=(group("ordered"),),
        ),
        Rights(
            "hookfleet-dispatcher-delay",
            reads=(*tables, *tiers),
            writes=(*tiers, topics.deliveries_due, topics.dead_letters),
            groups=(group("delay"),),
        ),
        Rights(
            "hookfleet-event-recorder",
            reads=(*tables, topics.system_events, topics.run_log, topics.integration_events),
            # Deliveries are what somebody replays.
            writes=(topics.deliveries, topics.deliveries_ordered, topics.dead_letters),
            groups=(group("recorder"),),
        ),
        Rights(
            "hookfleet-disabler",
            reads=(topics.integration_events, topics.disabler_streaks),
            writes=(topics.integration_events, topics.integration_state, topics.disabler_streaks, topics.dead_letters),
            groups=(group("disabler"),),
        ),
        Rights("hookfleet-keda", watched=(group("match"), group("send"))),
    )
