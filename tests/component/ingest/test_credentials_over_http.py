"""Credentials over a running ingest: secrets go in and never come out, rotate, and move to another sealing key."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared.adapters.sealing import new_key_line
from shared.adapters.settings import ServiceSettings
from shared.core.resources import Resource
from tests.component.ingest.api_calls import apply, link, on_topic, problem, put, webhook
from tests.component.ingest.conftest import IngestProcess, StartIngest
from tests.unit.shared.test_client_certificates import certificate, pem

KEY = ec.generate_private_key(ec.SECP256R1())
PLANTED = "pl4nted-s3cret"
SPECS: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "basic", "username": "fleet"}, "password", PLANTED),
    ({"kind": "api-key", "header": "x-api-key", "prefix": ""}, "value", PLANTED),
    (
        {"kind": "oauth2-client-credentials", "token_url": "https://id.example/", "client_id": "fleet"},
        "client_secret",
        PLANTED,
    ),
    ({"kind": "mutual-tls", "certificate": certificate(KEY)}, "private_key", pem(KEY)),
]


def resources_on_topic(settings: ServiceSettings, name: str) -> list[Resource]:
    key = f"credential/acme/{name}".encode()
    return [
        Resource.model_validate_json(each.value or b"")
        for each in on_topic(settings, settings.topics().config)
        if each.key == key
    ]


@pytest.mark.parametrize(("spec", "field", "secret"), SPECS, ids=[spec["kind"] for spec, *_ in SPECS])
def test_a_supplied_secret_goes_in_and_stands_nowhere_in_plain(
    http: httpx.Client,
    ingest: IngestProcess,
    shared_settings: ServiceSettings,
    name: str,
    spec: dict[str, Any],
    field: str,
    secret: str,
) -> None:
    path, spec = f"/v1/credentials/{name}", {"name": "C", **spec}
    assert problem(put(http, path, spec), 422) == [field]
    created = put(http, path, {**spec, field: secret})
    assert created.status_code == 201
    renamed = put(http, path, {**spec, "name": "new"}, "*")
    assert renamed.status_code == 200
    answers = [created, renamed, http.get(path), http.get("/v1/credentials")]
    shown = secret.splitlines()[1] if field == "private_key" else secret
    assert not [answer for answer in answers if shown in answer.text or field in answer.json().get("spec", {})]
    first, second = resources_on_topic(shared_settings, name)
    assert len(first.sealed) == 1
    assert second.sealed == first.sealed
    assert not [
        each
        for each in on_topic(shared_settings, shared_settings.topics().config)
        if shown.encode() in (each.value or b"")
    ]
    assert shown not in ingest.log.read_text()


def test_the_same_document_changes_nothing_whether_its_secret_is_in_it_or_not(http: httpx.Client, name: str) -> None:
    path, spec = f"/v1/credentials/{name}", {"kind": "basic", "name": "C", "username": "fleet"}
    with_secret = {**spec, "password": PLANTED}
    version = put(http, path, with_secret).json()["version"]
    for document in (with_secret, spec):
        assert put(http, path, document).json()["version"] == version
        (done,) = apply(http, [{"kind": "credential", "id": name, "spec": document}]).json()["resources"]
        assert (done["change"], done["version"]) == ("unchanged", version)
    assert problem(put(http, path, {**spec, "password": "another"}), 428) == ["If-Match"]
    assert put(http, path, {**spec, "password": "another"}, f'"{version}"').json()["version"] > version


def test_a_secret_that_is_refused_is_not_repeated(http: httpx.Client, name: str) -> None:
    spec = {"kind": "basic", "name": "C", "username": "a:b", "password": f"{PLANTED}\n"}
    response = put(http, f"/v1/credentials/{name}", spec)
    assert problem(response, 422) == ["username", "password"]
    assert PLANTED not in response.text


def test_a_certificate_and_a_key_that_do_not_fit_are_refused_where_they_are_written(
    http: httpx.Client, name: str
) -> None:
    spec = {"kind": "mutual-tls", "name": "C", "certificate": certificate(KEY)}
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    assert problem(put(http, f"/v1/credentials/{name}", {**spec, "private_key": other}), 422) == ["private_key"]
    entry = {"kind": "credential", "id": name, "spec": {**spec, "certificate": "nothing", "private_key": other}}
    assert problem(apply(http, [entry]), 422) == ["resources[0].spec.certificate"]


def test_rotating_shows_a_new_secret_once_and_retiring_leaves_it_alone(
    http: httpx.Client, shared_settings: ServiceSettings, name: str
) -> None:
    path = f"/v1/credentials/{name}"
    first = put(http, path, {"kind": "hmac", "name": "C"}).json()
    rotated = http.post(f"{path}/rotate").json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != first["secret"]
    assert (first["live_secrets"], rotated["live_secrets"]) == (1, 2)
    assert "secret" not in http.get(path).json()
    problem(http.post(f"{path}/retire", headers={"if-match": f'"{first["version"]}"'}), 412)
    retired = http.post(f"{path}/retire", headers={"if-match": f'"{rotated["version"]}"'}).json()
    assert (retired["live_secrets"], "secret" in retired) == (1, False)
    assert http.post(f"{path}/retire").json() == retired
    _, both, newest = resources_on_topic(shared_settings, name)
    assert newest.sealed == both.sealed[:1]


def test_only_what_signs_is_rotated_and_has_snippets(http: httpx.Client, name: str) -> None:
    path = f"/v1/credentials/{name}"
    put(http, path, {"kind": "api-key", "name": "C", "value": PLANTED})
    assert problem(http.post(f"{path}/rotate"), 422) == ["kind"]
    assert problem(http.get(f"{path}/snippets"), 422) == ["kind"]
    problem(http.post(f"{path}-gone/rotate"), 404)
    problem(http.get(f"{path}-gone/snippets"), 404)


def test_an_integration_shows_what_it_lacks_and_a_credential_may_be_linked_later(http: httpx.Client, name: str) -> None:
    path = f"/v1/integrations/{name}"
    resources = link(name)
    resources[1]["spec"]["credentials"] = []
    apply(http, resources)
    state = http.get(path).json()["state"]
    assert [state[fact] for fact in ("configured", "authorised", "enabled")] == [True, False, True]
    assert state["mark"] == "DISCONNECTED"
    put(http, f"/v1/webhooks/{name}", webhook(credentials=[name]), "*")
    assert http.get(path).json()["state"]["mark"] == "green"
    put(http, f"/v1/webhooks/{name}", webhook(authentication="none"), "*")
    assert http.get(path).json()["state"]["mark"] == "green"
    assert problem(put(http, f"/v1/webhooks/{name}", webhook(authentication="none", credentials=[name]), "*"), 422)


def test_a_new_sealing_key_takes_over_everything_and_the_old_one_may_go(
    start_ingest: StartIngest,
    kafka_bootstrap: str,
    shared_prefix: str,
    shared_settings: ServiceSettings,
    tmp_path: Path,
    name: str,
) -> None:
    old, new = new_key_line("old"), new_key_line("new")
    organization = f"o-{name}"
    count = 130

    def sealed_with() -> dict[str, set[str]]:
        """Key names by credential, newest record of each."""
        found: dict[str, set[str]] = {}
        for record in on_topic(shared_settings, shared_settings.topics().config):
            if (record.key or b"").startswith(f"credential/{organization}/".encode()):
                resource = Resource.model_validate_json(record.value or b"")
                found[resource.id] = {each.split(".")[1] for each in resource.sealed}
        return found

    def run(*keys: str) -> Any:
        file = tmp_path / "-".join(each.partition(":")[0] for each in keys)
        file.write_text("\n".join(keys))
        return start_ingest(
            kafka_bootstrap, shared_prefix, organization=organization, HOOKFLEET_SEALING_KEY_FILE=str(file)
        )

    with run(old) as ingest:
        hmacs = [{"kind": "credential", "id": f"c{n}", "spec": {"kind": "hmac", "name": "C"}} for n in range(count)]
        key = {"kind": "api-key", "name": "K", "value": PLANTED}
        apply(ingest.http, [*hmacs, {"kind": "credential", "id": "key", "spec": key}])
        ingest.http.post("/v1/credentials/c0/rotate")
        apply(ingest.http, link(name))
    with run(new, old) as ingest:
        created = ingest.http.get("/v1/credentials/key").json()
        assert ingest.http.get(f"/v1/integrations/{name}").json()["state"]["mark"] == "green"
        assert put(ingest.http, "/v1/credentials/key", key).json() == created
        done = ingest.http.post("/v1/credentials/reseal").json()
        assert done == {"sealed_anew": count + 2, "up_to_date": 0, "unopenable": []}
        assert set().union(*sealed_with().values()) == {"new"}
        written = len(on_topic(shared_settings, shared_settings.topics().config))
        again = ingest.http.post("/v1/credentials/reseal").json()
        assert again == {"sealed_anew": 0, "up_to_date": count + 2, "unopenable": []}
        assert len(on_topic(shared_settings, shared_settings.topics().config)) == written
        resealed = ingest.http.get("/v1/credentials/key").json()
        assert {**resealed, "version": 0} == {**created, "version": 0}
    with run(new) as ingest:
        assert ingest.http.get(f"/v1/integrations/{name}").json()["state"]["mark"] == "green"
        assert put(ingest.http, "/v1/credentials/key", key).json() == resealed
    with run(new_key_line("another")) as ingest:
        assert ingest.http.get(f"/v1/integrations/{name}").json()["state"]["mark"] == "amber"
        left = ingest.http.post("/v1/credentials/reseal").json()
        assert (left["sealed_anew"], len(left["unopenable"])) == (0, count + 2)
        assert put(ingest.http, "/v1/credentials/key", key, "*").json()["version"] > resealed["version"]
