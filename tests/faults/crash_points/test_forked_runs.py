"""A run that is on its way twice and ends twice, differently: everybody takes the first end in the order of
``integration-events``."""

import http.client
import json
from typing import Any

from services.disabler.core.streak import decode_streak
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.state import IntegrationState
from shared.core.topics import integration_key
from tests.faults.crash_points.conftest import MakeScene
from tests.faults.crash_points.deliveries import deliver, request
from tests.faults.crash_points.scene import ORGANIZATION, Scene, Worker
from tests.flow.receiver import Receiver, Reply
from tests.waiting import wait_for

API_KEY = "a-key-for-queries-only"


def recorder(scene: Scene) -> Worker:
    return scene.start_service(
        "services.event_recorder",
        own={
            "HOOKFLEET_API_KEY": API_KEY,
            "HOOKFLEET_ORGANIZATION": ORGANIZATION,
            "HOOKFLEET_DATABASE_URL": f"sqlite:///{scene.folder / 'events.sqlite3'}",
            # The deliveries of these tests were accepted in 1970.
            "HOOKFLEET_KEEP_RUN_LOG_DAYS": "36500",
            "HOOKFLEET_KEEP_INTEGRATION_EVENTS_DAYS": "36500",
            "HOOKFLEET_KEEP_ERROR_EVENTS_DAYS": "36500",
        },
    )


def recorded(worker: Worker, run_id: str) -> dict[str, Any]:
    """The run as the recorder answers."""
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=10)
    connection.request("GET", f"/v1/runs/{run_id}", headers={"Authorization": f"Bearer {API_KEY}"})
    document: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return document


def is_disabled(scene: Scene, integration: str) -> bool:
    states = [
        IntegrationState.model_validate_json(each.value or b"")
        for each in scene.records(scene.topics.integration_state)
    ]
    return any(not state.enabled for state in states if state.integration_id == integration)


def failed_runs(scene: Scene, integration: str) -> tuple[str, ...]:
    """The disabler's streak, as its table has it."""
    key = integration_key(ORGANIZATION, integration)
    values = [each.value for each in scene.records(scene.topics.disabler_streaks) if each.key == key]
    return decode_streak(values[-1] or b"").failed_runs if values else ()


def test_recorder_and_disabler_take_the_first_outcome_of_a_run_that_ends_twice(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    scene = make_scene()
    scene.configure("fails-first", f"{receiver.url}/fails-first", failed_runs=2)
    scene.configure("completes-first", f"{receiver.url}/completes-first", failed_runs=1)
    receiver.answer("/fails-first", lambda received: Reply(500 if len(received) == 1 else 200))
    receiver.answer("/completes-first", lambda received: Reply(200 if len(received) == 1 else 500))
    reading = recorder(scene)
    disabler = scene.start_service("services.disabler", own={"HOOKFLEET_DATA_DIR": str(scene.folder / "disabler")})
    for worker in (scene.start("send"), reading, disabler):
        worker.wait_ready()

    expected = {"fails-first": RunStatus.FAILED, "completes-first": RunStatus.COMPLETED}
    for integration, status in expected.items():
        for step in (0, 1):
            deliver(scene, request(integration, f"forked-{integration}", step=step))
        first, second = scene.run(f"forked-{integration}").outcomes
        assert (first.status, first.step) == (status, 1)
        assert (second.status is not status, second.step) == (True, 2)
    events = scene.topics.integration_events
    wait_for(lambda: scene.is_read("recorder", events), "the recorder has read everything")
    wait_for(lambda: scene.is_read("disabler", events), "the disabler has read everything")

    for integration, status in expected.items():
        run = recorded(reading, f"forked-{integration}")
        assert (run["status"], run.get("superseded_outcomes")) == (status, 1), run
    assert failed_runs(scene, "fails-first") == ("forked-fails-first",), "the late success must not reset"
    assert not is_disabled(scene, "completes-first"), "the late failure must not count"

    receiver.answer("/fails-first", Reply(500))
    deliver(scene, request("fails-first", "the-next-run"))
    wait_for(lambda: is_disabled(scene, "fails-first"), "the second failed run disables")
