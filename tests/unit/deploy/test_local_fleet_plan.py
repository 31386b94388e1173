"""The local fleet's plan: each process gets what it needs and nothing of the shell's."""

from __future__ import annotations

import stat
from pathlib import Path

from deploy.local.fleet import kept_keys
from deploy.local.fleet.plan import Facts, FleetPlan, Part, Service, environment
from deploy.local.gateway.routes import Upstream, upstream_of
from shared.adapters.sealing import Sealer

PLAN = FleetPlan(ingest=2, dispatcher=3, organization="acme", topic_prefix="t.", extra={"HOOKFLEET_LOG_LEVEL": "DEBUG"})
FACTS = Facts(
    folder=Path("/data"),
    kafka_bootstrap_servers="127.0.0.1:9",
    ports={part: 20_000 + number for number, part in enumerate(PLAN.parts())},
    api_key="key-of-16-letters",
    sealing_key_file=Path("/data/keys"),
)


def env_of(service: Service, index: int = 0) -> dict[str, str]:
    inherited = {"PATH": "/bin", "HOOKFLEET_API_KEY": "of the shell", "HOOKFLEET_ROLES": "match"}
    return environment(PLAN, FACTS, Part(service, index), inherited)


def test_settings_of_the_shell_do_not_reach_the_fleet() -> None:
    env = env_of(Service.DISPATCHER)
    assert env["PATH"] == "/bin"
    assert "HOOKFLEET_ROLES" not in env
    assert "HOOKFLEET_API_KEY" not in env


def test_how_the_shell_s_cluster_is_reached_goes_with_its_address_and_never_without() -> None:
    access = {"HOOKFLEET_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "HOOKFLEET_KAFKA_PASSWORD": "s3cret"}
    part = Part(Service.DISABLER, 0)
    there = environment(PLAN, FACTS, part, {"KAFKA_BOOTSTRAP_SERVERS": "cluster:9093", **access})
    assert access.items() <= there.items()
    assert not access.keys() & environment(PLAN, FACTS, part, access).keys()


def test_the_recorders_keep_what_happened_where_the_shell_says_else_in_the_folder() -> None:
    given = {"HOOKFLEET_DATABASE_URL": "postgresql+psycopg://host/hookfleet"}
    recorder = Part(Service.EVENT_RECORDER, 0)
    assert environment(PLAN, FACTS, recorder, {})["HOOKFLEET_DATABASE_URL"] == "sqlite:////data/events.sqlite3"
    assert environment(PLAN, FACTS, recorder, given)["HOOKFLEET_DATABASE_URL"] == given["HOOKFLEET_DATABASE_URL"]
    assert "HOOKFLEET_DATABASE_URL" not in environment(PLAN, FACTS, Part(Service.DISPATCHER, 0), given)


def test_the_dispatcher_may_post_to_receivers_on_the_same_machine() -> None:
    assert env_of(Service.DISPATCHER)["HOOKFLEET_ALLOWED_NETWORKS"] == "127.0.0.0/8,::1/128"


def test_every_process_listens_on_its_own_port_and_shares_topics() -> None:
    envs = [environment(PLAN, FACTS, part, {}) for part in PLAN.parts()]
    assert len({env["HOOKFLEET_LISTEN_PORT"] for env in envs}) == len(PLAN.parts()) == 8
    assert {env["HOOKFLEET_TOPIC_PREFIX"] for env in envs} == {"t."}
    assert {env["HOOKFLEET_LOG_LEVEL"] for env in envs} == {"DEBUG"}


def test_both_apis_take_the_same_key_of_the_same_organization() -> None:
    for service in (Service.INGEST, Service.EVENT_RECORDER):
        env = env_of(service)
        assert (env["HOOKFLEET_API_KEY"], env["HOOKFLEET_ORGANIZATION"]) == ("key-of-16-letters", "acme")


def test_the_gateway_knows_every_ingest() -> None:
    assert env_of(Service.GATEWAY)["HOOKFLEET_INGEST_URLS"] == "http://127.0.0.1:20000,http://127.0.0.1:20001"


def test_two_disablers_keep_their_files_apart() -> None:
    plan = FleetPlan(disabler=2)
    facts = Facts(Path("/data"), "k", dict.fromkeys(plan.parts(), 1), "key", Path("/keys"))
    folders = {environment(plan, facts, Part(Service.DISABLER, n), {})["HOOKFLEET_DATA_DIR"] for n in (0, 1)}
    assert len(folders) == 2


def test_keys_are_drawn_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    key = kept_keys.api_key(tmp_path)
    assert len(key) >= 16
    assert kept_keys.api_key(tmp_path) == key
    sealing = kept_keys.sealing_key_file(tmp_path)
    sealed = Sealer.from_file(sealing).seal(b"secret", b"webhook")
    assert Sealer.from_file(kept_keys.sealing_key_file(tmp_path)).open(sealed, b"webhook") == b"secret"
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_path_belongs_to_one_service() -> None:
    ingest = (
        "/v1/events",
        "/v1/webhooks",
        "/v1/webhooks/x",
        "/v1/apply",
        "/v1/integrations/x/enable",
        "/openapi.json",
    )
    recorder = (
        "/v1/events/",
        "/v1/events/x/trace",
        "/v1/runs",
        "/v1/runs/x",
        "/v1/integration-events",
        "/v1/integration-events/acts",
        "/v1/recent-events",
        "/v1/alerts",
        "/v1/statistics/integrations",
        "/v1/replays/offer",
        "/v1/removals",
        "/v1/trail",
        "/v1/recorder/openapi.json",
    )
    nobody = ("/v1", "/v1/webhooksx", "/v1/eventsx", "/metrics", "/docs", "//v1/runs")
    assert {upstream_of(path) for path in ingest} == {Upstream.INGEST}
    assert {upstream_of(path) for path in recorder} == {Upstream.EVENT_RECORDER}
    assert {upstream_of(path) for path in nobody} == {None}
