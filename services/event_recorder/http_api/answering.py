"""JSON out: documents are built by us, with stored JSON passed on as it is."""

from typing import Any

import orjson
from fastapi import Response


def json_answer(document: Any, status: int = 200) -> Response:
    """``document`` as JSON."""
    return Response(orjson.dumps(document), status, media_type="application/json")
