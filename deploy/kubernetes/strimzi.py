"""Topics and users of the fleet as the resources that Strimzi's operators read.

Topics from `shared.core.topics`, users from `deploy.kubernetes.access`. Pure: values in, documents out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deploy.kubernetes.access import Rights
from shared.core.topics import Topic

API = "kafka.strimzi.io/v1"
#: The Kafka resource whose topics and users these are, by its name.
CLUSTER_LABEL = {"strimzi.io/cluster": "kafka"}


def topic_resource(topic: Topic, copies: int) -> dict[str, Any]:
    """One KafkaTopic of ``copies`` copies; with three, two must hold a record before it counts as acknowledged."""
    settings = topic.settings() | ({"min.insync.replicas": "2"} if copies >= 3 else {})
    return {
        "apiVersion": API,
        "kind": "KafkaTopic",
        "metadata": {"name": topic.name, "labels": CLUSTER_LABEL},
        "spec": {"partitions": topic.partitions, "replicas": copies, "config": settings},
    }


def user_resource(rights: Rights, prefix: str) -> dict[str, Any]:
    """One KafkaUser with a password that its operator makes; ``prefix`` is that of the fleet's topics, not empty."""
    operations: dict[str, list[str]] = {}
    for topic in rights.reads:
        operations.setdefault(topic.name, []).append("Read")
    for topic in rights.writes:
        operations.setdefault(topic.name, []).append("Write")
    acls = [_rule("topic", prefix, ["Describe", "DescribeConfigs"], pattern="prefix")]
    acls += [_rule("topic", name, allowed) for name, allowed in operations.items()]
    acls += [_rule("group", name, ["Read"]) for name in rights.groups]
    acls += [_rule("group", name, ["Describe"]) for name in rights.watched]
    if rights.transaction is not None:
        acls.append(_rule("transactionalId", rights.transaction, ["Describe", "Write"]))
    return {
        "apiVersion": API,
        "kind": "KafkaUser",
        "metadata": {"name": rights.user, "labels": CLUSTER_LABEL},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": acls},
        },
    }


def _rule(kind: str, name: str, operations: Sequence[str], *, pattern: str = "literal") -> dict[str, Any]:
    return {
        "resource": {"type": kind, "name": name, "patternType": pattern},
        "operations": list(operations),
    }
