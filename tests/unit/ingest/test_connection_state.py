"""Configured, authorised, enabled: what each needs, and the mark beside an integration's name."""

from typing import Any

import pytest

from services.ingest.core.connection_state import Connection, Mark, connection
from shared.core.resources import NotificationRule, Webhook

RULE = NotificationRule(name="R", event_type="*")


def webhook(**spec: Any) -> Webhook:
    return Webhook.model_validate({"name": "W", "url": "https://example.com", **spec})


def state(rule: NotificationRule | None, hook: Webhook | None, *usable: bool, enabled: bool = True) -> Connection:
    return connection(rule, hook, usable, enabled=enabled)


@pytest.mark.parametrize(
    ("rule", "hook", "usable", "facts"),
    [
        (RULE, webhook(), (), (True, False, Mark.DISCONNECTED)),
        (RULE, webhook(authentication="required"), (), (True, False, Mark.DISCONNECTED)),
        (RULE, webhook(authentication="none"), (), (True, True, Mark.GREEN)),
        (RULE, webhook(credentials=["c"]), (True,), (True, True, Mark.GREEN)),
        (RULE, webhook(credentials=["c"]), (False,), (True, False, Mark.AMBER)),
        (RULE, webhook(credentials=["c", "d"]), (True, False), (True, False, Mark.AMBER)),
        (RULE, webhook(credentials=["c"], active=False), (True,), (False, True, Mark.DISCONNECTED)),
        (
            RULE.model_copy(update={"active": False}),
            webhook(credentials=["c"]),
            (True,),
            (False, True, Mark.DISCONNECTED),
        ),
        (None, webhook(authentication="none"), (), (False, True, Mark.DISCONNECTED)),
        (RULE, None, (), (False, False, Mark.DISCONNECTED)),
    ],
)
def test_the_facts_are_independent_and_the_mark_sums_them_up(
    rule: NotificationRule | None, hook: Webhook | None, usable: tuple[bool, ...], facts: tuple[bool, bool, Mark]
) -> None:
    configured, authorised, mark = facts
    assert state(rule, hook, *usable) == Connection(configured, authorised, True, mark)
    assert state(rule, hook, *usable, enabled=False) == Connection(configured, authorised, False, Mark.WARNING)
