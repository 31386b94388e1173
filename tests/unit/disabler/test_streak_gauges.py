"""How near integrations are to being disabled, in sum."""

from prometheus_client import REGISTRY

from services.disabler.core.streak import Streak
from services.disabler.streak_gauges import watch_streaks


def streak(failed: int, *, enabled: bool = True) -> Streak:
    return Streak(1, 0, enabled, 1, tuple(f"run-{number}" for number in range(failed)))


def test_streaks_are_counted_by_length_and_those_of_disabled_integrations_are_not() -> None:
    watch_streaks(lambda: map(streak, (0, 1, 4, 5, 19, 25)))
    counted = {
        sample.labels["failed_runs"]: sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "hookfleet_disabler_streaks"
    }
    assert counted == {"1 to 4": 2, "5 to 9": 1, "10 to 14": 0, "15 to 19": 1, "20 or more": 1}
    assert REGISTRY.get_sample_value("hookfleet_disabler_streak_longest_runs") == 25
    watch_streaks(lambda: iter([streak(30, enabled=False)]))
    assert REGISTRY.get_sample_value("hookfleet_disabler_streak_longest_runs") == 0
