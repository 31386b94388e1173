"""How old secrets are and when certificates expire, in sum: which ones they are an operator asks the API.

When a secret was made stands nowhere. A credential's record is written when a secret is added, supplied or sealed with
another key, and on any other edit; so a secret is at least as old as its record, and the record that was left alone
longest bounds the age of the sealing key as well, since a change of that key writes all of them.
"""

from shared.adapters import metrics
from shared.adapters.client_certificates import expires_at
from shared.core.records import Record
from shared.core.resources import Kind, MutualTlsCredential, Resource

_PREFIX = f"{Kind.CREDENTIAL}/".encode()


class SecretAges:
    """Fed with every record of the ``config`` topic, by one thread; asked by any."""

    def __init__(self) -> None:
        self._written_ms: dict[bytes, int] = {}
        self._expire_at: dict[bytes, float] = {}
        metrics.OLDEST_SECRET.watch("config", self._oldest)
        metrics.CERTIFICATE_EXPIRY.watch("receivers", self._first_expiry)

    def apply(self, record: Record) -> None:
        """Raises pydantic.ValidationError when a credential's value is none."""
        key = record.key or b""
        if not key.startswith(_PREFIX):
            return
        self._written_ms.pop(key, None)
        self._expire_at.pop(key, None)
        if record.value is None:
            return
        resource = Resource.model_validate_json(record.value)
        if resource.sealed:
            self._written_ms[key] = record.timestamp_ms
        if isinstance(resource.spec, MutualTlsCredential) and (expiry := expires_at(resource.spec.certificate)):
            self._expire_at[key] = expiry

    def _oldest(self) -> metrics.Values:
        written_ms = list(self._written_ms.values())
        return {(): min(written_ms) / 1000} if written_ms else {}

    def _first_expiry(self) -> metrics.Values:
        expire_at = list(self._expire_at.values())
        return {("receivers",): min(expire_at)} if expire_at else {}
