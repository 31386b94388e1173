"""Settings that cannot work are refused at start, each by its name."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.event_recorder.settings import RecorderSettings

GOOD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "api_key": "0123456789abcdef",
    "organization": "acme",
    "database_url": "sqlite:////tmp/recorder.db",
}


def test_good_settings_are_taken() -> None:
    assert RecorderSettings.model_validate(GOOD).event_store_ms == 7 * 24 * 3_600_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "not a url"),
        ("database_url", "sqlite://"),
        ("database_url", "sqlite:///:memory:"),
        ("database_url", "mysql://root:hidden@db/x"),
        ("api_key", "short"),
        ("organization", "Not An Identifier"),
        ("event_store_hours", 0),
    ],
)
def test_a_bad_setting_is_named_without_its_value(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        RecorderSettings.model_validate(GOOD | {name: value})
    errors = refused.value.errors(include_input=False, include_context=False)
    assert [error["loc"] for error in errors] == [(name,)]
    assert "hidden" not in str(errors)
