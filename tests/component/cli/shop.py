"""One test's own corner of the fleet, and the commands as a person gives them."""

from __future__ import annotations

import uuid
from pathlib import Path

from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.local.broker.ports import draw_port
from deploy.local.fleet import Fleet

CONFIGURATION = """
kind: credential
id: {name}-signature
spec: {{kind: hmac, name: Signature}}
---
kind: webhook
id: {name}
spec: {{name: Desk, url: "http://127.0.0.1:{port}/orders", credentials: [{name}-signature]}}
---
kind: notification-rule
id: {name}
spec: {{name: Large orders, event_type: {name}.created, condition: data.amount > 100}}
---
kind: integration
id: {name}
spec: {{name: Orders to the desk, rule: {name}, webhook: {name}}}
"""


class Shop:
    """One test's own resources, by a name that no other test uses."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.name = f"shop-{uuid.uuid4().hex[:8]}"
        self.port = draw_port()
        self.folder = folder
        self.event_type = f"{self.name}.created"
        self._env = {"HOOKFLEET_URL": fleet.url, "HOOKFLEET_API_KEY": fleet.api_key, "COLUMNS": "300"}

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, list(arguments), env=self._env, input=stdin)
        assert isinstance(result.exception, SystemExit | None), result.exception
        return result

    def apply(self, text: str = CONFIGURATION) -> Result:
        file = self.folder / "shop.yaml"
        file.write_text(text.format(name=self.name, port=self.port))
        return self.run("apply", "-f", str(file))

    def send(self, data: str) -> str:
        event_id = uuid.uuid4().hex
        sent = self.run("events", "send", "--type", self.event_type, "--id", event_id, "--data", data)
        assert sent.exit_code == 0, sent.output
        return event_id
