"""By how much a metric of this process has grown."""

from prometheus_client import REGISTRY


class Counted:
    """Counts from its making on; with ``labels`` one series of the metric."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name = name
        self._labels = labels
        self._before = self._value()

    @property
    def since(self) -> float:
        return self._value() - self._before

    def _value(self) -> float:
        return REGISTRY.get_sample_value(self._name, self._labels) or 0.0
