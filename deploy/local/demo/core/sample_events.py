"""The events of the demonstration, and which integrations each must trigger.

The expectation is worked out here in plain Python from the event alone, by somebody who read the sample configuration:
it is what the fleet's matching is checked against, so it must not share code with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SOURCE = "/demo/shop"

ORDERS_TO_DESK = "orders-to-desk"
ORDERS_TO_STOCK = "orders-to-stock"
ANY_ORDER_TO_WAREHOUSE = "any-order-to-warehouse"
LARGE_INVOICES_TO_CRM = "large-invoices-to-crm"
DISCOUNTS_TO_DESK = "discounts-to-desk"
TIERS_TO_TAX_OFFICE = "tiers-to-tax-office"
PAYMENTS_TO_LEDGER = "payments-to-ledger"
RETURNS_TO_ARCHIVE = "returns-to-archive"

#: Position in a group of twenty events → type; the rest matches nothing.
_CYCLE = 20


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """One event, and the ids of the integrations that it must trigger."""

    id: str
    type: str
    subject: str
    data: dict[str, Any]
    integrations: frozenset[str]

    def document(self) -> dict[str, Any]:
        """The CloudEvent to send."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE,
            "type": self.type,
            "subject": self.subject,
            "data": self.data,
        }


def sample_events(count: int) -> Sequence[SampleEvent]:
    """``count`` events, the same ones each time: of twenty, ten are orders, three invoices, three match nothing."""
    return [_event(number) for number in range(count)]


def _event(number: int) -> SampleEvent:
    turn, position = divmod(number, _CYCLE)
    match position:
        case 0 | 1 | 2 | 3 | 4 | 5 | 6:
            return _sample(
                number,
                "shop.order.created",
                {"order": number, "amount": 20 + number % 180},
                ORDERS_TO_DESK,
                ORDERS_TO_STOCK,
                ANY_ORDER_TO_WAREHOUSE,
            )
        case 7 | 8 | 9:
            return _sample(number, "shop.order.shipped", {"order": number}, ANY_ORDER_TO_WAREHOUSE)
        case 10 | 11 | 12:
            return _invoice(number, amount=(turn * 3 + position) % 5 * 500, discounted=position == 12)
        case 13 | 14:
            tiers = {"old": {"tier": 1}, "new": {"tier": 2 if position == 13 else 1}}
            return _sample(number, "crm.customer.updated", tiers, *([TIERS_TO_TAX_OFFICE] if position == 13 else []))
        case 15:
            return payment(f"event-{number}")
        case 16:
            return _sample(number, "shop.return.requested", {"order": number}, RETURNS_TO_ARCHIVE)
        case _:
            return _sample(number, "shop.cart.viewed", {"items": number % 7})


def _invoice(number: int, amount: int, *, discounted: bool) -> SampleEvent:
    """Only some invoices name a discount: for the others, the rule about it has no answer and does not fire."""
    data: dict[str, Any] = {"invoice": number, "amount": amount}
    integrations = [LARGE_INVOICES_TO_CRM] if amount > 900 else []
    if discounted:
        percent = 10 + number % 3 * 10
        data["discount"] = {"percent": percent}
        integrations += [DISCOUNTS_TO_DESK] if percent >= 20 else []
    return _sample(number, "billing.invoice.created", data, *integrations)


def payment(event_id: str) -> SampleEvent:
    """A declined payment: for the ledger, which refuses until it is healed."""
    return SampleEvent(
        event_id, "billing.payment.declined", event_id, {"reason": "expired"}, frozenset({PAYMENTS_TO_LEDGER})
    )


def _sample(number: int, type_: str, data: dict[str, Any], *integrations: str) -> SampleEvent:
    return SampleEvent(f"event-{number}", type_, f"subject-{number}", data, frozenset(integrations))
