"""Waiting for what this worker's tables do not say yet, though whoever made a delivery request has read it.

Tables follow their topics within milliseconds, so both waits are short or a sign that something is wrong. A
configuration that does not come is a failure of ours: the process ends, the request stays. A state that does not come
may have been removed since; the run is then judged by what is known.
"""

import asyncio
from collections.abc import Callable

from shared.adapters.clock import Clock
from shared.core.faults import InfrastructureError
from shared.core.messages.state import IntegrationState

#: Longest wait for the configuration a request was matched with, in seconds.
CONFIG_WAIT_SECONDS = 30.0
#: Longest wait for the news that an integration is enabled, in seconds.
STATE_WAIT_SECONDS = 5.0
_CHECK_SECONDS = 0.01


async def wait_for_configuration(config_offset: Callable[[], int], offset: int, clock: Clock) -> None:
    """Return once the table is complete below ``offset``. Raises InfrastructureError."""
    deadline = clock() + CONFIG_WAIT_SECONDS * 1000
    while config_offset() < offset:
        if clock() > deadline:
            raise InfrastructureError(f"the config table is behind for {CONFIG_WAIT_SECONDS} s")
        await asyncio.sleep(_CHECK_SECONDS)


async def wait_for_epoch(
    state_of: Callable[[], IntegrationState | None], epoch: int, clock: Clock
) -> IntegrationState | None:
    """The integration's state once it is of this epoch or a later one; as it is when that does not come."""
    deadline = clock() + STATE_WAIT_SECONDS * 1000
    while True:
        state = state_of()
        if state is None or state.epoch >= epoch or clock() > deadline:
            return state
        await asyncio.sleep(_CHECK_SECONDS)
