"""What the manifests must be together: everything that is named is there, and what belongs together agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from deploy.checks.core.workloads import Document, Workload, config_maps, of_kind, selects, workloads

PARTITIONS_VARIABLE = "HOOKFLEET_PARTITIONS"


def selectors_fit(documents: Sequence[Document]) -> Iterator[str]:
    """A workload selects its own pods and nobody else's; a Service selects some."""
    everyone = list(workloads(documents))
    for workload in everyone:
        selector = workload.document["spec"].get("selector", {}).get("matchLabels")
        if selector is None:
            continue
        chosen = [other.name for other in everyone if selects(selector, other.labels)]
        if chosen != [workload.name]:
            yield f"{workload} selects the pods of {chosen}"
    for service in of_kind(documents, "Service"):
        if not any(selects(service["spec"]["selector"], workload.labels) for workload in everyone):
            yield f"Service {service['metadata']['name']} selects no pods"


def disruptions_are_bounded(documents: Sequence[Document]) -> Iterator[str]:
    """Whoever empties a node takes one pod of a workload at a time."""
    budgets = [each["spec"]["selector"]["matchLabels"] for each in of_kind(documents, "PodDisruptionBudget")]
    for workload in workloads(documents):
        if workload.runs_for_ever and not any(selects(budget, workload.labels) for budget in budgets):
            yield f"{workload} has no PodDisruptionBudget"


def nobody_talks_unless_allowed(documents: Sequence[Document]) -> Iterator[str]:
    """One policy refuses everything, for all pods and both directions."""
    for policy in of_kind(documents, "NetworkPolicy"):
        spec = policy["spec"]
        closed = set(spec["policyTypes"]) == {"Ingress", "Egress"} and "ingress" not in spec and "egress" not in spec
        if spec["podSelector"] == {} and closed:
            return
    yield "no NetworkPolicy refuses everything"


def only_senders_reach_outside(documents: Sequence[Document]) -> Iterator[str]:
    """Addresses outside the cluster are for the roles that post to webhooks."""
    for policy in of_kind(documents, "NetworkPolicy"):
        outside = any("ipBlock" in peer for rule in policy["spec"].get("egress", ()) for peer in rule.get("to", [{}]))
        anywhere = any("to" not in rule for rule in policy["spec"].get("egress", ()))
        if not outside and not anywhere:
            continue
        for workload in workloads(documents):
            may = _covers(policy["spec"]["podSelector"], workload.labels)
            if may and workload.name not in ("dispatcher-send", "dispatcher-ordered"):
                yield f"NetworkPolicy {policy['metadata']['name']} lets {workload} reach outside"


def _covers(selector: Document, labels: Any) -> bool:
    if not selects(selector.get("matchLabels", {}), labels):
        return False
    for term in selector.get("matchExpressions", ()):
        among = labels.get(term["key"]) in term["values"]
        if among != (term["operator"] == "In"):
            return False
    return True


def scaling_fits(documents: Sequence[Document]) -> Iterator[str]:
    """What scales is there, gives itself no number of pods, and grows to one pod a partition at most."""
    by_name = {(each.kind, each.name): each for each in workloads(documents)}
    (partitions,) = {
        data[PARTITIONS_VARIABLE] for data in config_maps(documents).values() if PARTITIONS_VARIABLE in data
    }
    for scaled in of_kind(documents, "ScaledObject"):
        target = scaled["spec"]["scaleTargetRef"]
        workload = by_name.get((target["kind"], target["name"]))
        if workload is None:
            yield f"ScaledObject {scaled['metadata']['name']} scales {target['name']}, which is not there"
        elif "replicas" in workload.document["spec"]:
            yield f"{workload} is scaled and says how many it is"
        if scaled["spec"]["maxReplicaCount"] != int(partitions):
            yield f"ScaledObject {scaled['metadata']['name']} ends at another number than {partitions} partitions"


def config_maps_are_there(documents: Sequence[Document]) -> Iterator[str]:
    """Every ConfigMap that a pod reads is one of ours, with that key."""
    there = config_maps(documents)
    for workload in workloads(documents):
        for name, key in _config_references(workload):
            if name not in there or (key is not None and key not in there[name]):
                yield f"{workload} reads {key or 'all'} of ConfigMap {name}, which is not there"


def _config_references(workload: Workload) -> Iterator[tuple[str, str | None]]:
    for container in workload.containers:
        for source in container.get("envFrom", ()):
            if "configMapRef" in source:
                yield source["configMapRef"]["name"], None
        for variable in container.get("env", ()):
            if reference := variable.get("valueFrom", {}).get("configMapKeyRef"):
                yield reference["name"], reference["key"]


def secrets_are_elsewhere(documents: Sequence[Document]) -> Iterator[str]:
    """The manifests name secrets and hold none."""
    for secret in of_kind(documents, "Secret"):
        yield f"Secret {secret['metadata']['name']} stands in the manifests"


POLICIES: tuple[Callable[[Sequence[Document]], Iterator[str]], ...] = (
    selectors_fit,
    disruptions_are_bounded,
    nobody_talks_unless_allowed,
    only_senders_reach_outside,
    scaling_fits,
    config_maps_are_there,
    secrets_are_elsewhere,
)
