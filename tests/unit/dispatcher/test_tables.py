"""Records of ``config`` as the dispatcher takes them in."""

import pytest

from services.dispatcher.core.configuration import Configuration
from services.dispatcher.tables import apply_config
from shared.core.faults import InvalidInput
from shared.core.records import Record
from shared.core.resources import Kind, Resource
from shared.core.topics import config_key
from tests.unit.dispatcher import samples


def record(key: bytes | None, value: bytes | None) -> Record:
    return Record("config", 0, 0, key, value, (), 0)


def test_a_resource_comes_goes_and_is_found_by_its_key() -> None:
    configuration = Configuration()
    key = config_key(Kind.WEBHOOK, "acme", "hook")
    resource = Resource(
        kind=Kind.WEBHOOK, organization="acme", id="hook", spec=samples.webhook(), created_ms=1, updated_ms=1
    )
    apply_config(configuration, record(key, resource.encode()))
    assert configuration.webhook("acme", "hook") == resource.spec
    apply_config(configuration, record(key, None))
    assert configuration.webhook("acme", "hook") is None


@pytest.mark.parametrize("key", [None, b"", b"webhook/acme", b"webhook/acme/hook/more", b"unheard-of/acme/x"])
def test_a_key_that_names_no_resource_is_invalid(key: bytes | None) -> None:
    with pytest.raises(InvalidInput):
        apply_config(Configuration(), record(key, b'{"spec":{}}'))


def test_a_value_that_is_no_resource_is_invalid() -> None:
    with pytest.raises(InvalidInput):
        apply_config(Configuration(), record(b"webhook/acme/hook", b"not JSON"))
