"""`make check-deploy`: renders every overlay and judges it. Ends with status 1 when something is wrong.

What it needs it builds or fetches once, from package registries, and keeps beside the local broker's jars; a second run
needs no network.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from deploy.checks import compose_file, rendering, schemas, settings_agreement, strimzi_reading, validation
from deploy.checks.core import fleet_policies, pod_policies
from deploy.checks.core.workloads import Document, workloads
from deploy.programs.go_programs import BuildFailed


def main() -> int:
    """Check everything; the process's exit status."""
    try:
        against = schemas.schemas(os.environ, _say)
        wrong = [
            f"{overlay}: {sentence}" for overlay in rendering.overlays() for sentence in _checked(overlay, against)
        ]
        services = compose_file.compose_services(os.environ, _say)
        print(f"{compose_file.COMPOSE_FILE.name}: {len(services)} services")
        wrong += compose_file.compose_faults(services)
    except (BuildFailed, rendering.RenderingFailed, compose_file.ComposeRefused) as reason:
        _say(str(reason))
        return 1
    for sentence in wrong:
        print(f"  {sentence}")
    if wrong:
        print(f"{len(wrong)} fault(s).")
        return 1
    print(
        f"Valid for Kubernetes {schemas.KUBERNETES.version}, KEDA {schemas.KEDA.version} and Prometheus Operator "
        f"{schemas.PROMETHEUS_OPERATOR.version}.\n"
        f"Read by the classes of Strimzi {strimzi_reading.version()}; its CRDs, in no registry, were not asked."
    )
    return 0


def _checked(overlay: str, against: schemas.Schemas) -> Iterator[str]:
    documents = rendering.rendered(overlay, os.environ, _say)
    strimzi = [each for each in documents if strimzi_reading.reads(each)]
    others = [each for each in documents if not strimzi_reading.reads(each)]
    print(f"{overlay}: {len(documents)} resources, {len(list(workloads(documents)))} of them workloads")
    yield from validation.invalid(others, against, os.environ, _say)
    yield from strimzi_reading.misread(strimzi, os.environ, _say)
    yield from _policies(documents)
    yield from settings_agreement.disagreements(documents)


def _policies(documents: Sequence[Document]) -> Iterator[str]:
    for rule in fleet_policies.POLICIES:
        yield from rule(documents)
    for workload in workloads(documents):
        for pod_rule in pod_policies.POLICIES:
            for sentence in pod_rule(workload):
                yield f"{workload}: {sentence}"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
