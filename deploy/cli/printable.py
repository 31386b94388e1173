"""Other people's bytes and texts on a terminal: what does not print is escaped, so that none of it is a command.

Pure; used wherever a screen shows what a producer sent or a receiver answered.
"""

from __future__ import annotations

from datetime import UTC, datetime

_HEX_ROW = 16


def moment(at_ms: int) -> str:
    """RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def readable(raw: bytes) -> str | None:
    """The text that ``raw`` is; None when it is none or would do something to a terminal."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if all(character.isprintable() or character in "\n\t" for character in text) else None


def in_a_line(raw: bytes) -> str:
    """Bytes as text, with what is none escaped."""
    return visible(raw.decode("utf-8", "backslashreplace"))


def visible(text: str, *, lines: bool = False) -> str:
    """``text`` with everything that does not print escaped; line breaks and tabs stay where ``lines`` says so."""
    kept = "\n\t" if lines else ""
    return "".join(
        character if character.isprintable() or character in kept else repr(character)[1:-1] for character in text
    )


def hex_dump(raw: bytes) -> str:
    """Rows of offset, sixteen bytes, and what of them is ASCII."""
    rows = []
    for start in range(0, len(raw), _HEX_ROW):
        row = raw[start : start + _HEX_ROW]
        said = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{start:08x}  {row.hex(' '):<{3 * _HEX_ROW - 1}}  {said}")
    return "\n".join(rows)
