"""docs/payloads.md says what is sent; here it is."""

import asyncio
import re
from pathlib import Path

import orjson
import pytest
import yaml

from services.dispatcher.rendering import Renderer
from shared.adapters.cel_checks import expression_faults
from shared.core.cloud_events import check_event
from shared.core.resources import CREDENTIAL_OF, Integration, Kind, read_spec
from tests.unit.dispatcher.samples import integration, request, webhook

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "payloads.md").read_text()
(EVENT,) = re.findall(r"```json event\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = re.findall(r"```yaml template\n(.*?)```.*?```http\n(.*?)```", TEXT, re.DOTALL)


def test_every_template_of_the_page_is_found() -> None:
    assert len(EXAMPLES) == TEXT.count("```yaml template") == TEXT.count("```http") >= 3


@pytest.mark.parametrize(("template", "sent"), EXAMPLES)
def test_an_example_sends_what_the_page_says(template: str, sent: str) -> None:
    spec = integration(**yaml.safe_load(template))
    event = check_event(orjson.loads(EVENT)).encode()
    hook = webhook("https://example.com/api")
    made = asyncio.run(Renderer().render(request(), spec, hook, event, None, None))
    head = [f"{made.method} {made.url}", *(f"{name}: {value}" for name, value in made.headers)]
    assert "\n".join([*head, "", made.body.decode()]) == sent.strip()


@pytest.mark.parametrize("name", ["native-billing.yaml", "presets.yaml", "quickstart.yaml"])
def test_a_sample_is_taken_as_it_stands(name: str) -> None:
    for resource in yaml.safe_load_all((ROOT / "deploy" / "samples" / name).read_text()):
        spec = read_spec(Kind(resource["kind"]), resource["spec"])
        assert list(expression_faults(spec)) == []
        if isinstance(spec, Integration) and spec.preset is not None:
            assert spec.preset.value in TEXT
    assert CREDENTIAL_OF
