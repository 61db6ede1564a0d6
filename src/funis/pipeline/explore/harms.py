"""Expected adverse events of a regimen, with cells and with a mock procedure at the same times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from funis.pipeline.explore.state import ExploreState
from funis.pipeline.planning.events import expected_events
from funis.plan import Interval

SEED = 1
"""Of the draws of the true rates, so that nothing but the regimen moves a risk."""


@dataclass(frozen=True, slots=True)
class Harm:
    """Risk of one event or more, with the 95 % interval of what is not known of the rates."""

    id: str
    name: str
    treated: Interval
    placebo: Interval
    source: str | None


def expected_harms(state: ExploreState) -> tuple[Harm, ...]:
    """Return the events that the doses or time bring up to the last week, most frequent first."""
    last = 7 * state.weeks
    times = sum(day <= last for day in state.days)
    return _harms(state.disease, state.routes, times, state.weeks)


@lru_cache(maxsize=512)
def _harms(disease: str, routes: tuple[str, ...], times: int, weeks: int) -> tuple[Harm, ...]:
    given = dict.fromkeys(routes, times)
    found = expected_events(disease, given, weeks, SEED)
    return tuple(Harm(one.id, one.name, one.treated, one.placebo, one.source) for one in found)
