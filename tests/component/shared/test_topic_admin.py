"""Creating and reconciling topics on a real broker."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from shared.adapters.kafka_clients import admin_client
from shared.adapters.settings import ServiceSettings, TopicSetup
from shared.adapters.topic_admin import TopicMismatch, ensure_topics, prepare_topics, verify_topics
from shared.core.topics import DAY_MS, Topic


@pytest.fixture
def admin(settings: ServiceSettings) -> Iterator[KafkaAdminClient]:
    client = admin_client(settings)
    yield client
    client.close()


def _settings_of(admin: KafkaAdminClient, topic: Topic) -> dict[str, str]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name)]
    found = admin.describe_configs(asked, config_filter="all")["topic"][topic.name]
    return {name: str(said["value"]) for name, said in found.items()}


def test_every_topic_is_created_as_declared(settings: ServiceSettings, admin: KafkaAdminClient) -> None:
    wanted = settings.topics()
    ensure_topics(admin, wanted, 1)
    counts = {each["name"]: len(each["partitions"]) for each in admin.describe_topics([t.name for t in wanted.all()])}
    assert counts == {topic.name: topic.partitions for topic in wanted.all()}
    for topic in wanted.all():
        assert topic.settings().items() <= _settings_of(admin, topic).items()


def test_a_setting_changed_by_hand_is_restored_and_others_are_left_alone(
    settings: ServiceSettings, admin: KafkaAdminClient
) -> None:
    wanted = settings.topics()
    ensure_topics(admin, wanted, 1)
    topic = wanted.deliveries
    by_hand = {"retention.ms": "60000", "segment.bytes": "1234567"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, by_hand)])
    assert _settings_of(admin, topic)["retention.ms"] == "60000"
    ensure_topics(admin, wanted, 1)
    after = _settings_of(admin, topic)
    assert after["retention.ms"] == str(7 * DAY_MS)
    assert after["segment.bytes"] == "1234567"


def test_another_partition_count_is_refused_by_name(settings: ServiceSettings, admin: KafkaAdminClient) -> None:
    ensure_topics(admin, settings.topics(), 1)
    more = settings.model_copy(update={"partitions": 3}).topics()
    with pytest.raises(TopicMismatch, match=rf"topic {more.system_events.name} has 2 partitions, the settings say 3"):
        ensure_topics(admin, more, 1)


def test_one_topic_of_another_count_is_named(settings: ServiceSettings, admin: KafkaAdminClient) -> None:
    wanted = settings.topics()
    ensure_topics(admin, wanted, 1)
    odd = replace(wanted, run_log=replace(wanted.run_log, partitions=7))
    with pytest.raises(TopicMismatch, match=wanted.run_log.name):
        ensure_topics(admin, odd, 1)


def test_verifying_passes_over_what_creating_made(settings: ServiceSettings, admin: KafkaAdminClient) -> None:
    ensure_topics(admin, settings.topics(), 1)
    prepare_topics(settings.model_copy(update={"topic_setup": TopicSetup.VERIFY}))


def test_verifying_tells_everything_at_once_and_changes_nothing(
    settings: ServiceSettings, admin: KafkaAdminClient
) -> None:
    wanted = settings.topics()
    made = replace(wanted, run_log=replace(wanted.run_log, name=f"{settings.topic_prefix}other"))
    ensure_topics(admin, replace(made, dead_letters=replace(made.dead_letters, partitions=1)), 1)
    drifted = ConfigResource(ConfigResourceType.TOPIC, wanted.deliveries.name, {"retention.ms": "60000"})
    admin.alter_configs([drifted])
    with pytest.raises(TopicMismatch) as mismatch:
        verify_topics(admin, wanted, 1)
    assert mismatch.value.faults == (
        f"topic {wanted.run_log.name} is missing: create it with 2 partitions",
        f"topic {wanted.deliveries.name} has retention.ms=60000: set it to {7 * DAY_MS}",
        f"topic {wanted.dead_letters.name} has 1 partitions, the settings say 2; set HOOKFLEET_PARTITIONS to the count "
        "in use or choose another HOOKFLEET_TOPIC_PREFIX",
    )
    assert wanted.run_log.name not in admin.list_topics()
    assert _settings_of(admin, wanted.deliveries)["retention.ms"] == "60000"


def test_verifying_asks_for_as_many_copies_as_the_settings_say(
    settings: ServiceSettings, admin: KafkaAdminClient
) -> None:
    ensure_topics(admin, settings.topics(), 1)
    with pytest.raises(TopicMismatch) as mismatch:
        verify_topics(admin, settings.topics(), 3)
    assert len(mismatch.value.faults) == len(settings.topics().all())
    assert "has 1 copies, the settings say 3: add replicas" in mismatch.value.faults[0]
