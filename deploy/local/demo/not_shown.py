"""The one way in which the demonstration fails before its sums."""

from __future__ import annotations


class NotShown(Exception):
    """Something that the demonstration is about did not happen in time; the message says what."""
