"""Creating the fleet's topics and bringing their settings back to what `shared.core.topics` declares.

Idempotent and safe to run from several processes at once: whoever comes first creates, the others find it done. A
setting changed by hand is restored; settings we do not declare are left alone. The partition count of a keyed topic is
never changed in place, because a key would move away from its history: a difference is an error that names both counts.
"""

from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

from shared.core.topics import Topic, Topics

#: Milliseconds for brokers to elect leaders of new topics.
_CREATION_TIMEOUT_MS = 30_000


class TopicMismatch(Exception):
    """A topic exists with another partition count than the settings say."""


def ensure_topics(admin: KafkaAdminClient, wanted: Topics, replication_factor: int) -> None:
    """Create missing topics, then reconcile the settings of all.

    Raises TopicMismatch when a partition count differs.
    """
    existing = set(admin.list_topics())
    for topic in wanted.all():
        if topic.name not in existing:
            _create(admin, topic, replication_factor)
    admin.wait_for_topics([topic.name for topic in wanted.all()], timeout_ms=_CREATION_TIMEOUT_MS)
    _check_partitions(admin, wanted)
    _reconcile_settings(admin, wanted)


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


def _check_partitions(admin: KafkaAdminClient, wanted: Topics) -> None:
    counts = {
        said["name"]: len(said["partitions"]) for said in admin.describe_topics([topic.name for topic in wanted.all()])
    }
    for topic in wanted.all():
        if counts[topic.name] != topic.partitions:
            raise TopicMismatch(
                f"topic {topic.name} has {counts[topic.name]} partitions, the settings say {topic.partitions}; "
                "set HOOKFLEET_PARTITIONS to the count in use or choose another HOOKFLEET_TOPIC_PREFIX"
            )


def _reconcile_settings(admin: KafkaAdminClient, wanted: Topics) -> None:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in wanted.all()]
    found = admin.describe_configs(asked, config_filter="all")["topic"]
    drifted = []
    for topic in wanted.all():
        now = {name: str(said["value"]) for name, said in found[topic.name].items()}
        changes = {name: value for name, value in topic.settings().items() if now.get(name) != value}
        if changes:
            drifted.append(ConfigResource(ConfigResourceType.TOPIC, topic.name, changes))
    if drifted:
        admin.alter_configs(drifted)
