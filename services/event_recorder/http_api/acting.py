"""Who acts in a request: as far as one static key can tell, the organization that it stands for."""

from dataclasses import dataclass
from typing import Final

from services.event_recorder.acts.trail import Actor
from shared.adapters.clock import Clock

#: The name of that key, as ingest has it in what it asks of integrations.
KEY_NAME: Final = "api-key"


@dataclass(frozen=True, slots=True)
class Acting:
    """Makes actors: everybody who holds the key of ``organization``, at the time of ``clock``."""

    organization: str
    clock: Clock

    def actor(self) -> Actor:
        return Actor(self.organization, KEY_NAME, self.clock())
