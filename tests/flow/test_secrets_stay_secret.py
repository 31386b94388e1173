"""Secrets planted in every place that can hold one, echoed by every server that sees them, and then searched for in all
that the fleet writes or answers: topics, tables, logs, metrics, HTTP."""

import base64
import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from deploy.local.fleet.plan import Part
from services.dispatcher.core.redaction import REDACTED
from shared.adapters.topic_reader import TopicReader
from shared.core.topics import Topic
from tests.component.dispatcher.loopback_certificates import Authority
from tests.flow.conftest import Case
from tests.flow.receiver import Behaviour, Received, Receiver, Reply
from tests.waiting import wait_for

#: Where response bodies are cut.
CUT = 16 * 1024


def secret(label: str) -> str:
    """One that nothing else resembles, with characters that every encoder writes its own way."""
    return f"{label}/{uuid.uuid4().hex}+{uuid.uuid4().hex[:6]}=&"


@dataclass(frozen=True)
class Planted:
    """A webhook with an integration of its own: what authorises it, and the secrets that are in play there."""

    label: str
    secrets: tuple[str, ...]
    credential: dict[str, Any] | None = None
    webhook: dict[str, Any] = field(default_factory=dict)
    integration: dict[str, Any] = field(default_factory=dict)


def echoing(known: tuple[str, ...], heard_there: list[str]) -> Behaviour:
    """Fails and says everything it knows in every way, then with an answer that is cut within a secret, then succeeds
    with one that is no text. What it hears goes to ``heard_there`` too."""

    def said(request: Received) -> list[str]:
        return [*request.headers.values(), request.path, request.body.decode(), *known]

    def answer(same: list[Received]) -> Reply:
        heard = said(same[-1])
        whole = "\n".join(heard)
        heard_there.append("\n".join(heard[: -len(known)]))
        if len(same) == 1:
            told = {
                "heard": heard,
                "base64": [base64.b64encode(part.encode()).decode() for part in (whole, "x" + whole, "xx" + whole)],
                "base64url": base64.urlsafe_b64encode(whole.encode()).decode(),
                "form": quote(whole, safe=""),
                "json": json.dumps(heard),
            }
            printable = [part for part in heard if part.isprintable() and part.isascii()]
            headers = [(f"x-echo-{number}", part) for number, part in enumerate(printable)]
            headers += [("x-echo-base64", base64.b64encode(whole.encode()).decode())]
            return Reply(500, tuple(headers), json.dumps(told).encode())
        if len(same) == 2:
            shown = known[0].encode()
            return Reply(500, (), b"y" * (CUT - len(shown) * 2 // 3) + shown * 2)
        return Reply(200, (), b"\xff" + whole.encode())

    return answer


def refusing(status: int) -> Behaviour:
    """A token endpoint that gives none, and says what it was asked with."""

    def answer(same: list[Received]) -> Reply:
        heard = [*same[-1].headers.values(), same[-1].body.decode()]
        return Reply(status, (), json.dumps({"error": heard[-1], "error_description": heard}).encode())

    return answer


def granting(token: str) -> Behaviour:
    told = {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "note": token}
    return lambda same: Reply(200, (), json.dumps(told).encode())


def plantings(case: Case, closed: Receiver, authority: Authority, stranger: Authority) -> Iterator[Planted]:
    def oauth(label: str, client_secret: str, where: str) -> dict[str, Any]:
        return {
            "kind": "oauth2-client-credentials",
            "token_url": f"{case.receiver.url}{case.path}-{label}-token",
            "client_id": "fleet",
            "client_secret": client_secret,
            "client_authentication": where,
        }

    one = secret("password")
    yield Planted("basic", (one,), {"kind": "basic", "username": "fleet", "password": one})
    one = secret("bearer")
    yield Planted("bearer", (one,), {"kind": "api-key", "value": one})
    one = secret("key")
    yield Planted("key", (one,), {"kind": "api-key", "value": one, "header": "x-acme", "prefix": "Acme "})
    one = secret("ordered")
    key = {"kind": "api-key", "value": one, "header": "x-acme", "prefix": ""}
    yield Planted("ordered", (one,), key, integration={"ordering": "integration"})
    one = secret("template")
    request = {
        "query": {"q": "credential.value"},
        "headers": {"x-made": "'made of ' + credential.value"},
        "body": "{'made_of': credential.value, 'id': event.id}",
    }
    yield Planted("template", (one,), {"kind": "api-key", "value": one, "header": ""}, integration={"request": request})
    one, token = secret("client"), secret("token")
    case.receiver.answer(f"{case.path}-granted-token", granting(token))
    yield Planted("granted", (token, one), oauth("granted", one, "basic"))
    for label, status, where in (("refused", 401, "body"), ("away", 503, "basic"), ("invalid", 200, "body")):
        one = secret(label)
        case.receiver.answer(f"{case.path}-{label}-token", refusing(status))
        yield Planted(label, (one,), oauth(label, one, where))
    for label, issuer in (("shown", authority), ("unwanted", stranger)):
        certificate, private = issuer.client_certificate(label)
        tls = {"kind": "mutual-tls", "certificate": certificate, "private_key": private}
        yield Planted(
            label, tuple(private.splitlines()[1:-1]), tls, webhook={"url": f"{closed.url}{case.path}-{label}"}
        )
    # Configuration that can be read by whoever may read the webhook; what was sent with it is kept nowhere else.
    header, query = secret("header"), secret("query")
    url = f"{case.receiver.url}{case.path}-named?token={quote(query, safe='')}"
    yield Planted("named", (header, query), webhook={"url": url, "headers": {"x-auth-token": header}})


def resources(case: Case, planted: Planted) -> list[dict[str, Any]]:
    name = f"{case.name}-{planted.label}"
    webhook = case.webhook(path=f"{case.path}-{planted.label}", **planted.webhook)
    webhook["spec"]["credentials"] = [] if planted.credential is None else [name]
    integration = case.integration([0.1, 0.1], webhook=name, **planted.integration)
    made = [{**webhook, "id": name}, {**integration, "id": name}]
    if planted.credential is not None:
        made.insert(0, {"kind": "credential", "id": name, "spec": {"name": name, **planted.credential}})
    return made


def forms(text: str) -> list[bytes]:
    """The secret as it is, and as encoders write it."""
    raw = text.encode()
    found = {raw, quote(text, safe="").encode(), quote(text).encode(), json.dumps(text)[1:-1].encode()}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Without the characters that the neighbours decide about.
            found.add(encode(bytes(before) + raw)[before + (before > 0) : (before + len(raw)) * 8 // 6])
    return sorted(found)


#: A place, and what stands there.
Written = tuple[str, bytes]


def topic_names(case: Case) -> list[str]:
    held = [getattr(case.fleet.settings.topics(), name) for name in case.fleet.settings.topics().__dataclass_fields__]
    topics: list[Topic] = [each for some in held for each in (some.values() if isinstance(some, dict) else [some])]
    return [topic.name for topic in topics]


def in_topics(case: Case) -> Iterator[Written]:
    reader = TopicReader(case.fleet.settings, topic_names(case))
    try:
        for record in reader.unread():
            where = f"topic {record.topic.removeprefix(case.fleet.plan.topic_prefix)}"
            for part in (record.key, record.value, *(each for pair in record.header_list for each in pair)):
                yield where, part.encode() if isinstance(part, str) else part or b""
    finally:
        reader.close()


def in_tables(case: Case) -> Iterator[Written]:
    with sqlite3.connect(f"file:{case.fleet.folder / 'events.sqlite3'}?mode=ro", uri=True) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            for row in database.execute(f'SELECT * FROM "{name}"'):
                yield f"table {name}", "\n".join(str(value) for value in row).encode()


def in_logs(case: Case) -> Iterator[Written]:
    for log in case.fleet.folder.rglob("*.log"):
        yield f"log {log.stem}", log.read_bytes()


def in_metrics(case: Case) -> Iterator[Written]:
    for part in case.fleet.plan.parts():
        yield f"metrics of {part}", metrics_of(case, part)


def metrics_of(case: Case, part: Part) -> bytes:
    return httpx.get(f"http://127.0.0.1:{case.fleet.port(part.service, part.index)}/metrics").content


def in_answers(case: Case, event_id: str, names: Iterable[str]) -> Iterator[Written]:
    paths = [f"/v1/events/{event_id}/trace", "/v1/runs?limit=100", "/v1/integration-events?limit=100"]
    for name in names:
        paths += [f"/v1/runs?integration={name}", f"/v1/integration-events?integration={name}"]
        for run in case.get("/v1/runs", integration=name)["items"]:
            paths.append(f"/v1/runs/{run['run_id']}")
        paths += [f"/v1/{kind}/{name}" for kind in ("credentials", "webhooks", "integrations")]
    for path in paths:
        yield f"answer {path.split('/')[2].partition('?')[0]}", case.http.get(path).content


@pytest.fixture
def closed(authority: Authority) -> Iterator[Receiver]:
    """Asks for a certificate that the authority vouches for."""
    receiver = Receiver(authority.server_context("127.0.0.1", asks_for_certificate=True))
    yield receiver
    receiver.close()


def test_no_secret_that_was_planted_anywhere_is_found_anywhere(
    case: Case, closed: Receiver, authority: Authority, tmp_path: Path
) -> None:
    planted = list(plantings(case, closed, authority, Authority(tmp_path)))
    made = [each for one in planted for each in resources(case, one)]
    signed = Planted("signed", ())
    hmac = {"kind": "credential", "id": f"{case.name}-signed", "spec": {"kind": "hmac", "name": "signed"}}
    webhook, integration = resources(case, signed)
    webhook["spec"]["credentials"] = [hmac["id"]]
    answer = case.apply(case.rule(), *made, hmac, webhook, integration)
    signing = next(each["secret"] for each in answer["resources"] if "secret" in each)
    planted.append(Planted("signed", (signing.removeprefix("whsec_"), signing)))
    heard: dict[str, list[str]] = {one.label: [] for one in planted}
    for one in planted:
        server = closed if one.label in ("shown", "unwanted") else case.receiver
        server.answer(f"{case.path}-{one.label}", echoing(one.secrets, heard[one.label]))

    event_id = case.send({"new": {"amount": 7}})
    names = {f"{case.name}-{one.label}" for one in planted}

    def all_ended() -> bool:
        runs = case.get("/v1/runs", event=event_id, limit=100)["items"]
        return {run["integration_id"] for run in runs if run.get("ended")} == names

    wait_for(all_ended, "the end of every run", 60)
    searched = {
        "topics": list(in_topics(case)),
        "tables": list(in_tables(case)),
        "logs": list(in_logs(case)),
        "metrics": list(in_metrics(case)),
        "answers": list(in_answers(case, event_id, names)),
    }
    # What stands there for certain is found, so what is not found does not stand there.
    run_id = case.get("/v1/runs", event=event_id)["items"][0]["run_id"]
    for place, mark in (("topics", run_id), ("tables", run_id), ("logs", run_id), ("answers", run_id),
                        ("metrics", "hookfleet_"), ("topics", REDACTED), ("tables", REDACTED),
                        ("answers", REDACTED)):  # fmt: skip
        assert any(mark.encode() in text for _, text in searched[place]), f"no {mark} in {place}"

    wanted = {(one.label, form) for one in planted for each in one.secrets for form in forms(each)}
    wanted |= {("API key", form) for form in forms(case.fleet.api_key)}
    configuration = {"topic config", "table resources", "answer webhooks"}
    found = {
        (label, where)
        for written in searched.values()
        for where, text in written
        for label, form in wanted
        if form in text and not (label == "named" and where in configuration)
    }
    assert found == set()
    # The search works: what may be read in the configuration is found there.
    assert any(form in text for where, text in searched["topics"] if where == "topic config"
               for form in forms(planted_of(planted, "named")[0]))  # fmt: skip
    # And every secret was in play: what was to be sent was sent, and what was to fail did.
    statuses = {
        run["integration_id"]: run["status"] for run in case.get("/v1/runs", event=event_id, limit=100)["items"]
    }
    failed = {"refused": "AUTH_FAILED", "away": "AUTH_FAILED", "invalid": "AUTH_FAILED", "unwanted": "FAILED"}
    expected = {f"{case.name}-{one.label}": failed.get(one.label, "COMPLETED") for one in planted}
    assert statuses == expected
    for label in ("basic", "bearer", "key", "ordered", "template", "granted", "named"):
        sent = "\n".join(heard[label]).encode()
        assert any(form in sent for form in forms(planted_of(planted, label)[0])), label


def planted_of(planted: Iterable[Planted], label: str) -> tuple[str, ...]:
    return next(one.secrets for one in planted if one.label == label)
