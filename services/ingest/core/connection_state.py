"""Whether an integration can do what it is for: three independent facts, and the mark that sums them up.

- *configured*: its rule and its webhook are there and active.
- *authorised*: a credential is linked to its webhook, and every linked one holds a secret that our keys open; or the
  webhook says that its receiver asks for none (``authentication: none``).
- *enabled*: the disabler has not stopped it.

Whether the receiver *accepts* a credential is no fact of the configuration: it shows in runs, and the disabler draws
the conclusion.

The mark is the first of these that holds: warning when it is disabled, because somebody must act; DISCONNECTED when it
is not configured or has no credential and nobody has said that it needs none; green when it is configured and
authorised; amber when it is configured and a credential cannot be used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.core.resources import Authentication, NotificationRule, Webhook


class Mark(StrEnum):
    """What stands beside the integration's name."""

    DISCONNECTED = "DISCONNECTED"
    AMBER = "amber"
    GREEN = "green"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Connection:
    """The three facts."""

    configured: bool
    authorised: bool
    enabled: bool
    mark: Mark


def connection(
    rule: NotificationRule | None, webhook: Webhook | None, usable: Sequence[bool], *, enabled: bool
) -> Connection:
    """``usable``: of each credential that the webhook links, whether it is there and its secrets open."""
    configured = rule is not None and rule.active and webhook is not None and webhook.active
    needs_none = webhook is not None and webhook.authentication is Authentication.NONE
    authorised = all(usable) if usable else needs_none
    if not enabled:
        mark = Mark.WARNING
    elif not configured or not (usable or needs_none):
        mark = Mark.DISCONNECTED
    else:
        mark = Mark.GREEN if authorised else Mark.AMBER
    return Connection(configured, authorised, enabled, mark)
