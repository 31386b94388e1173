"""Reading the topic of dead letters from the command line: which fleet, how far, and what it says.

Straight from Kafka, because a record that nobody can read belongs to no organization, so the HTTP API, where every
answer is one organization's, has no place for it.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.dead_letters_catalogue import Catalogue, Wanted
from deploy.cli.failures import Failed, errors
from deploy.local.fleet.cluster_topics import check_reachable
from shared.adapters.settings import ServiceSettings, load_settings
from shared.adapters.topic_reader import TopicReader
from shared.core.records import Record

_SPAN = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def fleet_settings() -> ServiceSettings:
    """The fleet that the environment names. Raises Failed when it names none or its brokers do not answer."""
    if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        raise Failed(
            "no brokers: set KAFKA_BOOTSTRAP_SERVERS (`hookfleet up` prints it) and, where the fleet's topics have a "
            "prefix, HOOKFLEET_TOPIC_PREFIX; dead letters are read straight from Kafka"
        )
    settings = load_settings(ServiceSettings)
    # kafka-python would tell each attempt to reconnect in the middle of a progress bar.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    check_reachable(settings.kafka_bootstrap_servers)
    return settings


def time_of(text: str, now: datetime) -> int:
    """Milliseconds since 1970 of a span before ``now`` (``90m``, ``7d``) or of an RFC 3339 time; one without an offset
    is UTC. Raises Failed when it is neither."""
    span = _SPAN.fullmatch(text)
    try:
        at = now - timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Failed(f"--since {text} is no time: write 90m, 24h or 7d, or a time like 2030-01-31T08:00:00Z") from None
    return max(0, int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))


@contextmanager
def dead_letters(settings: ServiceSettings) -> Iterator[TopicReader]:
    """A reader of the topic, at its beginning."""
    reader = TopicReader(settings, [settings.topics().dead_letters.name])
    try:
        yield reader
    finally:
        reader.close()


def catalogue(reader: TopicReader, wanted: Wanted) -> Catalogue:
    """What the topic says now about what is wanted."""
    if wanted.since_ms is not None:
        reader.begin_at_time(wanted.since_ms)
    found = Catalogue(wanted)
    for record in followed(reader):
        found.take(record)
    return found


def followed(reader: TopicReader) -> Iterator[Record]:
    """What is unread, with a progress bar on stderr."""
    with progress_bar(errors, "reading", "records") as bar:
        task = bar.add_task("", total=None)
        yield from reader.unread(lambda passed, total: bar.update(task, completed=passed, total=total))


def progress_bar(console: Console, doing: str, unit: str) -> Progress:
    """A bar that disappears when done."""
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
