"""How requests prove that they are ours: every kind of credential against a receiver that demands it."""

import base64
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from tests.component.dispatcher.loopback_certificates import Authority
from tests.flow.conftest import Case
from tests.flow.receiver import Behaviour, Received, Receiver, Reply
from tests.snippet_runs import verifies
from tests.waiting import wait_for

PLANTED = "pl4nted-s3cret"


def credential(case: Case, **spec: Any) -> dict[str, Any]:
    return {"kind": "credential", "id": case.name, "spec": {"name": case.name, **spec}}


def demands(header: str, value: str) -> Behaviour:
    return lambda same: Reply(200 if same[-1].headers.get(header) == value else 401)


class TokenEndpoint:
    """Gives tokens that it calls good for an hour, and takes each back after ``uses`` requests. Both the endpoint and
    the receiver that asks it are paths of the flow tests' receiver."""

    def __init__(self, case: Case, uses: int = 1_000) -> None:
        self.path = f"{case.path}/token"
        self._case = case
        self._uses = uses
        self._numbers = itertools.count(1)
        self._left: dict[str, int] = {}
        case.receiver.answer(self.path, self._give)
        case.receiver.answer(case.path, self._judge)

    def asked(self) -> list[Received]:
        return self._case.receiver.requests(self.path)

    def _give(self, same: list[Received]) -> Reply:
        token = f"token-{next(self._numbers)}"
        self._left[f"Bearer {token}"] = self._uses
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        return Reply(200, (("content-type", "application/json"),), json.dumps(answer).encode())

    def _judge(self, same: list[Received]) -> Reply:
        sent = same[-1].headers.get("authorization", "")
        left = self._left.get(sent, 0)
        self._left[sent] = left - 1
        return Reply(200 if left > 0 else 401)


def oauth(case: Case, path: str, **spec: Any) -> dict[str, Any]:
    whole = {"token_url": case.receiver.url + path, "client_id": "fleet", "client_secret": PLANTED, **spec}
    return credential(case, kind="oauth2-client-credentials", **whole)


def code_of_error(case: Case) -> tuple[str, str]:
    (error,) = wait_for(case.integration_events, "the error event")
    return error["type"], error["error"]["code"]


def wait_for_mark(case: Case, mark: str) -> None:
    """Each ingest reads for itself what another wrote."""
    wait_for(lambda: case.state()["mark"] == mark, f"the mark {mark}")


@pytest.mark.parametrize(
    ("spec", "header", "value"),
    [
        (
            {"kind": "basic", "username": "fleet", "password": PLANTED},
            "authorization",
            f"Basic {base64.b64encode(f'fleet:{PLANTED}'.encode()).decode()}",
        ),
        ({"kind": "api-key", "value": PLANTED}, "authorization", f"Bearer {PLANTED}"),
        ({"kind": "api-key", "value": PLANTED, "header": "x-api-key", "prefix": ""}, "x-api-key", PLANTED),
    ],
    ids=["basic", "bearer", "api key"],
)
def test_a_receiver_that_demands_a_secret_gets_it(case: Case, spec: dict[str, Any], header: str, value: str) -> None:
    case.receiver.answer(case.path, demands(header, value))
    case.apply(credential(case, **spec), case.webhook(), case.rule(), case.integration([]))
    case.send()
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED"
    assert PLANTED not in json.dumps(case.get(f"/v1/runs/{run['run_id']}"))


def test_a_new_secret_applies_to_a_run_that_waits_already(case: Case) -> None:
    case.receiver.answer(case.path, demands("authorization", "Bearer right"))
    case.apply(credential(case, kind="api-key", value="wrong"), case.webhook(), case.rule(), case.integration([3.0]))
    case.send()
    wait_for(case.requests, "the first request")
    case.apply(credential(case, kind="api-key", value="right"))
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED"


def test_while_rotating_either_secret_verifies_and_the_snippets_do(case: Case, tmp_path: Path) -> None:
    old = case.set_up()
    path = f"/v1/credentials/{case.name}"
    new = case.http.post(f"{path}/rotate").json()["secret"]
    case.send({"name": "Zoë"})
    (request,) = wait_for(case.requests, "the request")
    foreign = "whsec_" + base64.b64encode(b"f" * 32).decode()
    for secret in (old, new):
        standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    snippets = case.get(f"{path}/snippets")["items"]
    assert {each["language"] for each in snippets} == {"python", "javascript"}
    for snippet in snippets:
        accepted = [
            verifies(
                tmp_path, snippet["language"], snippet["file"], snippet["code"], each, request.headers, request.body
            )
            for each in (old, new, foreign)
        ]
        assert accepted == [True, True, False], snippet["language"]

    assert case.http.post(f"{path}/retire").json()["live_secrets"] == 1
    case.send()
    _, later = wait_for(lambda: case.requests() if len(case.requests()) == 2 else None, "the second request") or []
    standardwebhooks.Webhook(new).verify(later.body, later.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(old).verify(later.body, later.headers)


def test_one_token_serves_many_deliveries(case: Case) -> None:
    endpoint = TokenEndpoint(case)
    case.apply(oauth(case, endpoint.path, scope="bills"), case.webhook(), case.rule(), case.integration([]))
    for _ in range(20):
        case.send()
    assert {run["status"] for run in case.ended_runs()} == {"COMPLETED"}
    (asked,) = endpoint.asked()
    assert asked.body == b"grant_type=client_credentials&scope=bills"
    assert asked.headers["authorization"] == f"Basic {base64.b64encode(f'fleet:{PLANTED}'.encode()).decode()}"


def test_a_token_that_expires_early_is_fetched_anew_for_the_next_attempt(case: Case) -> None:
    endpoint = TokenEndpoint(case, uses=2)
    case.apply(oauth(case, endpoint.path), case.webhook(), case.rule(), case.integration([0.5]))
    for number in range(1, 4):
        case.send()
        wait_for(lambda: len(case.requests()) >= number, "the request")  # noqa: B023
        case.ended_runs()
    assert {run["status"] for run in case.runs()} == {"COMPLETED"}
    assert [each.headers["authorization"] for each in case.requests()] == [
        *["Bearer token-1"] * 3,
        "Bearer token-2",
    ]
    assert len(endpoint.asked()) == 2


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(401, body=b'{"error": "invalid_client"}'), "token.refused"),
        (Reply(200, body=b"<html>"), "token.invalid"),
    ],
)
def test_without_a_token_nothing_is_posted_and_the_run_has_failed_at_once(case: Case, reply: Reply, code: str) -> None:
    path = f"{case.path}/token"
    case.receiver.answer(path, reply)
    case.apply(oauth(case, path), case.webhook(), case.rule(), case.integration([0.5]))
    case.send()
    (run,) = case.ended_runs()
    assert run["status"] == "AUTH_FAILED"
    assert code_of_error(case) == ("integration.authentication.error", code)
    assert (len(case.requests()), len(case.receiver.requests(path))) == (0, 1)
    assert PLANTED not in json.dumps(case.get(f"/v1/runs/{run['run_id']}"))


def test_a_token_endpoint_that_is_away_is_asked_again_as_the_schedule_says(case: Case) -> None:
    path = f"{case.path}/token"
    good = Reply(200, body=b'{"access_token": "t", "token_type": "Bearer"}')
    case.receiver.answer(path, lambda same: Reply(503) if len(same) == 1 else good)
    case.apply(oauth(case, path), case.webhook(), case.rule(), case.integration([0.5]))
    case.send()
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED"
    attempts = case.get(f"/v1/runs/{run['run_id']}")["attempts"]
    assert [(each.get("error") or {}).get("code") for each in attempts] == ["token.unreachable", None]
    assert len(case.requests()) == 1


@pytest.fixture(scope="session")
def closed_receiver(authority: Authority) -> Iterator[Receiver]:
    """Asks everybody for a certificate that the authority vouches for."""
    receiver = Receiver(authority.server_context("127.0.0.1", asks_for_certificate=True))
    yield receiver
    receiver.close()


def test_each_webhook_shows_its_own_client_certificate_to_the_same_server(
    case: Case, authority: Authority, closed_receiver: Receiver
) -> None:
    names = [f"{case.name}-{number}" for number in range(2)]
    for name in names:
        certificate, key = authority.client_certificate(name)
        tls = {"name": name, "kind": "mutual-tls", "certificate": certificate, "private_key": key}
        case.apply(
            case.rule(),
            {"kind": "credential", "id": name, "spec": tls},
            {**case.webhook(url=f"{closed_receiver.url}/{name}", credentials=[name]), "id": name},
            {**case.integration([], webhook=name), "id": name},
        )
    for number in range(1, 4):
        case.send()
        wait_for(
            lambda: all(len(closed_receiver.requests(f"/{name}")) == number for name in names),  # noqa: B023
            "a request to each",
        )
    for name in names:
        assert {each.client for each in closed_receiver.requests(f"/{name}")} == {name}


def test_without_the_certificate_that_a_server_asks_for_the_run_says_so(case: Case, closed_receiver: Receiver) -> None:
    case.apply(case.credential(), case.webhook(url=closed_receiver.url + case.path), case.rule(), case.integration([]))
    case.send()
    (run,) = case.ended_runs()
    assert run["status"] == "FAILED"
    assert code_of_error(case) == ("integration.perform.error", "tls.client-certificate")
    assert closed_receiver.requests(case.path) == []


def test_a_credential_is_linked_later_and_until_then_a_webhook_that_demands_one_posts_nothing(case: Case) -> None:
    case.apply(case.webhook(credentials=[], authentication="required"), case.rule(), case.integration([]))
    wait_for_mark(case, "DISCONNECTED")
    case.send()
    (run,) = case.ended_runs()
    assert run["status"] == "AUTH_FAILED"
    assert code_of_error(case) == ("integration.authentication.error", "credential.disconnected")
    assert case.requests() == []

    case.apply(case.credential(), case.webhook(authentication="required"))
    wait_for_mark(case, "green")
    case.send()
    wait_for(case.requests, "the request")
    assert sorted(run["status"] for run in case.ended_runs()) == ["AUTH_FAILED", "COMPLETED"]


def test_a_disabled_integration_carries_a_warning(case: Case) -> None:
    case.set_up(disable={"failed_runs": 1}, delays=[])
    case.receiver.answer(case.path, Reply(500))
    case.send()
    wait_for_mark(case, "warning")
    state = case.state()
    assert (state["configured"], state["authorised"]) == (True, True)
