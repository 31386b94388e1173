"""Which partition a key goes to, against kafka-python's own answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import DefaultPartitioner
from kafka.partitioner.default import murmur2 as reference

from shared.core.key_hash import murmur2, partition_of


class Cluster:
    """What a partitioner asks of kafka-python's metadata."""

    def __init__(self, partitions: int) -> None:
        self._partitions = set(range(partitions))

    def topics(self) -> set[str]:
        return {"topic"}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return self._partitions

    def available_partitions_for_topic(self, topic: str) -> set[int]:
        return self._partitions


@given(st.binary(max_size=100))
def test_the_hash_is_kafkas(key: bytes) -> None:
    assert murmur2(key) == reference(key)


@pytest.mark.parametrize("partitions", [1, 6, 12])
@given(key=st.binary(max_size=50))
def test_a_key_goes_where_every_client_puts_it(partitions: int, key: bytes) -> None:
    theirs = DefaultPartitioner().partition("topic", key, key, b"", b"", Cluster(partitions))
    assert partition_of(key, partitions) == theirs
