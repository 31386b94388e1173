"""Manifests that repeat a table of the code: they are what the code says, and they mean what the code means."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kubernetes.access import rights
from deploy.kubernetes.ingress import SERVICES, ingress_resource
from deploy.kubernetes.strimzi import topic_resource, user_resource
from deploy.kubernetes.written import FOLDER, base_settings, written
from deploy.local.gateway.routes import ROUTES, upstream_of
from services.dispatcher.core import address_guard
from shared.core.topics import topics

TOPICS = topics("acme.", 6)


@pytest.mark.parametrize("path", written(), ids=lambda path: path.name)
def test_a_written_manifest_is_what_the_code_says(path: Path) -> None:
    assert path.read_text() == written()[path], "run make deploy-manifests"


def test_three_copies_demand_two_before_a_record_counts() -> None:
    config = topic_resource(TOPICS.deliveries, 3)["spec"]["config"]
    assert config == TOPICS.deliveries.settings() | {"min.insync.replicas": "2"}
    assert "min.insync.replicas" not in topic_resource(TOPICS.deliveries, 1)["spec"]["config"]


def rules_of(user: str) -> dict[tuple[str, str, str], set[str]]:
    (found,) = (each for each in rights(TOPICS, "acme.") if each.user == user)
    acls: list[dict[str, Any]] = user_resource(found, "acme.")["spec"]["authorization"]["acls"]
    resources = ((rule["resource"], set(rule["operations"])) for rule in acls)
    return {(each["type"], each["patternType"], each["name"]): operations for each, operations in resources}


def test_a_user_reads_and_writes_what_its_workload_does_and_looks_at_the_rest() -> None:
    rules = rules_of("hookfleet-disabler")
    assert rules["topic", "literal", "acme.integration-state"] == {"Write"}
    assert rules["topic", "literal", "acme.integration-events"] == {"Read", "Write"}
    assert rules["topic", "prefix", "acme."] == {"Describe", "DescribeConfigs"}
    assert rules["group", "literal", "acme.hookfleet-disabler"] == {"Read"}
    assert ("topic", "literal", "acme.config") not in rules


def test_only_ingest_writes_configuration_and_only_the_disabler_states() -> None:
    for topic, writer in ((TOPICS.config, "hookfleet-ingest"), (TOPICS.integration_state, "hookfleet-disabler")):
        assert [each.user for each in rights(TOPICS, "acme.") if topic in each.writes] == [writer]
    assert rules_of("hookfleet-ingest")["transactionalId", "literal", "acme.hookfleet-config"] == {"Describe", "Write"}


def test_who_only_watches_groups_reads_no_topic() -> None:
    rules = rules_of("hookfleet-keda")
    assert all("Read" not in operations and "Write" not in operations for operations in rules.values())
    assert rules["group", "literal", "acme.hookfleet-send"] == {"Describe"}


def test_every_workload_has_a_user_of_its_own() -> None:
    users = {each.user for each in rights(TOPICS, "acme.")}
    named = {
        variable["value"]
        for file in (FOLDER / "base").glob("*.yaml")
        for document in yaml.safe_load_all(file.read_text())
        if document["kind"] in ("Deployment", "StatefulSet")
        for variable in document["spec"]["template"]["spec"]["containers"][0].get("env", ())
        if variable["name"] == "HOOKFLEET_KAFKA_USERNAME"
    }
    assert named | {"hookfleet-keda"} == users


def service_for(path: str, ingress: dict[str, Any]) -> str | None:
    """Who answers, as the Ingress standard has it: an exact path first, else the longest prefix by segments."""
    (rule,) = ingress["spec"]["rules"]
    fitting = []
    for entry in rule["http"]["paths"]:
        root = entry["path"].rstrip("/")
        exact = entry["pathType"] == "Exact"
        if path == entry["path"] or (not exact and (path.rstrip("/") == root or path.startswith(f"{root}/"))):
            fitting.append((exact, len(root), entry["backend"]["service"]["name"]))
    return max(fitting)[2] if fitting else None


def test_the_ingress_and_the_local_gateway_send_every_path_to_the_same_service() -> None:
    ingress = ingress_resource(ROUTES)
    roots = {route.path for route in ROUTES} | {"/v1", "/metrics", "/healthz", "/v1/runsx", "/v1/event"}
    for root, end in itertools.product(sorted(roots), ("", "/", "/some-id", "/some-id/trace", "x")):
        upstream = upstream_of(root + end)
        assert service_for(root + end, ingress) == (None if upstream is None else SERVICES[upstream]), root + end


def test_the_network_lets_senders_reach_what_the_address_guard_lets_them_and_no_more() -> None:
    (policy,) = (
        document
        for document in yaml.safe_load_all((FOLDER / "base" / "network-policies.yaml").read_text())
        if document["metadata"]["name"] == "webhooks"
    )
    (rule,) = policy["spec"]["egress"]
    blocks = [peer["ipBlock"] for peer in rule["to"]]
    public = IPv6Network("2000::/3")
    assert public == address_guard._PUBLIC_IPV6
    assert {block["cidr"] for block in blocks} == {"0.0.0.0/0", str(public)}
    refused = {
        str(network)
        for network, _ in address_guard._NOT_PUBLIC
        if isinstance(network, IPv4Network) or network.subnet_of(public)
    }
    assert {name for block in blocks for name in block["except"]} == refused


def test_scaling_reads_the_groups_and_topics_of_the_fleet() -> None:
    settings = base_settings()
    prefix = settings["HOOKFLEET_TOPIC_PREFIX"]
    fleet = topics(prefix, int(settings["HOOKFLEET_PARTITIONS"]))
    by_user = {each.user: each for each in rights(fleet, prefix)}
    for role in ("match", "send"):
        scaled = yaml.safe_load((FOLDER / "components" / "keda" / f"dispatcher-{role}.yaml").read_text())
        of_role = by_user[f"hookfleet-dispatcher-{role}"]
        read = {topic.name for topic in of_role.reads} - {fleet.config.name, fleet.integration_state.name}
        triggers = [trigger["metadata"] for trigger in scaled["spec"]["triggers"]]
        assert {trigger["topic"] for trigger in triggers} == read
        assert {trigger["consumerGroup"] for trigger in triggers} == set(of_role.groups)
        assert {trigger["bootstrapServers"] for trigger in triggers} == {settings["KAFKA_BOOTSTRAP_SERVERS"]}
