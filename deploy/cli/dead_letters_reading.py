"""Reading the topic of dead letters from the command line: which fleet, how far, and what it says.

Straight from Kafka, because a record that nobody can read belongs to no organization, so the HTTP API, where every
answer is one organization's, has no place for it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.cli.dead_letters_catalogue import Catalogue, Wanted
from deploy.cli.failures import Failed
from deploy.cli.progress import progress_bar
from deploy.local.fleet.cluster_topics import check_usable
from shared.adapters.settings import ServiceSettings, load_settings
from shared.adapters.topic_reader import TopicReader
from shared.core.records import Record


def fleet_settings() -> ServiceSettings:
    """The fleet that the environment names. Raises Failed when it names none or its brokers do not answer,
    ClusterUnusable when they do not let us in."""
    if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        raise Failed(
            "no brokers: set KAFKA_BOOTSTRAP_SERVERS (`hookfleet up` prints it) and, where the fleet's topics have a "
            "prefix, HOOKFLEET_TOPIC_PREFIX; dead letters are read straight from Kafka"
        )
    settings = load_settings(ServiceSettings)
    # kafka-python would tell each attempt to reconnect in the middle of a progress bar.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    check_usable(settings)
    return settings


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
    with progress_bar("reading", "records") as bar:
        task = bar.add_task("", total=None)
        yield from reader.unread(lambda passed, total: bar.update(task, completed=passed, total=total))
