"""The rules about manifests: each is quiet about what is right and says what is wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from deploy.checks import strimzi_reading
from deploy.checks.compose_file import compose_faults
from deploy.checks.core import fleet_policies, pod_policies
from deploy.checks.core.workloads import Workload
from deploy.checks.rendering import KUSTOMIZE
from deploy.checks.schemas import CRD_MODULES, KUBERNETES
from deploy.checks.settings_agreement import disagreements
from deploy.container.building import DOCKERFILE

GOOD = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: dispatcher-send}
spec:
  selector: {matchLabels: {part: send}}
  template:
    metadata: {labels: {part: send}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 150
      securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: hookfleet
          image: registry.example.com:5000/hookfleet:0.1.0
          args: [services.disabler]
          envFrom: [{configMapRef: {name: settings}}]
          env:
            - {name: HOOKFLEET_DRAIN_SECONDS, value: "130"}
            - {name: HOOKFLEET_SECRETS_DIR, value: /secrets}
            - {name: HOOKFLEET_KAFKA_USERNAME, value: somebody}
            - {name: HOOKFLEET_DATA_DIR, value: /data}
          lifecycle: {preStop: {sleep: {seconds: 10}}}
          startupProbe: {httpGet: {path: /healthz, port: http}}
          livenessProbe: {httpGet: {path: /healthz, port: http}}
          readinessProbe: {httpGet: {path: /readyz, port: http}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}
          volumeMounts: [{name: secrets, mountPath: /secrets}, {name: ca, mountPath: /ca}]
      volumes:
        - {name: scratch, emptyDir: {sizeLimit: 64Mi}}
        - name: secrets
          projected: {sources: [{secret: {name: user, items: [{key: password, path: hookfleet_kafka_password}]}}]}
        - {name: ca, secret: {secretName: ca}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  KAFKA_BOOTSTRAP_SERVERS: kafka:9093
  HOOKFLEET_PARTITIONS: "12"
  HOOKFLEET_KAFKA_SECURITY_PROTOCOL: SASL_SSL
  HOOKFLEET_KAFKA_SASL_MECHANISM: SCRAM-SHA-512
  HOOKFLEET_KAFKA_CA_FILE: /ca/ca.crt
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: send}
spec: {maxUnavailable: 1, selector: {matchLabels: {part: send}}}
---
apiVersion: v1
kind: Service
metadata: {name: send}
spec: {selector: {part: send}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: nothing}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: send}
spec: {maxReplicaCount: 12, scaleTargetRef: {kind: StatefulSet, name: dispatcher-send}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: webhooks}
spec:
  podSelector: {matchExpressions: [{key: part, operator: In, values: [send]}]}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]
"""

Documents = list[dict[str, Any]]
#: Where a change happens: the workload's pod and its container, or the whole documents.
Change = Callable[[dict[str, Any], dict[str, Any], Documents], object]


def said(change: Change = lambda pod, container, documents: None) -> list[str]:
    """Everything that any rule says about the good documents after a change."""
    documents: Documents = copy.deepcopy(list(yaml.safe_load_all(GOOD)))
    pod = documents[0]["spec"]["template"]["spec"]
    change(pod, pod["containers"][0], documents)
    workload = Workload(documents[0])
    sentences = [sentence for rule in pod_policies.POLICIES for sentence in rule(workload)]
    sentences += [sentence for rule in fleet_policies.POLICIES for sentence in rule(documents)]
    return sentences + list(disagreements(documents))


def test_nothing_is_said_about_what_is_right() -> None:
    assert said() == []


WRONG: list[tuple[str, Change]] = [
    ("runAsNonRoot is not set", lambda pod, c, d: pod["securityContext"].pop("runAsNonRoot")),
    ("no number above 0", lambda pod, c, d: pod["securityContext"].update(runAsUser=0)),
    ("seccompProfile", lambda pod, c, d: pod["securityContext"].pop("seccompProfile")),
    ("runs as root", lambda pod, c, d: c["securityContext"].update(runAsUser=0)),
    ("a token for the cluster's API", lambda pod, c, d: pod.pop("automountServiceAccountToken")),
    ("hostNetwork is set", lambda pod, c, d: pod.update(hostNetwork=True)),
    ("folder of the node", lambda pod, c, d: pod["volumes"].append({"name": "x", "hostPath": {"path": "/"}})),
    ("may gain rights", lambda pod, c, d: c["securityContext"].pop("allowPrivilegeEscalation")),
    ("keeps capabilities", lambda pod, c, d: c["securityContext"]["capabilities"].update(add=["NET_ADMIN"])),
    ("can write its root file system", lambda pod, c, d: c["securityContext"].pop("readOnlyRootFilesystem")),
    ("no size limit", lambda pod, c, d: pod["volumes"].append({"name": "x", "emptyDir": {}})),
    ("no memory in its limits", lambda pod, c, d: c["resources"]["limits"].pop("memory")),
    ("no cpu in its requests", lambda pod, c, d: c["resources"].pop("requests")),
    ("its livenessProbe asks /readyz", lambda pod, c, d: c["livenessProbe"]["httpGet"].update(path="/readyz")),
    ("its readinessProbe asks None", lambda pod, c, d: c.pop("readinessProbe")),
    ("is not pinned", lambda pod, c, d: c.update(image="registry.example.com:5000/hookfleet")),
    ("is not pinned", lambda pod, c, d: c.update(image="hookfleet:latest")),
    ("144 s of grace", lambda pod, c, d: pod.update(terminationGracePeriodSeconds=144)),
    ("HOOKFLEET_DRAIN_SECONDS is not given", lambda pod, c, d: c["env"].pop(0)),
    ("selects the pods of []", lambda pod, c, d: d[0]["spec"]["selector"]["matchLabels"].update(part="x")),
    ("selects no pods", lambda pod, c, d: d[3]["spec"].update(selector={"part": "x"})),
    ("has no PodDisruptionBudget", lambda pod, c, d: d.pop(2)),
    ("no NetworkPolicy refuses everything", lambda pod, c, d: d.pop(4)),
    ("lets StatefulSet x reach outside", lambda pod, c, d: d[0]["metadata"].update(name="x")),
    ("scales x, which is not there", lambda pod, c, d: d[5]["spec"]["scaleTargetRef"].update(name="x")),
    ("is scaled and says how many it is", lambda pod, c, d: d[0]["spec"].update(replicas=2)),
    ("another number than 12 partitions", lambda pod, c, d: d[5]["spec"].update(maxReplicaCount=13)),
    ("reads all of ConfigMap x", lambda pod, c, d: c["envFrom"].append({"configMapRef": {"name": "x"}})),
    ("stands in the manifests", lambda pod, c, d: d.append({"kind": "Secret", "metadata": {"name": "x"}})),
    ("HOOKFLEET_ROLES is no setting", lambda pod, c, d: c["env"].append({"name": "HOOKFLEET_ROLES", "value": "send"})),
    (
        "HOOKFLEET_KAFKA_PASSWORD is a secret and stands in plain",
        lambda pod, c, d: c["env"].append({"name": "HOOKFLEET_KAFKA_PASSWORD", "value": "x"}),
    ),
    ("HOOKFLEET_KAFKA_PASSWORD", lambda pod, c, d: pod["volumes"].pop(1)),
    ("HOOKFLEET_DATA_DIR: Field required", lambda pod, c, d: c["env"].pop()),
    ("HOOKFLEET_KAFKA_CA_FILE", lambda pod, c, d: c["volumeMounts"].pop()),
    ("HOOKFLEET_PARTITIONS: Input should be", lambda pod, c, d: d[1]["data"].update(HOOKFLEET_PARTITIONS="0")),
    ("is no command of the image", lambda pod, c, d: c.update(args=["services.other"])),
    (
        "the file hookfleet_other is no setting",
        lambda pod, c, d: pod["volumes"][1]["projected"]["sources"][0]["secret"]["items"][0].update(
            path="hookfleet_other"
        ),
    ),
]


@pytest.mark.parametrize(("sentence", "change"), WRONG, ids=[sentence for sentence, _ in WRONG])
def test_what_is_wrong_is_said(sentence: str, change: Change) -> None:
    assert any(sentence in each for each in said(change)), said(change)


LAPTOP: dict[str, Any] = {
    "image": "hookfleet:0.1.0",
    "build": {},
    "read_only": True,
    "cap_drop": ["ALL"],
    "command": ["services.event_recorder.migrations"],
    "ports": [{"target": 8080, "host_ip": "127.0.0.1"}],
    "environment": {"HOOKFLEET_SECRETS_DIR": "/run/secrets"},
    "secrets": [{"source": "hookfleet_database_url"}],
}


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({}, []),
        ({"image": "hookfleet"}, ["x: image hookfleet is not pinned"]),
        ({"image": "hookfleet:latest"}, ["x: image hookfleet:latest is not pinned"]),
        ({"read_only": False}, ["x: it can write its root file system, or keeps capabilities"]),
        ({"ports": [{"target": 8080}]}, ["x: port 8080 is open to the network"]),
        ({"secrets": []}, ["x: HOOKFLEET_DATABASE_URL: Field required"]),
        ({"volumes": [{"type": "bind", "source": "/nowhere/at/all"}]}, ["x: /nowhere/at/all is not there"]),
    ],
)
def test_a_laptops_process_is_judged_too(change: dict[str, Any], sentences: list[str]) -> None:
    assert list(compose_faults({"x": LAPTOP | change})) == sentences


def test_the_guide_names_the_versions_that_are_judged_by() -> None:
    guide = (DOCKERFILE.parents[2] / "docs" / "operations" / "install.md").read_text()
    versions = [module.version.removeprefix("v") for module in (KUBERNETES, *CRD_MODULES)]
    for version in (*versions, strimzi_reading.version(), KUSTOMIZE.version):
        assert version in guide, version
