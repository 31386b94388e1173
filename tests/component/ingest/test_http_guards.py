"""What holds for every request: the key, the organization, problem documents, the API document."""

import json
import socket

import httpx
import pytest

from shared.core.resources import CredentialKind
from tests.component.ingest.api_calls import BATCH, apply, link, problem, put, webhook
from tests.component.ingest.conftest import API_KEY, IngestProcess, StartIngest
from tests.waiting import wait_for


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic dGVzdA==", "Bearer"])
@pytest.mark.parametrize("path", ["/v1/events", "/v1/apply", "/v1/integrations/i/enable"])
def test_nothing_happens_without_the_key(ingest: IngestProcess, authorization: str | None, path: str) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    with httpx.Client(base_url=ingest.http.base_url, trust_env=False) as stranger:
        response = stranger.post(path, content=b"{", headers=headers)
    assert problem(response, 401) == ["Authorization"]
    assert response.headers["www-authenticate"] == "Bearer"


def test_organizations_never_see_each_other(
    start_ingest: StartIngest, http: httpx.Client, kafka_bootstrap: str, shared_prefix: str, name: str
) -> None:
    apply(http, link(name))
    with start_ingest(kafka_bootstrap, shared_prefix, organization="other") as other:
        assert other.http.get("/v1/webhooks").json() == {"items": []}
        problem(other.http.get(f"/v1/webhooks/{name}"), 404)
        problem(other.http.delete(f"/v1/integrations/{name}"), 404)
        problem(other.http.post(f"/v1/integrations/{name}/enable"), 404)
        assert "credentials" in problem(put(other.http, f"/v1/webhooks/{name}", webhook(credentials=[name])), 422)
        assert put(other.http, f"/v1/webhooks/{name}", webhook("theirs")).status_code == 201
    assert http.get(f"/v1/webhooks/{name}").json()["spec"]["name"] == "W"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nothing", 404), ("PATCH", "/v1/apply", 405)])
def test_what_the_router_refuses_is_a_problem_document_too(
    http: httpx.Client, method: str, path: str, status: int
) -> None:
    problem(http.request(method, path), status)


def test_the_document_of_the_api_is_closed_and_knows_the_specs(http: httpx.Client) -> None:
    text = http.get("/openapi.json").text
    document = json.loads(text)
    schemas = document["components"]["schemas"]
    assert {"Webhook", "NotificationRule", "Credential", "Integration", "CloudEvent", "Problem"} <= set(schemas)
    referred = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert referred <= set(schemas)
    body = document["paths"]["/v1/webhooks/{resource_id}"]["put"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Webhook"}
    assert set(schemas["Credential"]["discriminator"]["mapping"]) == set(CredentialKind)
    assert "HTTPValidationError" not in text
    send_events = document["paths"]["/v1/events"]["post"]["responses"]
    assert "Retry-After" in send_events["429"]["headers"]
    assert "Retry-After" in send_events["503"]["headers"]


def test_probes_and_scrapers_need_no_key(ingest: IngestProcess) -> None:
    with httpx.Client(base_url=ingest.http.base_url, trust_env=False) as stranger:
        assert stranger.get("/healthz").json() == {"status": "ok"}
        assert stranger.get("/readyz").json() == {"status": "ready"}
        assert "hookfleet_events_accepted_total" in stranger.get("/metrics").text


def test_a_client_that_goes_away_in_the_middle_is_no_fault_of_ours(ingest: IngestProcess) -> None:
    before = ingest.log.read_text().count('"status":400')
    with socket.create_connection((ingest.http.base_url.host, ingest.http.base_url.port or 80)) as client:
        head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n"
        client.sendall(f"{head}Content-Type: {BATCH}\r\nContent-Length: 100\r\n\r\n[".encode())
    wait_for(lambda: ingest.log.read_text().count('"status":400') > before, "the request is over")
    assert "request_crashed" not in ingest.log.read_text()
