"""Rendered manifests as the checks look at them: documents by kind, and workloads with their one container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]

#: Kinds that make pods.
WORKLOAD_KINDS = ("Deployment", "StatefulSet", "Job")


@dataclass(frozen=True, slots=True)
class Workload:
    """A resource that makes pods."""

    document: Document

    @property
    def kind(self) -> str:
        return str(self.document["kind"])

    @property
    def name(self) -> str:
        return str(self.document["metadata"]["name"])

    @property
    def runs_for_ever(self) -> bool:
        return self.kind != "Job"

    @property
    def labels(self) -> Mapping[str, str]:
        """Of its pods."""
        return dict(self.document["spec"]["template"]["metadata"].get("labels", {}))

    @property
    def pod(self) -> Document:
        spec: Document = self.document["spec"]["template"]["spec"]
        return spec

    @property
    def containers(self) -> Sequence[Document]:
        return [*self.pod.get("initContainers", ()), *self.pod["containers"]]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def workloads(documents: Iterable[Document]) -> Iterator[Workload]:
    """Every resource that makes pods."""
    return (Workload(document) for document in documents if document["kind"] in WORKLOAD_KINDS)


def of_kind(documents: Iterable[Document], *kinds: str) -> Iterator[Document]:
    """Documents of these kinds."""
    return (document for document in documents if document["kind"] in kinds)


def config_maps(documents: Iterable[Document]) -> dict[str, Mapping[str, str]]:
    """Data of every ConfigMap, by name."""
    return {each["metadata"]["name"]: each.get("data", {}) for each in of_kind(documents, "ConfigMap")}


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether every label of ``selector`` is among ``labels``."""
    return all(labels.get(name) == value for name, value in selector.items())
