"""Removing one person's data, over real databases: nothing of them stays, nothing comes back, everything is counted."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from services.event_recorder.schema import metadata
from shared.core.messages.integration_events import (
    CallerContext,
    CodeOrigin,
    Entity,
    ErrorDetail,
    RunStatus,
)
from shared.core.messages.run_log import UnevaluableRule
from shared.core.records import Record
from shared.core.topics import system_event_key
from tests.component.event_recorder.acts_world import World
from tests.component.event_recorder.serving import NOW_MS
from tests.component.event_recorder.tables import contents
from tests.unit.event_recorder import records
from tests.unit.event_recorder.records import ORGANIZATION, SOURCE, START_MS, TOPICS

#: One person under three names, each of which would be found in a row.
SUBJECT, USER, EMAIL = "customer/ada-7141", "u-ada-7141", "Ada.7141@example.com"
NAMES = [{"subject": SUBJECT}, {"user_id": USER}, {"user_email": "ada.7141@EXAMPLE.com"}]


def event_text(event_id: str, who: str) -> str:
    document = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": "billing.bill.created",
        "organization": ORGANIZATION,
        "subject": f"customer/{who}",
        "data": {"user": {"id": f"u-{who}", "email": f"{who.title().replace('-', '.')}@example.com"}, "of": who},
    }
    return orjson.dumps(document).decode()


def recorded(event_id: str, who: str, offset: int) -> list[Record]:
    """Everything that an event of ``who`` leaves: itself, its match, a failed run, a skip, an error event, and the run
    of a rule that told somebody of that error."""
    text = event_text(event_id, who)
    key = system_event_key(ORGANIZATION, f"customer/{who}", event_id)
    event = records.record(TOPICS.system_events.name, key, text.encode(), offset)
    match = _said(records.match(event_id, offset=offset, unevaluable=(UnevaluableRule(rule_id="r", reason=who),)), who)
    attempt = records.attempt(1, event_id, offset=offset, answer=f"no {who}")
    said = orjson.loads(attempt.value or b"")
    said["exchange"]["request"]["body"] = {"text": text, "size": len(text)}
    said["stages"][0]["reason"] = f"refused {who}"
    said["error"]["detail"] = who
    attempt = _said(records.record(attempt.topic, attempt.key or b"", orjson.dumps(said), offset, 2), who)
    skip = records.skip(event_id, offset=offset + 500)
    said = orjson.loads(skip.value or b"")
    said["body"] = {"text": text, "size": len(text)}
    skip = _said(records.record(skip.topic, skip.key or b"", orjson.dumps(said), offset + 500, 2), who)
    outcome = records.decode(records.outcome(RunStatus.FAILED, event_id, offset=offset))
    failed = outcome.model_copy(
        update={
            "event": outcome.event.model_copy(update={"subject": f"customer/{who}"}),
            "message": f"Failed for {who}.",
            "entity": Entity(type="customer", id=who),
            "context": CallerContext(user_id=f"u-{who}", user_email=f"{who.title().replace('-', '.')}@example.com"),
            "error": ErrorDetail(code="x", origin=CodeOrigin.RECEIVER, cause="c", remedy="r", detail=who),
        }
    )
    error_id = f"error-of-{event_id}"
    error = records.integration_event("integration.perform.error", failed, error_id, offset=offset)
    told = records.attempt(1, f"told-{event_id}", offset=offset + 700)
    said = orjson.loads(told.value or b"")
    said["run"]["event"] |= {"id": error_id, "source": "hookfleet/dispatcher", "subject": "bills-to-erp"}
    body = (error.value or b"").decode()
    said["exchange"]["request"]["body"] = {"text": body, "size": len(body)}
    told = records.record(told.topic, told.key or b"", orjson.dumps(said), offset + 700, 2)
    return [event, match, attempt, skip, error, told]


def _said(record: Record, who: str) -> Record:
    """A run-log record whose event has the subject of ``who``."""
    document = orjson.loads(record.value or b"")
    document.get("run", document)["event"]["subject"] = f"customer/{who}"
    return records.record(record.topic, record.key or b"", orjson.dumps(document), record.offset, record.partition)


HERS = [record for number in range(3) for record in recorded(f"hers-{number}", "ada-7141", number * 10)]
HIS = [record for number in range(3) for record in recorded(f"his-{number}", "bob-9", 5 + number * 10)]


def everything(acting: World) -> str:
    """All that stands in the database, as one text."""
    return repr(contents(acting.engine)).casefold()


def counts(acting: World) -> dict[str, int]:
    aside = {"removals", "removal_work", "removal_keys", "trail"}
    with acting.engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name not in aside
        }


def remove(acting: World, name: dict[str, str]) -> Any:
    return acting.post("/v1/removals", name, status=202)


@pytest.mark.parametrize("name", NAMES, ids=["subject", "user id", "e-mail"])
def test_nothing_of_a_person_stays_and_everything_stays_counted(acting: World, name: dict[str, str]) -> None:
    acting.store(records.integration_resource("Bills to ERP"), *HIS)
    without = everything(acting)
    acting.begin_anew()
    acting.store(records.integration_resource("Bills to ERP"), *HERS, *HIS)
    before = counts(acting)
    assert "7141" in everything(acting)
    removal = remove(acting, name)
    assert (removal["status"], removal["kind"]) == ("RUNNING", next(iter(name)))
    acting.work(acting.remover())
    found = everything(acting)
    assert "7141" not in found
    assert counts(acting) == before
    assert without.count("bob-9") == found.count("bob-9"), "another person's data are as they were"
    done = acting.get(f"/v1/removals/{removal['id']}")
    # Three events, and the three error events that they led to.
    assert (done["status"], done["removed"]) == ("DONE", 6)
    assert acting.get("/v1/removals")["items"] == [done]
    (step,) = acting.get("/v1/trail")["items"]
    assert (step["act"], step["subject_id"], step["by"]) == ("removal-requested", removal["id"], "api-key")


def test_what_is_left_can_still_be_listed_and_read(acting: World) -> None:
    acting.store(records.integration_resource("Bills to ERP"), *HERS)
    remove(acting, NAMES[0])
    acting.work(acting.remover())
    for path in ("/v1/integration-events", "/v1/runs", "/v1/recent-events", "/v1/alerts"):
        assert "7141" not in repr(acting.get(path))
    shown = acting.get(f"/v1/runs/{records.run_id('hers-0')}")
    assert (shown["status"], len(shown["attempts"]), shown["attempts"][0]["exchange"]) == ("FAILED", 1, None)
    assert acting.get("/v1/events/hers-0/trace")["matched"] is True
    refused = acting.post(f"/v1/runs/{records.run_id('hers-0')}/replay", status=409)
    assert "no longer kept" in refused["detail"]


@pytest.mark.parametrize("name", NAMES, ids=["subject", "user id", "e-mail"])
def test_topics_that_are_read_again_bring_nothing_back(acting: World, name: dict[str, str]) -> None:
    acting.store(*HERS, *HIS)
    remove(acting, name)
    acting.work(acting.remover())
    before = contents(acting.engine)
    acting.store(*HERS, *HIS)
    assert contents(acting.engine) == before
    for record in reversed(HERS):
        acting.store(record)
    assert contents(acting.engine) == before


@pytest.mark.parametrize("name", NAMES, ids=["subject", "user id", "e-mail"])
def test_what_was_accepted_before_and_is_read_only_now_is_stored_empty(acting: World, name: dict[str, str]) -> None:
    remove(acting, name)
    acting.work(acting.remover())
    # The run log first: it does not always name anybody.
    for record in reversed(HERS):
        acting.store(record)
    assert "7141" not in everything(acting)
    assert counts(acting)["runs"] == 6


def test_what_comes_after_a_removal_is_kept_until_it_is_asked_for_again(acting: World) -> None:
    acting.store(*HERS)
    acting.now_ms = START_MS - 1_000
    first = remove(acting, NAMES[1])
    acting.work(acting.remover())
    acting.now_ms = NOW_MS
    later = recorded("later", "ada-7141", 100)
    acting.store(*later)
    assert "7141" in everything(acting)
    again = remove(acting, NAMES[1])
    assert again["id"] == first["id"]
    assert remove(acting, NAMES[1]) == again, "while it goes on, asking again changes nothing"
    acting.work(acting.remover())
    assert "7141" not in everything(acting)
    assert [each["act"] for each in acting.get("/v1/trail")["items"]] == ["removal-requested"] * 2


def test_a_removal_goes_on_where_a_dead_worker_left_it(acting: World) -> None:
    acting.store(*HERS, *(record for number in range(250) for record in recorded(f"x-{number}", "bob-9", number)[:1]))
    removal = remove(acting, NAMES[0])
    acting.remover("dead").step()
    survivor = acting.remover("survivor")
    examined = acting.get(f"/v1/removals/{removal['id']}")["examined"]
    assert examined == 200
    survivor.step()
    assert acting.get(f"/v1/removals/{removal['id']}")["examined"] == examined, "the lease is the dead one's"
    acting.work(survivor)
    assert acting.get(f"/v1/removals/{removal['id']}")["status"] == "DONE"
    assert "7141" not in everything(acting)


def test_a_person_of_another_organization_is_another_person(acting: World) -> None:
    event = records.system_event("theirs", organization="rival", data='{"user":"u-ada-7141"}')
    acting.store(event)
    remove(acting, NAMES[1])
    acting.work(acting.remover())
    assert "7141" in everything(acting)


def test_a_request_names_one_person_in_one_way(acting: World) -> None:
    acting.post("/v1/removals", {}, status=422)
    acting.post("/v1/removals", NAMES[0] | NAMES[1], status=422)
    acting.post("/v1/removals", {"subject": ""}, status=422)
    assert acting.get("/v1/removals")["items"] == []
