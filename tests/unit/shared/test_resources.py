"""What users may declare, and what an older worker makes of a newer one's record."""

from typing import Any

import httpx
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.core.faults import faults_of
from shared.core.resources import (
    SPEC_OF,
    AnySpec,
    HmacCredential,
    Integration,
    Kind,
    Mapping,
    NotificationRule,
    Resource,
    RetryPolicy,
    Spec,
    Webhook,
    references,
)

SPECS: dict[Kind, AnySpec] = {
    Kind.WEBHOOK: Webhook(name="Chat", url="https://example.com/hooks", headers={"X-A": "b"}, credentials=("c",)),
    Kind.NOTIFICATION_RULE: NotificationRule(name="Bills", event_type="billing.*", condition="data.amount > 10"),
    Kind.CREDENTIAL: HmacCredential(kind="hmac", name="Key"),
    Kind.INTEGRATION: Integration(name="Bills to chat", rule="bills", webhook="chat"),
    Kind.MAPPING: Mapping(
        entity_type="bill", entity_id="b-7", external_system="ledger", external_table="invoices", external_id="INV-7"
    ),
}


def resource(kind: Kind, spec: AnySpec) -> Resource:
    return Resource(kind=kind, organization="acme", id="x", spec=spec, created_ms=1, updated_ms=2)


def fault_fields(model: type[Spec], raw: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(raw)
    return [fault.field for fault in faults_of(caught.value)]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_resource_survives_the_topic(kind: Kind) -> None:
    written = resource(kind, SPECS[kind])
    assert Resource.model_validate_json(written.encode()) == written
    assert isinstance(Resource.model_validate_json(written.encode()).spec, SPEC_OF[kind])


@pytest.mark.parametrize("kind", list(Kind))
def test_an_unknown_field_is_refused_from_a_user(kind: Kind) -> None:
    raw = SPECS[kind].model_dump() | {"typo": 1}
    assert fault_fields(type(SPECS[kind]), raw) == ["typo"]


@pytest.mark.parametrize("kind", list(Kind))
def test_an_unknown_field_of_a_newer_writer_is_skipped_on_the_topic(kind: Kind) -> None:
    raw = orjson.loads(resource(kind, SPECS[kind]).encode())
    raw["newer"] = 1
    raw["spec"]["newer"] = {"a": 1}
    assert Resource.model_validate_json(orjson.dumps(raw)).spec == SPECS[kind]


def test_an_unknown_field_deep_in_a_spec_is_skipped_on_the_topic_and_refused_from_a_user() -> None:
    spec = {"name": "x", "rule": "r", "webhook": "w", "retry": {"delays_seconds": [1], "backoff": 2}}
    assert fault_fields(Integration, spec) == ["retry.backoff"]
    raw = orjson.loads(resource(Kind.INTEGRATION, SPECS[Kind.INTEGRATION]).encode()) | {"spec": spec}
    read = Resource.model_validate_json(orjson.dumps(raw)).spec
    assert isinstance(read, Integration)
    assert read.retry == RetryPolicy(delays_seconds=(1,))


@pytest.mark.parametrize("kind", [None, 7, [], {}, "webhooks"])
def test_a_record_of_no_known_kind_is_a_validation_error(kind: Any) -> None:
    raw = orjson.loads(resource(Kind.WEBHOOK, SPECS[Kind.WEBHOOK]).encode()) | {"kind": kind}
    with pytest.raises(ValidationError):
        Resource.model_validate(raw)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "HTTP://example.com:8080/hooks?token=a@b#part",
        "https://example.com?notify=a@b",
        "http://127.0.0.1/",
        "http://[::1]:8080/x",
        "https://exämple.com/",
    ],
)
def test_an_absolute_http_url_is_taken_as_it_is(url: str) -> None:
    assert Webhook(name="x", url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hooks",
        "//example.com",
        "ftp://example.com",
        "https://",
        "https:///hooks",
        "http://?x",
        "http://#x",
        "http://:80/",
        "http://[::1",
        "http://example.com:port/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "https://user@example.com",
        "https://user:s3cret@example.com/",
        "https://:s3cret@example.com/",
        "https://example.com/a b",
        "https://example.com/\r\nHost: x",
        "https://example.com/\x7f",
        "https://" + "a" * 2048,
    ],
)
def test_any_other_url_is_refused_by_field_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Webhook.model_validate({"name": "x", "url": url})
    (fault,) = faults_of(caught.value)
    assert fault.field == "url"
    assert "s3cret" not in str(fault)


@given(st.text(max_size=30).map(lambda rest: f"http://{rest}") | st.text(max_size=30))
@example("http://[")
@example("http://a\\@b/")
def test_no_url_breaks_the_check_and_none_that_passes_points_elsewhere_for_the_client(url: str) -> None:
    try:
        accepted = Webhook(name="x", url=url).url
    except ValidationError:
        return
    try:
        built = httpx.URL(accepted)
    except httpx.InvalidURL:
        return  # a name that no address can have; the attempt fails as request.invalid
    assert built.host
    assert not built.userinfo


@pytest.mark.parametrize(
    "name", ["", "a b", "a:b", "ä", "a\nb", "(a)", "Content-Length", "HOST", "webhook-id", "Webhook-X"]
)
def test_a_header_name_that_is_none_or_ours_is_refused(name: str) -> None:
    assert fault_fields(Webhook, {"name": "x", "url": "https://h", "headers": {name: "v"}})[0].startswith("headers")


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "ä", "\x00", "a\x7fb"])
def test_a_header_value_that_could_end_the_header_is_refused(value: str) -> None:
    fields = fault_fields(Webhook, {"name": "x", "url": "https://h", "headers": {"X-A": value}})
    assert fields == ["headers.X-A"]


@pytest.mark.parametrize("pattern", ["", "a b", "a/b", "ä", "a" * 256, "a?", "[a]"])
def test_an_event_type_holds_names_and_stars_only(pattern: str) -> None:
    assert fault_fields(NotificationRule, {"name": "x", "event_type": pattern}) == ["event_type"]


@pytest.mark.parametrize("delay", [0, -1, 7 * 24 * 3600 + 1, float("nan"), float("inf")])
def test_a_retry_delay_is_positive_and_a_week_at_most(delay: float) -> None:
    assert fault_fields(RetryPolicy, {"delays_seconds": [1, delay]}) == ["delays_seconds[1]"]


@pytest.mark.parametrize("timeout", [0, -1, 121, float("nan"), float("inf")])
def test_a_timeout_is_positive_and_two_minutes_at_most(timeout: float) -> None:
    raw = {"name": "x", "rule": "r", "webhook": "w", "timeout_seconds": timeout}
    assert fault_fields(Integration, raw) == ["timeout_seconds"]


@pytest.mark.parametrize("reference", ["", "A", "a/b", "a\n", "a" * 64])
def test_a_reference_is_an_identifier(reference: str) -> None:
    assert fault_fields(Integration, {"name": "x", "rule": reference + "/", "webhook": "w"}) == ["rule"]


def test_without_a_policy_four_attempts_wait_two_four_and_eight_seconds() -> None:
    assert Integration(name="x", rule="r", webhook="w").retry.delays_seconds == (2.0, 4.0, 8.0)


def test_references_name_field_kind_and_id() -> None:
    assert references(SPECS[Kind.INTEGRATION]) == (
        ("rule", Kind.NOTIFICATION_RULE, "bills"),
        ("webhook", Kind.WEBHOOK, "chat"),
    )
    assert references(SPECS[Kind.WEBHOOK]) == (("credentials", Kind.CREDENTIAL, "c"),)
    assert references(SPECS[Kind.NOTIFICATION_RULE]) == references(SPECS[Kind.CREDENTIAL]) == ()
