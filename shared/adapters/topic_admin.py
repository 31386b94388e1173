"""The fleet's topics on a cluster: made and brought back to what `shared.core.topics` declares, or verified.

Making is idempotent and safe to run from several processes at once: whoever comes first creates, the others find it
done. A setting changed by hand is restored; settings we do not declare are left alone. The partition count of a keyed
topic is never changed in place, because a key would move away from its history: a difference is an error that names
both counts.

Verifying changes nothing and needs no right to: every topic that is missing, has another partition count, fewer copies
or another setting is told, all at once.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

from shared.adapters.json_logs import log
from shared.adapters.kafka_clients import ClusterUnusable, admin_client
from shared.adapters.settings import ServiceSettings, TopicSetup
from shared.core.topics import Topic, Topics

#: Milliseconds for brokers to elect leaders of new topics.
_CREATION_TIMEOUT_MS = 30_000
#: Exit status of a process whose cluster or settings are wrong.
_UNUSABLE_STATUS = 2
_logger = logging.getLogger("hookfleet.topic_admin")


class TopicMismatch(ClusterUnusable):
    """Topics are not as the settings and `shared.core.topics` say."""


def topics_or_exit(settings: ServiceSettings) -> None:
    """`prepare_topics` at the start of a service: what is wrong becomes one log line, and ends the process."""
    try:
        prepare_topics(settings)
    except ClusterUnusable as unusable:
        log(_logger, logging.ERROR, "cannot_start", faults=list(unusable.faults))
        raise SystemExit(_UNUSABLE_STATUS) from None


def prepare_topics(settings: ServiceSettings) -> None:
    """Create or verify every topic, as the settings say. Raises ClusterUnusable with every fault."""
    with closing(admin_client(settings)) as admin:
        try:
            if settings.topic_setup is TopicSetup.VERIFY:
                verify_topics(admin, settings.topics(), settings.replication_factor)
            else:
                ensure_topics(admin, settings.topics(), settings.replication_factor)
        except errors.AuthorizationError as refused:
            raise ClusterUnusable(
                [
                    f"the brokers do not let user {settings.kafka_username} prepare topics ({refused}): give it the "
                    "rights in docs/operations/kafka.md, or set HOOKFLEET_TOPIC_SETUP to verify"
                ]
            ) from None
        except errors.KafkaError as error:
            raise ClusterUnusable([f"the brokers did not prepare the topics: {error}"]) from None


def ensure_topics(admin: KafkaAdminClient, wanted: Topics, replication_factor: int) -> None:
    """Create missing topics, then reconcile the settings of all.

    Raises TopicMismatch when a partition count differs.
    """
    existing = set(admin.list_topics())
    for topic in wanted.all():
        if topic.name not in existing:
            _create(admin, topic, replication_factor)
    admin.wait_for_topics([topic.name for topic in wanted.all()], timeout_ms=_CREATION_TIMEOUT_MS)
    partitions = _partitions(admin, wanted.all())
    faults = [fault for topic in wanted.all() for fault in _partition_faults(topic, partitions[topic.name])]
    if faults:
        raise TopicMismatch(faults)
    _reconcile_settings(admin, wanted)


def verify_topics(admin: KafkaAdminClient, wanted: Topics, replication_factor: int) -> None:
    """Raises TopicMismatch with everything that is not as it must be."""
    existing = set(admin.list_topics())
    there = [topic for topic in wanted.all() if topic.name in existing]
    faults = [
        f"topic {topic.name} is missing: create it with {topic.partitions} partitions"
        for topic in wanted.all()
        if topic.name not in existing
    ]
    partitions, settings = _partitions(admin, there), _settings(admin, there)
    for topic in there:
        faults += _partition_faults(topic, partitions[topic.name])
        faults += _copy_faults(topic, partitions[topic.name], replication_factor)
        for name, value in topic.settings().items():
            if (now := settings[topic.name].get(name)) != value:
                faults.append(f"topic {topic.name} has {name}={now}: set it to {value}")
    if faults:
        raise TopicMismatch(faults)


def _create(admin: KafkaAdminClient, topic: Topic, replication_factor: int) -> None:
    # With three copies, two must hold a record before it counts as acknowledged.
    copies = {"min.insync.replicas": "2"} if replication_factor >= 3 else {}
    new = NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=replication_factor,
        topic_configs=topic.settings() | copies,
    )
    try:
        admin.create_topics([new], timeout_ms=_CREATION_TIMEOUT_MS)
    except errors.TopicAlreadyExistsError:
        return


def _partitions(admin: KafkaAdminClient, topics: Sequence[Topic]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What the brokers say of each topic's partitions."""
    if not topics:
        return {}
    return {said["name"]: said["partitions"] for said in admin.describe_topics([topic.name for topic in topics])}


def _settings(admin: KafkaAdminClient, topics: Sequence[Topic]) -> Mapping[str, Mapping[str, str]]:
    if not topics:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = admin.describe_configs(asked, config_filter="all")["topic"]
    return {topic.name: {name: str(said["value"]) for name, said in found[topic.name].items()} for topic in topics}


def _partition_faults(topic: Topic, partitions: Sequence[object]) -> Iterator[str]:
    if len(partitions) != topic.partitions:
        yield (
            f"topic {topic.name} has {len(partitions)} partitions, the settings say {topic.partitions}; "
            "set HOOKFLEET_PARTITIONS to the count in use or choose another HOOKFLEET_TOPIC_PREFIX"
        )


def _copy_faults(topic: Topic, partitions: Sequence[Mapping[str, Any]], wanted: int) -> Iterator[str]:
    copies = min((len(each["replica_nodes"]) for each in partitions), default=wanted)
    if copies < wanted:
        yield f"topic {topic.name} has {copies} copies, the settings say {wanted}: add replicas"


def _reconcile_settings(admin: KafkaAdminClient, wanted: Topics) -> None:
    found = _settings(admin, wanted.all())
    drifted = []
    for topic in wanted.all():
        now = found[topic.name]
        changes = {name: value for name, value in topic.settings().items() if now.get(name) != value}
        if changes:
            drifted.append(ConfigResource(ConfigResourceType.TOPIC, topic.name, changes))
    if drifted:
        admin.alter_configs(drifted)
