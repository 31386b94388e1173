"""A fleet on a broker that insists on TLS, client certificates, SCRAM and rights, on topics that others made.

Each process comes as the user that its workload has on a cluster, with the rights that `deploy.kubernetes.access` gives
that user and no others, so what works here works with the least rights.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import GroupAuthorizationFailedError
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.kubernetes.access import rights
from deploy.kubernetes.strimzi import user_resource
from deploy.local.broker import start_broker
from deploy.local.broker.ports import draw_port
from deploy.local.broker.secured_listener import MECHANISM, SecuredListener
from deploy.local.fleet.local_fleet import Fleet
from deploy.local.fleet.plan import FleetPlan, Part, Service
from shared.adapters.kafka_clients import admin_client
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import ensure_topics
from shared.core.topics import topics
from tests.component.dispatcher.loopback_certificates import Authority
from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.waiting import wait_for

CHECKOUT = Path(__file__).parents[2]
PASSWORD = "s3cret-of-the-fleet"
PREFIX = "secured."
PARTITIONS = 2
ROLES = ("match", "send", "ordered", "delay")
USERS = rights(topics(PREFIX, PARTITIONS), PREFIX)
#: Which process comes as which of them.
SINGLE = {
    Part(Service.INGEST, 0): {"HOOKFLEET_KAFKA_USERNAME": "hookfleet-ingest"},
    Part(Service.EVENT_RECORDER, 0): {"HOOKFLEET_KAFKA_USERNAME": "hookfleet-event-recorder"},
    Part(Service.DISABLER, 0): {"HOOKFLEET_KAFKA_USERNAME": "hookfleet-disabler"},
} | {
    Part(Service.DISPATCHER, number): {
        "HOOKFLEET_ROLES": role,
        "HOOKFLEET_KAFKA_USERNAME": f"hookfleet-dispatcher-{role}",
    }
    for number, role in enumerate(ROLES)
}
#: All that one user of a whole fleet may do, who looks at it from a command line.
RIGHTS = (
    (ResourceType.TOPIC, ACLOperation.READ),
    (ResourceType.TOPIC, ACLOperation.WRITE),
    (ResourceType.TOPIC, ACLOperation.DESCRIBE_CONFIGS),
    (ResourceType.GROUP, ACLOperation.READ),
    (ResourceType.TRANSACTIONAL_ID, ACLOperation.WRITE),
)


@dataclass(frozen=True)
class Cluster:
    """``plain`` is where its owner may do everything, ``access`` the environment of whoever comes as the fleet."""

    plain: str
    access: Mapping[str, str]
    #: Names 127.0.0.1 as well, and nobody of the broker's was vouched for by it.
    stranger: Path

    def settings(self) -> ServiceSettings:
        return ServiceSettings.model_validate(
            {"KAFKA_BOOTSTRAP_SERVERS": self.plain, "topic_prefix": PREFIX, "partitions": PARTITIONS}
        )


def _files(folder: Path, name: str, certificate: str, key: str) -> tuple[Path, Path]:
    chain, private = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_text(certificate)
    private.write_text(key)
    return chain, private


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    ca, stranger, broker_file = folder / "ca.pem", folder / "stranger.pem", folder / "broker.pem"
    ca.write_text(authority.pem)
    stranger.write_text(Authority(folder).pem)
    certificate, key = authority.server_certificate("127.0.0.1")
    broker_file.write_text(key + certificate)
    client, client_key = _files(folder, "client", *authority.client_certificate("fleet"))
    secured = SecuredListener(
        draw_port(), broker_file, ca, dict.fromkeys(("fleet", *(user.user for user in USERS)), PASSWORD)
    )
    with (
        tempfile.TemporaryDirectory(prefix="hookfleet-secured-") as data,
        start_broker(Path(data), secured=secured) as broker,
    ):
        yield Cluster(
            broker.bootstrap,
            {
                "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{secured.port}",
                "HOOKFLEET_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "HOOKFLEET_KAFKA_CA_FILE": str(ca),
                "HOOKFLEET_KAFKA_CERTIFICATE_FILE": str(client),
                "HOOKFLEET_KAFKA_KEY_FILE": str(client_key),
                "HOOKFLEET_KAFKA_SASL_MECHANISM": MECHANISM,
                "HOOKFLEET_KAFKA_USERNAME": "fleet",
                "HOOKFLEET_KAFKA_PASSWORD": PASSWORD,
            },
            stranger,
        )


@pytest.fixture(scope="module")
def fleet(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with closing(admin_client(cluster.settings())) as admin:
        ensure_topics(admin, cluster.settings().topics(), replication_factor=1)
        _grant(admin)
    plan = FleetPlan(
        dispatcher=len(ROLES),
        single=SINGLE,
        partitions=PARTITIONS,
        topic_prefix=PREFIX,
        session_timeout_ms=6_000,
        extra={"HOOKFLEET_TOPIC_SETUP": "verify"},
    )
    with Fleet(tmp_path_factory.mktemp("fleet"), plan, env={**os.environ, **cluster.access}) as running:
        yield running


def _grant(admin: KafkaAdminClient) -> None:
    admin.create_acls(
        [
            ACL("User:fleet", "*", right, ACLPermissionType.ALLOW, ResourcePattern(kind, PREFIX, _PREFIXED))
            for kind, right in RIGHTS
        ]
    )
    admin.create_acls([acl for user in USERS for acl in _acls(user_resource(user, PREFIX))])


def _acls(user: Mapping[str, Any]) -> Iterator[ACL]:
    """The rights of a user's resource, as Strimzi's operator grants them."""
    for rule in user["spec"]["authorization"]["acls"]:
        resource = ResourcePattern(
            ResourceType[_spelled(rule["resource"]["type"])],
            rule["resource"]["name"],
            {"prefix": _PREFIXED, "literal": ACLResourcePatternType.LITERAL}[rule["resource"]["patternType"]],
        )
        for operation in rule["operations"]:
            principal = f"User:{user['metadata']['name']}"
            yield ACL(principal, "*", ACLOperation[_spelled(operation)], ACLPermissionType.ALLOW, resource)


def _spelled(word: str) -> str:
    """``DescribeConfigs`` as ``DESCRIBE_CONFIGS``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).upper()


_PREFIXED = ACLResourcePatternType.PREFIXED


def test_every_service_works_over_tls_and_scram_with_no_right_to_make_topics(case: Case) -> None:
    case.set_up()
    case.send({"amount": 10})
    wait_for(case.requests, "ingest and dispatcher deliver")
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED", "the recorder tells it"
    response = case.http.post(f"/v1/integrations/{case.name}/disable", json={"reason": "a test"})
    assert response.status_code == 202, response.text
    case.wait_until_enabled(False)  # the disabler, whose client is another


def test_a_retry_an_ordered_run_and_a_replay_need_no_further_rights(case: Case) -> None:
    case.receiver.answer(case.path, lambda same: Reply(500 if len(same) < 2 else 200))
    case.set_up(delays=[1.5])
    case.send()
    (run,) = case.ended_runs()
    assert (run["status"], run["attempts"]) == ("COMPLETED", 2), "through a tier, by the delay role, and due again"
    case.apply(case.integration([1.5], ordering="integration"))
    case.send()
    assert [each["status"] for each in case.ended_runs()] == ["COMPLETED"] * 2
    response = case.http.post(f"/v1/runs/{run['run_id']}/replay")
    assert response.status_code == 202, response.text
    wait_for(lambda: len(case.requests()) == 4, "the recorder replays")


def test_who_scales_sees_how_far_match_and_send_are_and_nobody_else(case: Case, cluster: Cluster) -> None:
    case.set_up()
    case.send()
    case.ended_runs()
    keda = ServiceSettings.model_validate(
        {
            name if name == "KAFKA_BOOTSTRAP_SERVERS" else name.removeprefix("HOOKFLEET_").lower(): value
            for name, value in {**cluster.access, "HOOKFLEET_KAFKA_USERNAME": "hookfleet-keda"}.items()
        }
    )
    with closing(admin_client(keda)) as admin:
        for role in ("match", "send"):
            group = f"{PREFIX}hookfleet-{role}"
            assert admin.list_group_offsets(group)[group], "an event has gone through both"
        with pytest.raises(GroupAuthorizationFailedError):
            admin.list_group_offsets(f"{PREFIX}hookfleet-recorder")


def test_no_log_holds_the_password(case: Case) -> None:
    case.set_up()
    logs = list(case.fleet.folder.glob("*.log"))
    assert len(logs) == 5 + len(ROLES) - 1
    assert not [log.name for log in logs if PASSWORD in log.read_text()]


def test_the_command_line_reads_dead_letters_over_the_same_settings(case: Case, cluster: Cluster) -> None:
    environment = {"HOOKFLEET_TOPIC_PREFIX": PREFIX, **cluster.access}
    listed = CliRunner().invoke(app, ["dead-letters", "list", "--json"], env=environment)
    assert (listed.exit_code, orjson.loads(listed.stdout)["items"]) == (0, []), listed.stderr
    refused = CliRunner().invoke(
        app, ["dead-letters", "list"], env={**environment, "HOOKFLEET_KAFKA_PASSWORD": "another"}
    )
    assert refused.exit_code == 1
    assert "the brokers refuse user fleet" in refused.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"HOOKFLEET_KAFKA_PASSWORD": "another"}, "the brokers refuse user fleet: correct HOOKFLEET_KAFKA_USERNAME"),
        ({"HOOKFLEET_KAFKA_CA_FILE": "(stranger)"}, "the broker's certificate is not accepted"),
        (
            {"KAFKA_BOOTSTRAP_SERVERS": "localhost:(port)"},
            "the broker's certificate is not accepted (Hostname mismatch",
        ),
        ({"KAFKA_BOOTSTRAP_SERVERS": "(plain)"}, "no TLS"),
    ],
    ids=["wrong password", "untrusted authority", "another name", "a listener without TLS"],
)
def test_a_service_that_is_not_let_in_says_why_and_ends(cluster: Cluster, change: dict[str, str], words: str) -> None:
    port = cluster.access["KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2]
    known = {"(stranger)": str(cluster.stranger), "(plain)": cluster.plain, "localhost:(port)": f"localhost:{port}"}
    changed = {name: known.get(value, value) for name, value in change.items()}
    ended = _run(["-m", "services.disabler"], {**cluster.access, **changed, "HOOKFLEET_DATA_DIR": "/nowhere"})
    assert ended.returncode == 2
    lines = [orjson.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    (line,) = [each for each in lines if each["message"] == "cannot_start"]
    assert words in line["faults"][0]
    assert PASSWORD not in ended.stderr
    assert "Traceback" not in ended.stderr


def _run(arguments: list[str], access: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "HOOKFLEET_TOPIC_PREFIX": PREFIX, "HOOKFLEET_LISTEN_PORT": "0", **access},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
