"""Delivery requests made by hand, as the match stage and the send stage would write them."""

from shared.core.messages.base import EventRef
from shared.core.messages.delivery import AttemptSummary, DeliveryRequest
from shared.core.records import OutRecord
from shared.core.topics import delivery_key
from tests.faults.crash_points.scene import ORGANIZATION, Scene
from tests.waiting import wait_for


def request(integration: str, run_id: str, *, step: int = 0) -> DeliveryRequest:
    """The run at ``step``, with as many attempts behind it."""
    attempt = AttemptSummary(number=1, started_ms=1, duration_ms=1, code="http.500", http_status=500)
    return DeliveryRequest(
        run_id=run_id,
        webhook_id=run_id,
        organization=ORGANIZATION,
        integration_id=integration,
        rule_id=integration,
        event=EventRef(source="/by-hand", id=run_id, type=integration),
        config_offset=0,
        accepted_ms=1,
        created_ms=1,
        step=step,
        attempts=(attempt,) * step,
    )


def deliver(scene: Scene, each: DeliveryRequest) -> None:
    """Have the request worked on, and wait until its outcome is there."""
    before = len(scene.run(each.run_id).outcomes)
    key = delivery_key(ORGANIZATION, each.integration_id, each.shard)
    scene.produce([OutRecord(scene.topics.deliveries.name, key, b"{}", each.headers())])
    wait_for(lambda: len(scene.run(each.run_id).outcomes) == before + 1, "the outcome is published")
