"""Health and readiness: what they mean, apart from how they are served.

*Healthy* means that the process itself works: no component has crashed. It never depends on Kafka or a database,
because restarting us does not mend them. *Ready* means that every named part says so: tables read to their end,
partitions assigned or joined, the broker answering.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Health:
    """Named checks; each returns None when well, else a sentence. Checks are called from HTTP threads and must not
    block."""

    _ready: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    _crashed: str | None = None

    def add(self, name: str, check: Callable[[], str | None]) -> None:
        self._ready[name] = check

    def crashed(self, component: str) -> None:
        self._crashed = component

    def checks(self) -> dict[str, bool]:
        """Whether each named part is ready now."""
        return {name: check() is None for name, check in list(self._ready.items())}

    def healthz(self) -> tuple[int, dict[str, object]]:
        """(HTTP status, document)."""
        if self._crashed is not None:
            return 503, {"status": "crashed", "component": self._crashed}
        return 200, {"status": "ok"}

    def readyz(self) -> tuple[int, dict[str, object]]:
        # A process that has not said yet what it consists of is only starting.
        checks = dict(self._ready) or {"process": lambda: "starting"}
        waiting = {name: said for name, check in checks.items() if (said := check()) is not None}
        if waiting:
            return 503, {"status": "waiting", "waiting": waiting}
        return 200, {"status": "ready"}
