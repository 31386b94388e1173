"""What a Prometheus on this machine is told: whom to scrape, how often, by which rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

#: Rules find targets by jobs whose names begin so.
JOB_PREFIX = "hookfleet-"


def prometheus_config(targets: Mapping[str, Sequence[int]], rule_files: Sequence[str], interval_seconds: int) -> str:
    """``targets`` are ports on this machine by service. JSON, which is YAML."""
    document = {
        "global": {
            "scrape_interval": f"{interval_seconds}s",
            "scrape_timeout": f"{interval_seconds}s",
            "evaluation_interval": f"{interval_seconds}s",
        },
        "rule_files": list(rule_files),
        "scrape_configs": [
            {
                "job_name": f"{JOB_PREFIX}{service.replace('_', '-')}",
                "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}],
            }
            for service, ports in targets.items()
        ],
    }
    return json.dumps(document, indent=2)
