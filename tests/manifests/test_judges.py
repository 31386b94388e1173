"""The programs that judge manifests do: what nobody would take, they refuse.

Run by `make check-deploy`, which has built them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.checks import strimzi_reading
from deploy.checks.compose_file import COMPOSE_FILE
from deploy.checks.rendering import overlays, rendered
from deploy.checks.schemas import schemas
from deploy.checks.validation import invalid
from deploy.kubernetes.strimzi import API, topic_resource
from deploy.kubernetes.written import RULES
from deploy.local.monitoring.programs import find_programs
from shared.core.topics import topics

SCALED: dict[str, Any] = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "x"},
    "spec": {"scaleTargetRef": {"name": "x"}, "triggers": [{"type": "kafka", "metadata": {}}]},
}
MONITOR: dict[str, Any] = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "x"},
    "spec": {"selector": {}, "endpoints": [{"port": "http"}]},
}
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "x"},
    "spec": {"ports": [{"port": 1}]},
}


def said(document: dict[str, Any]) -> list[str]:
    return list(invalid([document], schemas(os.environ, print), os.environ, print))


@pytest.mark.parametrize("document", [SCALED, MONITOR, SERVICE], ids=lambda document: document["kind"])
def test_a_field_that_nobody_knows_is_refused(document: dict[str, Any]) -> None:
    assert said(document) == []
    (sentence,) = said(document | {"spec": {**document["spec"], "replicsa": 3}})
    assert "spec.replicsa" in sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"partitoins": 3}, ".spec.partitoins is no property"),
        ({"partitions": "many"}, "many"),
    ],
)
def test_what_strimzi_would_not_understand_is_refused(change: dict[str, Any], sentence: str) -> None:
    topic = topic_resource(topics("", 1).config, 1)
    assert topic["apiVersion"] == API
    assert list(strimzi_reading.misread([topic], os.environ, print)) == []
    (found,) = strimzi_reading.misread([topic | {"spec": topic["spec"] | change}], os.environ, print)
    assert sentence in found


def test_a_laptops_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    shutil.copy(COMPOSE_FILE.parent / "laptop" / "prometheus.yaml", tmp_path)
    shutil.copytree(RULES, tmp_path / "rules")
    checked = subprocess.run(
        [find_programs().promtool, "check", "config", tmp_path / "prometheus.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(list(RULES.glob("*.yaml"))) == checked.stdout.count("rules found")


def test_an_overlay_says_where_its_pods_run() -> None:
    assert overlays() == ["dev", "production"]
    for overlay in overlays():
        documents = rendered(overlay, os.environ, print)
        (namespace,) = (each["metadata"]["name"] for each in documents if each["kind"] == "Namespace")
        assert {each["metadata"].get("namespace", namespace) for each in documents} == {namespace}
