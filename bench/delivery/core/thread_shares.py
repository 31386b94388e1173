"""Threads of a dispatcher as the stages of a delivery, in the order in which a delivery meets them.

The kernel keeps 15 characters of a thread's name. A thread that is not known here stands under its own name, so a new
one is seen rather than hidden.
"""

from __future__ import annotations

from typing import Final

from bench.delivery.core.cpu_times import OTHER, CpuUsed

#: Name at the kernel → what it does.
_STAGES: Final = {
    "match": "match",
    "send": "send: polling",
    "send-loop": "send: event loop",
    "send-outbox": "send: outbox",
    "kafka-io-kafka-": "Kafka consumers",
    "kafka-python-pr": "Kafka producer",
}
#: Threads that every dispatcher has and that do little; below this many microseconds a delivery they are `OTHER`.
_LEAST: Final = 20.0


def shares(used: CpuUsed, deliveries: int) -> dict[str, float]:
    """Microseconds a delivery by stage; their sum is that of the process."""
    found: dict[str, float] = {}
    for thread, microseconds in used.threads_per(deliveries).items():
        stage = _STAGES.get(thread, thread if microseconds >= _LEAST else OTHER)
        found[stage] = found.get(stage, 0.0) + microseconds
    return {stage: share for stage, share in found.items() if share > 0}
