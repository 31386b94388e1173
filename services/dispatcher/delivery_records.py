"""Delivery requests as records: what a record asks for, and the name of that piece of work."""

from pydantic import ValidationError

from shared.core.faults import Fault, InvalidInput
from shared.core.messages.delivery import DELIVERY_HEADER, DeliveryRequest, decode_delivery
from shared.core.records import Record

#: Run id and step: one piece of work, however often it is read.
Work = tuple[str, int]


def read_request(record: Record) -> DeliveryRequest:
    """Raises InvalidInput or pydantic.ValidationError when the record is no delivery request."""
    headers = record.headers
    if DELIVERY_HEADER not in headers or record.value is None:
        missing = "(value)" if DELIVERY_HEADER in headers else f"header {DELIVERY_HEADER}"
        raise InvalidInput([Fault(missing, "missing", "only the dispatcher writes this topic")])
    return decode_delivery(headers)


def work_of(record: Record) -> Work | None:
    """What a record asks for; None where it is no delivery request."""
    try:
        request = read_request(record)
    except (InvalidInput, ValidationError):
        return None
    return request.run_id, request.step
