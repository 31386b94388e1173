"""Header names that no producer sends by accident."""


class NotUtf8(str):
    """A header name that kafka-python's producer sends as these bytes."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"trace-\xff\xfe"
