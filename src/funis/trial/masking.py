"""What knowing the arm, or guessing it, adds to what patients report.

The size is a bias of published reviews in standard deviations between patients. It is turned into
further expectation, component by component: as much of it as moves the component by that many
standard deviations of its change in untreated patients of the same trial, at the week of the first
primary endpoint; it rises as expectation does. Components on which expectation does not act are not
moved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.checks import read_yaml
from funis.models.endpoints import Component, to_scale
from funis.population import uniform
from funis.protocol import Arm, Bias, Design, DoseEvents
from funis.trial.enrol import Enrolled, enrol
from funis.trial.events import first_event_minute
from funis.trial.observe import Array, Integers
from funis.trial.study import MINUTES_PER_DAY, Study, products_of, week_minute

LIBRARY = Path(__file__).parents[1] / "library" / "calibration.yaml"

MEASURED = 64
"""Patients of the trial on whom the standard deviation of a change is measured, untreated."""

LOGIT_SD = math.pi / math.sqrt(3)
"""Standard deviation of the standard logistic distribution."""

Spread = Callable[[Study, Enrolled, int], Mapping[str, Array]]


@dataclass(frozen=True, slots=True)
class Told:
    """What patients know or guess of their arm.

    Attributes
    ----------
    open_sd : (patient,) what they report more for knowing their arm [sd].
    guess_sd : (patient,) what they report more for guessing cells, less for guessing none [sd].
    rise_day : (patient,) time constant of expectation [day].
    full_minute : minute at which it has its full size.
    reach : component -> expectation that moves it by one standard deviation.
    arms, arm_of : arms, and the place of each patient's among them.
    terms : adverse events by which they guess.
    """

    open_sd: Array
    guess_sd: Array
    rise_day: Array
    full_minute: int
    reach: Mapping[str, float]
    arms: tuple[Arm, ...]
    arm_of: Integers
    terms: tuple[str, ...] = ()

    def at(
        self, study: Study, who: Enrolled, doses: DoseEvents, minute: int
    ) -> Mapping[str, Array]:
        """Return the further expectation at a visit, component -> (patient,)."""
        size = self.open_sd * self._risen(minute)
        if self.terms:
            size = size + self._guessed(study, who, doses, minute)
        return {name: size * reach for name, reach in self.reach.items()}

    def _risen(self, since_minute: Array | int) -> Array:
        """Return the share of its size at the full minute, some time after patients know."""
        since = np.maximum(since_minute, 0.0) / MINUTES_PER_DAY
        full = np.expm1(-self.full_minute / MINUTES_PER_DAY / self.rise_day)
        return np.asarray(np.expm1(-since / self.rise_day) / full, dtype=np.float64)

    def _guessed(self, study: Study, who: Enrolled, doses: DoseEvents, minute: int) -> Array:
        """Guess cells from the first event on, none from the first administration without one."""
        event, given = first_event_minute(
            study, self.arms, self.arm_of, who, doses, self.terms, minute
        )
        cells = np.isfinite(event)
        since = np.where(cells, event, given)
        sign = np.where(cells, 1.0, -1.0)
        return np.where(np.isfinite(since), sign * self.guess_sd * self._risen(minute - since), 0.0)


def telling(
    study: Study, arms: Sequence[Arm], arm_of: Integers, who: Enrolled, spread: Spread
) -> Told | None:
    """Return what patients know of their arm; None where the design tells nobody anything."""
    design = study.design
    bias = None if design is None else bias_of(design)
    if design is None or bias is None or bias.sd == 0 or len(who.patient) == 0:
        return None
    zero = np.zeros(len(who.patient))
    gets = np.array([bool(products_of(arm, study.protocol.rules)) for arm in arms])[arm_of]
    opened = np.where(gets, bias.sd, 0.0) if design.unmasking is None else zero
    guess, terms = zero, tuple[str, ...]()
    if design.unmasking is not None:
        luck = uniform(study.seed, "guesses the arm", who.patient)
        guess = np.where(luck < design.unmasking.share, bias.sd, 0.0)
        terms = design.unmasking.by
    rise, reach = who.covariate("expectation_time"), reach_of(study, spread)
    return Told(opened, guess, rise, primary_minute(study), reach, tuple(arms), arm_of, terms)


def bias_of(design: Design) -> Bias | None:
    """Return the size of what knowing the arm adds: the protocol's own, else the library's.

    Of a single-blind trial, whose patients do not know, nothing is added unless the protocol says
    how much.
    """
    if design.bias is not None:
        return design.bias
    if design.masking == "open_label" or design.unmasking is not None:
        return library_bias()
    return None


@cache
def library_bias() -> Bias:
    """Return the bias of open-label trials that calibration takes from published reviews."""
    row = read_yaml(LIBRARY).data["bias"]["open_label"]
    return Bias(float(row["mean"]), f"{row['source']} (library/calibration.yaml)")


def reach_of(study: Study, spread: Spread) -> Mapping[str, float]:
    """Return the expectation that moves each component by one standard deviation of its change.

    The first `MEASURED` patients of the trial are followed untreated and unaware to the week of
    the first primary endpoint.
    """
    assert study.design is not None
    unaware = replace(study.design, masking="double_blind", unmasking=None, bias=None)
    masked = replace(study, protocol=replace(study.protocol, design=unaware))
    who = enrol(masked, np.arange(MEASURED, dtype=np.int64))
    seen = spread(masked, who, primary_minute(study))
    moved = [c for c in study.model.endpoints.components if c.expectation != 0]
    return {
        item.id: _change_sd(item, seen[item.id]) / item.expectation
        for item in moved
        if item.scale not in ("events", "count")
    }


def primary_minute(study: Study) -> int:
    """Return the minute of the first primary endpoint; that of the last visit if it is baseline."""
    week = study.protocol.primary[0].week
    return week_minute(week) if week > 0 else study.horizon_minute


def _change_sd(item: Component, seen: NDArray[np.float64]) -> float:
    """Return the standard deviation of a change on the component's scale."""
    if item.scale == "presence":
        return LOGIT_SD * float(np.sign(item.expectation))
    change = to_scale(item, seen[1]) - to_scale(item, seen[0])
    return float(np.nanstd(change[np.isfinite(change)], ddof=1) * np.sign(item.expectation))
