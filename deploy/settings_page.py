"""Writes docs/operations/settings.md from the settings models: `python -m deploy.settings_page`.

Names, defaults, bounds and descriptions stand in the models, where they are enforced; a page kept by hand would be
wrong by the next change. A test compares the page with what this module writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from deploy.local.gateway.settings import GatewaySettings
from services.disabler.settings import DisablerSettings
from services.dispatcher.settings import DispatcherSettings
from services.event_recorder.settings import RecorderSettings
from services.ingest.settings import IngestSettings
from shared.adapters.settings import ENV_PREFIX, SECRETS_DIR_VARIABLE, ServiceSettings
from shared.adapters.tracing import TracedServiceSettings

PAGE = Path(__file__).parents[1] / "docs" / "operations" / "settings.md"

Models = tuple[tuple[str, type[BaseSettings]], ...]

#: Headings and models, whose settings are said once: a model's table leaves out what these have before it.
COMMON: Models = (
    ("Every service", ServiceSettings),
    ("Services that trace: ingest, dispatcher, event_recorder", TracedServiceSettings),
)
OWN: Models = (
    ("ingest", IngestSettings),
    ("dispatcher", DispatcherSettings),
    ("event_recorder", RecorderSettings),
    ("disabler", DisablerSettings),
)
#: Shares no setting with the services.
GATEWAY: Models = (("The gateway of `hookfleet up`, on a laptop", GatewaySettings),)

_HEAD = f"""# Settings

Every setting of every service, written from the models that enforce them by `python -m deploy.settings_page`.

Settings are environment variables. Any of them may instead be a file named like the variable in lower case, in the
folder that `{SECRETS_DIR_VARIABLE}` names; the variable wins where both are there. Secrets belong in such files. A
process whose settings are faulty ends with status 2 and a list of all faults, which never holds a value. Lists are
written with commas.
"""


def settings_page() -> str:
    """The whole page, in Markdown."""
    said: set[str] = set()
    parts = [_HEAD]
    for heading, model in (*COMMON, *OWN):
        fields = {name: field for name, field in _fields(model).items() if name not in said}
        if (heading, model) in COMMON:
            said |= fields.keys()
        parts.append(_section(heading, fields))
    parts += [_section(heading, _fields(model)) for heading, model in GATEWAY]
    return "\n".join(parts)


def _fields(model: type[BaseSettings]) -> dict[str, Mapping[str, Any]]:
    """JSON Schema of each field, by the variable that sets it."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    required = schema.get("required", ())
    fields: dict[str, Mapping[str, Any]] = {}
    for name, field in schema["properties"].items():
        variable = name if name.isupper() else f"{ENV_PREFIX}{name.upper()}"
        resolved = {**field, **_resolved(field, schema.get("$defs", {}))}
        fields[variable] = {**resolved, "required": name in required}
    return fields


def _resolved(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """What restricts the value, wherever the schema has put it."""
    found: dict[str, Any] = {}
    for said in (field, *field.get("anyOf", ()), field.get("items", {})):
        part = definitions[said["$ref"].rpartition("/")[2]] if "$ref" in said else said
        found |= {name: part[name] for name in _RESTRICTIONS if name in part}
    return found


_RESTRICTIONS = ("enum", "minimum", "exclusiveMinimum", "maximum", "writeOnly", "minLength", "format", "pattern")
#: A pattern that is a list of words.
_WORDS = re.compile(r"\^\(([A-Z|]+)\)\$")


def _section(heading: str, fields: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        f"| `{name}` | {_default(field)} | {_allowed(field)} | {_meaning(field)} |" for name, field in fields.items()
    ]
    return "\n".join(
        [f"## {heading}", "", "| variable | default | allowed | meaning |", "|---|---|---|---|", *rows, ""]
    )


def _default(field: Mapping[str, Any]) -> str:
    if field["required"]:
        return "**required**"
    default = field.get("default")
    if isinstance(default, list):
        return f"`{','.join(map(str, default))}`" if default else "none"
    return "none" if default in (None, "") else f"`{default}`"


def _allowed(field: Mapping[str, Any]) -> str:
    return "; ".join(_restrictions(field)) or "text"


def _restrictions(field: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in field:
        yield ", ".join(f"`{value}`" for value in field["enum"])
    if words := _WORDS.fullmatch(field.get("pattern", "")):
        yield ", ".join(f"`{word}`" for word in words[1].split("|"))
    if "minimum" in field:
        yield f"{_number(field['minimum'])} to {_number(field['maximum'])}"
    if "exclusiveMinimum" in field:
        yield f"above {_number(field['exclusiveMinimum'])}, up to {_number(field['maximum'])}"
    if field.get("writeOnly"):
        least = field.get("minLength", 1)
        yield "secret" if least == 1 else f"secret, {least} characters at least"
    if field.get("format") == "path":
        yield "path"


def _number(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:.4g}"


def _meaning(field: Mapping[str, Any]) -> str:
    return str(field["description"]).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(settings_page())
