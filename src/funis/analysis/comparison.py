"""Published results beside simulated ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from funis.analysis.published import Published, Skipped, published_results
from funis.analysis.results import Contrast, Estimate, Results
from funis.evidence import Evidence
from funis.models.endpoints import Endpoints
from funis.protocol import SUFFIXES, EndpointRequest

SAME_WEEK_WEEK = 0.5
"""A visit at most this far away counts as the same week [week]."""


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """A published number and the same endpoint in the simulated arms.

    Attributes
    ----------
    published : Published
    simulated : tuple of Estimate or Contrast
        One for each simulated arm, at the visit nearest to the published week; empty where the
        trial did not estimate the endpoint.
    week : float or None
        Week of that visit.
    same_week : bool
        Whether it is the published week.
    """

    published: Published
    simulated: tuple[Estimate | Contrast, ...]
    week: float | None
    same_week: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows that can be compared, and those that cannot with the reason."""

    rows: tuple[ComparisonRow, ...]
    skipped: tuple[Skipped, ...]


def comparison(results: Results, evidence: Evidence, endpoints: Endpoints) -> Comparison:
    """Put every published result beside the simulated arms.

    Parameters
    ----------
    results
        With the endpoints that ``comparison_requests`` names, as far as they were estimated.
    evidence, endpoints
        Of the disease.

    Returns
    -------
    Comparison
        Rows by group, then evidence type (randomised first), study, endpoint and week.
    """
    published, skipped = published_results(evidence, endpoints)
    rows = tuple(_beside(item, results) for item in published)
    return Comparison(rows, skipped)


def comparison_requests(
    evidence: Evidence, endpoints: Endpoints, weeks: Sequence[float]
) -> tuple[EndpointRequest, ...]:
    """Endpoints to estimate so that every published result has a simulated one beside it.

    Parameters
    ----------
    weeks
        Visits of the trial; the visit nearest to each published week is taken, baseline left out.
    """
    visits = [week for week in weeks if week > 0]
    published, _ = published_results(evidence, endpoints)
    found: dict[tuple[str, float, str], EndpointRequest] = {}
    for item in published if visits else ():
        week = _nearest_week(item.week, visits)
        key = (item.endpoint, week, item.measure)
        if key not in found:
            found[key] = EndpointRequest(item.endpoint, week, item.measure, "exploratory")
    return tuple(found.values())


def _beside(item: Published, results: Results) -> ComparisonRow:
    base = f"{item.endpoint}{SUFFIXES.get(item.measure, '')}@"
    pool: Sequence[Estimate | Contrast] = results.contrasts if item.contrast else results.estimates
    found = [estimate for estimate in pool if estimate.endpoint.startswith(base)]
    weeks = sorted({estimate.week for estimate in found if estimate.week > 0})
    if not weeks:
        return ComparisonRow(item, (), None, False)
    week = _nearest_week(item.week, weeks)
    same = abs(week - item.week) <= SAME_WEEK_WEEK
    return ComparisonRow(item, tuple(one for one in found if one.week == week), week, same)


def _nearest_week(week: float, weeks: Sequence[float]) -> float:
    """Choose the nearest of the weeks; of two equally near the earlier."""
    return min(sorted(weeks), key=lambda other: abs(other - week))
