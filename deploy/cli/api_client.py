"""The HTTP API as commands use it: a key, one address, and answers that are data or a problem with its faults.

What the server refused comes back as `Refused` with the problem document's words; that it could not be asked at all as
`Unreachable`. Neither holds the API key.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from shared.core.faults import Fault

#: Seconds for an answer; a configuration write may wait five for its place.
_TIMEOUT_SECONDS = 30.0


class Unreachable(Exception):
    """Nobody answers at the address."""


class Refused(Exception):
    """The server's answer is a problem document: ``status``, a sentence, and a fault for every field that is wrong."""

    def __init__(self, status: int, title: str, detail: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(detail or title)
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = faults


class ApiClient:
    """One connection pool to one address; a context manager."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(
            base_url=self._url, headers={"Authorization": f"Bearer {api_key}"}, timeout=_TIMEOUT_SECONDS
        )

    def get(self, path: str, **query: str | None) -> Any:
        """The decoded answer. Raises Refused or Unreachable."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", path, params=asked)

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        idempotency_key: str | None = None,
    ) -> Any:
        """The decoded answer; with one ``idempotency_key`` the same act done twice is done once. Raises Refused or
        Unreachable."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        if body is None:
            return self._ask("POST", path, headers=headers)
        return self._ask("POST", path, json=body, headers=headers | {"Content-Type": content_type})

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        try:
            response = self._client.request(method, path, **request)
        except httpx.InvalidURL as error:
            raise Unreachable(f"{self._url} is not an address: {error}") from None
        except httpx.TransportError as error:
            raise Unreachable(
                f"{self._url} does not answer ({error}); start a fleet with `hookfleet up`, or name another "
                "address with --url or HOOKFLEET_URL"
            ) from None
        if response.is_success:
            return response.json() if response.content else None
        raise _refusal(response)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def _refusal(response: httpx.Response) -> Refused:
    try:
        document = response.json()
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    faults = tuple(
        Fault(str(each.get("field", "")), str(each.get("message", "")), str(each.get("fix", "")))
        for each in document.get("errors", ())
    )
    title = str(document.get("title", response.reason_phrase))
    return Refused(response.status_code, title, str(document.get("detail", "")), faults)
