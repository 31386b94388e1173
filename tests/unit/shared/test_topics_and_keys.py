"""Names, keys and settings of topics: what a reviewer of a change must see."""

import itertools

import pytest

from shared.core import topics as layout
from shared.core.topics import DAY_MS, RETRY_TIER_DELAYS_MS, topics


def test_every_topic_carries_the_prefix_and_no_name_is_used_twice() -> None:
    names = [topic.name for topic in topics("acme.", 6).all()]
    assert all(name.startswith("acme.") for name in names)
    assert len(set(names)) == len(names)


def test_config_has_one_partition_and_every_keyed_topic_has_the_count_of_the_settings() -> None:
    laid_out = topics("", 6)
    assert laid_out.config.partitions == 1
    assert {topic.partitions for topic in laid_out.all() if topic != laid_out.config} == {6}


def test_only_state_is_compacted_and_kept_for_ever() -> None:
    laid_out = topics("", 6)
    compacted = {topic for topic in laid_out.all() if topic.compacted}
    assert compacted == {laid_out.config, laid_out.integration_state, laid_out.disabler_streaks}
    assert all(topic.settings()["cleanup.policy"] == "compact" for topic in compacted)
    assert all("retention.ms" not in topic.settings() for topic in compacted)


def test_what_people_look_back_at_is_kept_for_four_weeks_and_work_for_one() -> None:
    laid_out = topics("", 6)
    days = {
        topic.name: int(topic.settings()["retention.ms"]) // DAY_MS for topic in laid_out.all() if topic.retention_ms
    }
    assert {name for name, kept in days.items() if kept == 28} == {"integration-events", "dead-letters"}
    assert set(days.values()) == {7, 28}


def test_the_broker_stamps_the_tiers_and_nothing_else() -> None:
    laid_out = topics("", 6)
    stamped = [topic for topic in laid_out.all() if topic.settings()["message.timestamp.type"] == "LogAppendTime"]
    assert stamped == list(laid_out.retry.values())


def test_every_tier_has_a_topic_longest_last() -> None:
    assert list(topics("", 6).retry) == list(RETRY_TIER_DELAYS_MS)
    assert list(RETRY_TIER_DELAYS_MS.values()) == sorted(RETRY_TIER_DELAYS_MS.values())


@pytest.mark.parametrize(
    ("key", "bytes_on_the_topic"),
    [
        (layout.system_event_key("acme", "bill-7", "e1"), b"acme/bill-7"),
        (layout.system_event_key("acme", None, "e1"), b"acme/e1"),
        (layout.config_key("webhook", "acme", "w"), b"webhook/acme/w"),
        (layout.integration_key("acme", "i"), b"acme/i"),
        (layout.delivery_key("acme", "i", 0), b"acme/i/0"),
        (layout.run_key("acme", "r"), b"acme/r"),
        (layout.match_key("acme", "e1"), b"acme/e1"),
    ],
)
def test_keys_never_change(key: bytes, bytes_on_the_topic: bytes) -> None:
    assert key == bytes_on_the_topic


def test_events_of_one_subject_share_a_key_whatever_their_ids() -> None:
    assert layout.system_event_key("acme", "bill-7", "e1") == layout.system_event_key("acme", "bill-7", "e2")


def test_two_integrations_never_share_a_delivery_key() -> None:
    names = ["a", "b", "a.b", "a-b", "0", "a.0"]
    keys = [layout.delivery_key(o, i, s) for o, i, s in itertools.product(names, names, (0, 1))]
    assert len(set(keys)) == len(keys)
