"""What expressions give, as JSON and as text.

A map or a list becomes JSON once, where it was made, and is carried as such. Its members are sorted by name: the
runtime keeps maps in no order, and the same event must become the same body in every attempt.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

import orjson

#: The longest text, JSON or bytes that an expression may give, in bytes: as much as an event may have.
MAX_VALUE_BYTES = 256 * 1024
_JSON = orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


@dataclass(frozen=True, slots=True)
class Structure:
    """A map or a list, as JSON."""

    encoded: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """No value. ``reason`` is for people; ``too_large``: there would be one if it were smaller."""

    reason: str
    too_large: bool = False


Value = None | bool | int | float | str | bytes | Structure


def value_of(plain: Any) -> Value | Failure:
    """What an expression gave, from the Python value that the runtime makes of it."""
    if isinstance(plain, dict | list):
        try:
            encoded = encode_json(plain)
        except ValueError as error:
            return Failure(str(error))
        return _within_bound(Structure(encoded), len(encoded))
    if isinstance(plain, str):
        return _within_bound(plain, len(plain.encode()))
    if isinstance(plain, bytearray):
        return _within_bound(bytes(plain), len(plain))
    if isinstance(plain, datetime | timedelta):
        return text_of(plain)
    if plain is None or isinstance(plain, bool | int | float):
        return plain
    return Failure(f"gives a {type(plain).__name__.lower()}, which is no value to send")


def _within_bound(value: Value, size: int) -> Value | Failure:
    if size > MAX_VALUE_BYTES:
        return Failure(f"gives {size} bytes; {MAX_VALUE_BYTES} are allowed", too_large=True)
    return value


def encode_json(value: Any) -> bytes:
    """A value of CEL as JSON: times as RFC 3339, durations in seconds ("1.5s"), bytes as base64.

    Raises ValueError when it holds what JSON has no form for.
    """
    try:
        encoded = orjson.dumps(value, default=_plain, option=_JSON)
    except TypeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from None
    if b"null" in encoded:
        _refuse_what_is_no_number(value)
    return encoded


def _plain(value: Any) -> Any:
    if isinstance(value, bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.9f}".rstrip("0").rstrip(".") + "s"
    raise TypeError(f"a {type(value).__name__.lower()} has no form there")


def _refuse_what_is_no_number(value: Any) -> None:
    """orjson writes NaN and the infinities as null, without a word."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"cannot be written as JSON: {value} is no number there")
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        _refuse_what_is_no_number(member)


# What templates call; the runtime makes a failed evaluation of a ValueError.


def text_of(value: Any) -> str:
    """Any value as text: JSON for maps and lists, nothing for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    encoded = encode_json(value).decode()
    return _bounded(encoded if isinstance(value, dict | list) else encoded.strip('"'))


def cut(text: str, characters: int) -> str:
    """The first ``characters`` of ``text``."""
    return text[: max(characters, 0)]


def escape_markup(text: str) -> str:
    """``text`` with ``&``, ``<`` and ``>`` as HTML entities, which is what chat markup takes as text."""
    return _bounded(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _bounded(text: str) -> str:
    if len(text) > MAX_VALUE_BYTES:
        raise ValueError(f"gives a text of more than {MAX_VALUE_BYTES} characters")
    return text
