"""Settings that cannot work are refused at start, each by its name."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.event_recorder.core.retention import RecordKind
from services.event_recorder.settings import RecorderSettings

GOOD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "api_key": "0123456789abcdef",
    "organization": "acme",
    "database_url": "sqlite:////tmp/recorder.db",
}


def test_good_settings_are_taken() -> None:
    assert RecorderSettings.model_validate(GOOD).kept_ms[RecordKind.RUN_LOG] == 28 * 24 * 3_600_000


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/hookfleet/recorder.db",
        "postgresql+psycopg://recorder:secret@db.example/hookfleet",
        "postgresql+psycopg://recorder@/hookfleet?host=/run/postgresql",
    ],
)
def test_both_engines_are_named_by_a_url(url: str) -> None:
    assert RecorderSettings.model_validate(GOOD | {"database_url": url}).database_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "not a url"),
        ("database_url", "sqlite://"),
        ("database_url", "sqlite:///:memory:"),
        ("database_url", "mysql://root:hidden@db/x"),
        ("database_url", "postgresql://root:hidden@db/x"),
        ("database_url", "postgresql+psycopg://root:hidden@db"),
        ("api_key", "short"),
        ("organization", "Not An Identifier"),
        ("keep_run_log_days", 0),
    ],
)
def test_a_bad_setting_is_named_without_its_value(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        RecorderSettings.model_validate(GOOD | {name: value})
    errors = refused.value.errors(include_input=False, include_context=False)
    assert [error["loc"] for error in errors] == [(name,)]
    assert "hidden" not in str(errors)
