"""Events about integrations: who is triggered by them, and why that ends."""

from services.dispatcher.conditions import Conditions
from services.dispatcher.core.matching import MAX_CHAIN, match
from shared.core.cloud_events import check_event
from shared.core.messages import integration_events as events
from shared.core.messages.base import EventRef
from tests.unit.dispatcher import samples

evaluator = Conditions().evaluator

ERROR = check_event(
    {
        "specversion": "1.0",
        "id": "e1",
        "source": "hookfleet/dispatcher",
        "type": events.PERFORM_ERROR,
        "organization": "acme",
        "data": {"integration_id": "a"},
    }
)


def triggered(*chain: str) -> list[str]:
    """The integrations that an error event triggers, of a and b, which are told of every error."""
    configuration = samples.configured(
        rule=samples.rule(event_type="integration.*"),
        hook=samples.webhook(),
        a=samples.integration(),
        b=samples.integration(),
    )
    matched = match(ERROR, configuration, evaluator(ERROR), chain=chain, config_offset=1, accepted_ms=1, now_ms=1)
    assert matched.chain == chain
    return [run.integration_id for run in matched.runs]


def test_an_integration_is_never_triggered_by_events_about_itself() -> None:
    assert triggered("a") == ["b"]


def test_nor_by_events_that_its_own_errors_led_to() -> None:
    assert triggered("a", "b") == []


def test_a_chain_is_bounded() -> None:
    longest = tuple(f"i{number}" for number in range(MAX_CHAIN))
    assert triggered(*longest) == ["a", "b"]
    assert triggered(*longest, "one-more") == []


def test_the_chain_of_an_outcome_ends_with_the_integration_it_is_about() -> None:
    outcome = events.RunOutcome(
        run_id="r",
        webhook_id="r",
        integration_id="b",
        event=EventRef(source="s", id="e", type="t"),
        chain=("a",),
        status=events.RunStatus.FAILED,
        step=1,
        accepted_ms=1,
        created_ms=1,
        ended_ms=1,
        epoch=0,
        failure_limit=20,
        message="m",
    )
    event = events.IntegrationEvent(
        id="i",
        source="s",
        type=events.PERFORM_ERROR,
        organization="acme",
        time="2030-01-01T00:00:00Z",
        data=outcome,
    )
    assert events.chain_of(event.encode()) == ("a", "b")
