"""Which manifests are written rather than edited, and what stands in them: what the code's own tables say.

Kept in the repository, so that an overlay can be applied with nothing but kustomize; a test says that they are what
this module gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.kubernetes.access import rights
from deploy.kubernetes.ingress import ingress_resource
from deploy.kubernetes.strimzi import topic_resource, user_resource
from deploy.local.gateway.routes import ROUTES
from shared.core.topics import topics

FOLDER = Path(__file__).parent
RULES = FOLDER.parent / "monitoring" / "rules"
_NOTE = "# Written by `make deploy-manifests` from {}; edit that and write it anew.\n"


def written() -> dict[Path, str]:
    """Text by file."""
    settings = base_settings()
    prefix = settings["HOOKFLEET_TOPIC_PREFIX"]
    copies = int(settings["HOOKFLEET_REPLICATION_FACTOR"])
    fleet = topics(prefix, int(settings["HOOKFLEET_PARTITIONS"]))
    components = FOLDER / "components"
    return {
        components / "strimzi" / "topics.yaml": _text(
            "shared/core/topics.py", [topic_resource(topic, copies) for topic in fleet.all()]
        ),
        components / "strimzi" / "users.yaml": _text(
            "deploy/kubernetes/access.py", [user_resource(each, prefix) for each in rights(fleet, prefix)]
        ),
        components / "prometheus-operator" / "rules.yaml": _text("deploy/monitoring/rules", [_rules_resource()]),
        FOLDER / "base" / "ingress.yaml": _text("deploy/local/gateway/routes.py", [ingress_resource(ROUTES)]),
    }


def base_settings() -> dict[str, str]:
    """What base says to every service, by environment name."""
    base = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())
    literals = next(each["literals"] for each in base["configMapGenerator"] if each["name"] == "hookfleet-settings")
    return dict(literal.split("=", 1) for literal in literals)


def _rules_resource() -> dict[str, Any]:
    files = sorted(RULES.glob("*.yaml"))
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "hookfleet"},
        "spec": {"groups": [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]},
    }


class _Plain(yaml.SafeDumper):
    """Without anchors (what is written twice stands there twice) and with lines as lines."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, data: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Plain.add_representer(str, _Plain.text)


def _text(source: str, documents: Iterable[Mapping[str, Any]]) -> str:
    return _NOTE.format(source) + yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, width=110)
