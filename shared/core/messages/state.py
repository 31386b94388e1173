"""Enabled or disabled, on ``integration-state``: one record an integration, written by the disabler alone.

An integration without a record is enabled in epoch 0. Every enable raises the epoch, so that an outcome of the time
before cannot count against the time after.
"""

from typing import Final, Literal

from shared.core.messages.base import Message


class IntegrationState(Message):
    """Enabled or disabled since when and why, and the epoch that counts."""

    v: Literal[1] = 1
    organization: str
    integration_id: str
    enabled: bool
    epoch: int
    since_ms: int
    reason: str


#: Epoch of an integration that has never been enabled by hand.
FIRST_EPOCH: Final = 0
