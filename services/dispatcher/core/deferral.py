"""A run that is put off: it comes back later, has used no attempt, and may be out of time.

A wait for a limit of ours costs a run nothing. A wait because of what its receiver can take counts towards the run's
deadline (`services.dispatcher.core.retry_policy`), so that one that answers too slowly for too long still counts
towards disabling.
"""

from collections.abc import Sequence

from services.dispatcher.core.classification import error_of
from services.dispatcher.core.gate import Defer
from services.dispatcher.core.retry_policy import deadline_ms
from shared.core.messages.delivery import DeliveryRequest

#: Of a run whose time was over before the receiver had room for it.
OUT_OF_TIME = error_of("receiver.overloaded")


def put_off(request: DeliveryRequest, defer: Defer, delays_seconds: Sequence[float]) -> DeliveryRequest | None:
    """The run as it comes back; None when it would be out of time."""
    waited_ms = request.waited_ms + (defer.wait_ms if defer.by_receiver else 0)
    if defer.by_receiver and waited_ms > deadline_ms(delays_seconds):
        return None
    return request.model_copy(
        update={"step": request.step + 1, "deferrals": request.deferrals + 1, "waited_ms": waited_ms}
    )
