"""The pooled effect of one endpoint in one line: the best design that was published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from funis.evidence import Evidence
from funis.evidence.meta import SCALES
from funis.models.endpoints import Endpoints
from funis.pipeline.meta.gather import Wish, endpoint_key, gather, members
from funis.pipeline.meta.numbers import interval_words, stratum_interval
from funis.pipeline.meta.run import MEASURES, WINDOW_WEEK, pooled_stratum
from funis.pipeline.meta.values import StratumKind
from funis.protocol import EndpointRequest
from funis.report.content import Interval

KINDS: tuple[StratumKind, ...] = ("randomised contrast", "non-randomised contrast")
"""Designs that compare, the better one first."""


@dataclass(frozen=True, slots=True)
class PooledEffect:
    """What comparisons of cells with a control add up to, in the best design that was published.

    Attributes
    ----------
    kind, measure : str
        Design and measure; empty where no comparison was printed.
    interval : Interval or None
        Of one study where there is only one; None where several do not pool.
    patients, randomised : int
        Patients behind it, and how many of its studies' were allocated by chance.
    """

    endpoint: str
    kind: str
    measure: str
    studies: tuple[str, ...]
    interval: Interval | None
    patients: int = 0
    randomised: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        found = self.interval
        return {
            "endpoint": self.endpoint,
            "design": self.kind or None,
            "measure": self.measure or None,
            "studies": list(self.studies),
            "patients": self.patients,
            "randomised": self.randomised,
            "estimate": None if found is None else found.estimate,
            "low95": None if found is None else found.low,
            "high95": None if found is None else found.high,
        }


def pooled_effect(
    evidence: Evidence, endpoints: Endpoints, request: EndpointRequest
) -> PooledEffect:
    """Pool comparisons of one endpoint near its week, randomised ones where there are any."""
    key = endpoint_key(request.endpoint, request.measure)
    measure = MEASURES[request.measure][0]
    gathered = gather(evidence, endpoints)
    found, _ = members(gathered, key, Wish(request.week, WINDOW_WEEK, measure, False, False))
    place = next((place for kind in KINDS for place in found if place[0] == kind), None)
    if place is None:
        return PooledEffect(request.key, "", "", (), None)
    kind, stratum = place[0], pooled_stratum(place[0], found[place])
    names = tuple(member.effect.study for member in stratum.members)
    return PooledEffect(
        request.key, kind, SCALES[stratum.measure].name, names, stratum_interval(stratum),
        stratum.patients, stratum.randomised,
    )  # fmt: skip


def effect_words(found: PooledEffect) -> str:
    """Return a pooled effect in few words."""
    if found.interval is None:
        return "no comparison printed"
    count = len(found.studies)
    studies = "one study" if count == 1 else f"{count} studies"
    measure = next(key for key, scale in SCALES.items() if scale.name == found.measure)
    words = f"{found.measure} {interval_words(found.interval, measure)}, {studies}, {found.kind}"
    return f"{words}, {found.randomised:,} randomised patients"
