"""Write the dashboards: `python -m deploy.monitoring`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.monitoring.fleet_dashboard import fleet_dashboard
from deploy.monitoring.recorded_dashboards import integration_dashboard, organization_dashboard

FOLDER = Path(__file__).with_name("dashboards")


def dashboards() -> dict[Path, str]:
    """The files and what they hold."""
    documents: dict[str, dict[str, Any]] = {
        "fleet": fleet_dashboard(),
        "integration": integration_dashboard(),
        "organization": organization_dashboard(),
    }
    return {FOLDER / f"{name}.json": json.dumps(each, indent=2) + "\n" for name, each in documents.items()}


if __name__ == "__main__":
    for path, text in dashboards().items():
        path.write_text(text)
