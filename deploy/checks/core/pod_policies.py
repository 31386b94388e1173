"""What every pod must be: powerless, bounded, probed, stopped gently, from an image with a name that does not move.

The rules are those of Kubernetes' own "restricted" standard, which production's namespace enforces, and those of this
fleet on top. Each yields a sentence a violation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from deploy.checks.core.workloads import Document, Workload

#: Seconds that a process is left beyond its own drain before it is killed.
GRACE_MARGIN_SECONDS = 5.0
DRAIN_VARIABLE = "HOOKFLEET_DRAIN_SECONDS"
#: repository[:port]/name:tag, or with a digest.
_PINNED = re.compile(r".+(:(?!latest$)[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$")


def runs_as_nobody(workload: Workload) -> Iterator[str]:
    """A user without rights, by number, with the runtime's filter of system calls."""
    context = workload.pod.get("securityContext", {})
    if not context.get("runAsNonRoot"):
        yield "runAsNonRoot is not set"
    if not context.get("runAsUser") or not context.get("runAsGroup"):
        yield "runAsUser or runAsGroup is no number above 0"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile is not RuntimeDefault"
    for container in workload.containers:
        if container.get("securityContext", {}).get("runAsUser") == 0:
            yield f"container {container['name']} runs as root"


def gains_no_rights(workload: Workload) -> Iterator[str]:
    """No capability, no way to more rights, nothing of the node, no token for the cluster's API."""
    if workload.pod.get("automountServiceAccountToken") is not False:
        yield "a token for the cluster's API is mounted"
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        if workload.pod.get(shared):
            yield f"{shared} is set"
    for volume in workload.pod.get("volumes", ()):
        if "hostPath" in volume:
            yield f"volume {volume['name']} is a folder of the node"
    for container in workload.containers:
        context = container.get("securityContext", {})
        if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
            yield f"container {container['name']} may gain rights"
        if context.get("capabilities", {}).get("drop") != ["ALL"] or context["capabilities"].get("add"):
            yield f"container {container['name']} keeps capabilities"


def writes_nothing_but_scratch(workload: Workload) -> Iterator[str]:
    """A root file system that nobody can write, and folders with a bound where something must be."""
    for container in workload.containers:
        if not container.get("securityContext", {}).get("readOnlyRootFilesystem"):
            yield f"container {container['name']} can write its root file system"
    for volume in workload.pod.get("volumes", ()):
        if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
            yield f"volume {volume['name']} has no size limit"


def is_bounded(workload: Workload) -> Iterator[str]:
    """Requests for the scheduler, limits for the node."""
    for container in workload.containers:
        for bound in ("requests", "limits"):
            given = container.get("resources", {}).get(bound, {})
            for resource in ("cpu", "memory"):
                if resource not in given:
                    yield f"container {container['name']} has no {resource} in its {bound}"


def is_probed(workload: Workload) -> Iterator[str]:
    """Alive by /healthz, which asks nobody else; ready by /readyz; patience at the start."""
    if not workload.runs_for_ever:
        return
    for container in workload.pod["containers"]:
        for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
            asked = container.get(probe, {}).get("httpGet", {}).get("path")
            if asked != path:
                yield f"container {container['name']}: its {probe} asks {asked}, not {path}"


def image_stays_the_same(workload: Workload) -> Iterator[str]:
    """A tag that is a version, or a digest."""
    for container in workload.containers:
        if not _PINNED.match(str(container.get("image", ""))):
            yield f"container {container['name']}: image {container.get('image')} is not pinned"


def may_drain(workload: Workload) -> Iterator[str]:
    """The grace period is longer than what comes before SIGTERM and the drain that follows it together."""
    if not workload.runs_for_ever:
        return
    grace = float(workload.pod.get("terminationGracePeriodSeconds", 30))
    for container in workload.pod["containers"]:
        before = float(container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))
        drain = _value(container, DRAIN_VARIABLE)
        if drain is None:
            yield f"container {container['name']}: {DRAIN_VARIABLE} is not given"
        elif grace < before + float(drain) + GRACE_MARGIN_SECONDS:
            yield f"container {container['name']}: {grace:.0f} s of grace for {before:.0f} s and a drain of {drain} s"


def _value(container: Document, variable: str) -> str | None:
    return next((each.get("value") for each in container.get("env", ()) if each["name"] == variable), None)


POLICIES: tuple[Callable[[Workload], Iterator[str]], ...] = (
    runs_as_nobody,
    gains_no_rights,
    writes_nothing_but_scratch,
    is_bounded,
    is_probed,
    image_stays_the_same,
    may_drain,
)
