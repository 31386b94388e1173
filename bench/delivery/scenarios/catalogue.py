"""Every scenario, in the order in which they are run and reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench.delivery.scenario import Scenario
from bench.delivery.scenarios.cost import Cost
from bench.delivery.scenarios.isolation import Isolation
from bench.delivery.scenarios.latency import Latencies
from bench.delivery.scenarios.limited_backlog import LimitedBacklog
from bench.delivery.scenarios.memory import Memory
from bench.delivery.scenarios.rate_limit import RateLimit
from bench.delivery.scenarios.rule_matching import RuleMatching
from bench.delivery.scenarios.scale_out import ScaleOut
from bench.delivery.scenarios.throughput import Throughput

SCENARIOS: Final[Sequence[Scenario]] = (
    Cost(),
    Throughput(),
    Latencies(),
    ScaleOut(),
    Isolation(),
    RuleMatching(),
    Memory(),
    LimitedBacklog(),
    RateLimit(),
)
