"""What one printed row says: counts, means with their spread, who got cells and who did not."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from funis.analysis import Published
from funis.evidence import Arm, Outcome, Study
from funis.evidence.meta import (
    Counts,
    Events,
    Means,
    Spread,
    sd_from_error,
    sd_from_interval,
    sd_from_quartiles,
    sd_from_range,
)

REFERENCE_WEIGHT_KG = 70.0
"""Weight by which a dose per kg becomes a total dose [kg] (assumed)."""

_CONTROL = re.compile(r"^(placebo|control|sham|standard|no_cells)")
_NOT_CELLS = re.compile(r"\bnot (expanded )?MSC\b|uncultured|fat graft")


class Unusable(ValueError):
    """A printed row that cannot be pooled, with the reason."""


@dataclass(frozen=True, slots=True)
class PrintedArm:
    """One arm of one printed row; ``values`` are in our unit."""

    arm: Arm
    values: Counts | Means | Events
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The printed result in few words."""
        if isinstance(self.values, Counts):
            return f"{self.values.events}/{self.values.n}"
        if isinstance(self.values, Events):
            return f"{self.values.events:g} in {self.values.years:g} patient-years"
        return f"{self.values.mean:.3g} ± {self.values.sd:.3g} (n {self.values.n})"

    @property
    def n(self) -> int:
        """Patients."""
        return self.values.n or 0


def said(record: Any, key: str) -> Any:
    """Value of a key of a record, whether it is a field or a study-specific key."""
    value = getattr(record, key, None)
    return value if value is not None else dict(record.extra).get(key)


def is_control(arm: Arm) -> bool:
    """Whether an arm got no cells."""
    if _CONTROL.match(arm.id) or arm.route in ("none", "sham"):
        return True
    return arm.cells_per_infusion == 0 or arm.cells_per_kg == 0


def gives_cells(arm: Arm, study: Study) -> bool:
    """Whether an arm got cells: its dose or route is stated, its name says so, or all arms did."""
    if is_control(arm):
        return False
    if study.evidence_type == "single-arm" or arm.cells_per_infusion or arm.cells_per_kg:
        return True
    return arm.route is not None or "msc" in arm.id


def marked(study: Study) -> str:
    """Say how a study is marked as one that is not to be pooled; empty where it is not."""
    twin, excluded = said(study, "duplicate_of"), said(study, "excluded_reason")
    if twin is not None:
        return f"reports the same patients as {twin}"
    if excluded is not None:
        return str(excluded)
    context = "marked as context: other patients, another disease or a second report"
    return context if said(study, "role") == "context" else ""


def not_cells(study: Study) -> str:
    """Say why the product is not cultured stromal cells; empty where it is."""
    text = " ".join((study.title, study.product.notes or ""))
    if study.product.drug is not None or _NOT_CELLS.search(text):
        return "the product is not cultured stromal cells"
    return ""


def cells_of(arm: Arm) -> float | None:
    """Cells of one infusion of an arm, a dose per kg at the reference weight."""
    if arm.cells_per_infusion is not None:
        return arm.cells_per_infusion
    return None if arm.cells_per_kg is None else arm.cells_per_kg * REFERENCE_WEIGHT_KG


def printed_arm(row: Published, study: Study) -> PrintedArm:
    """Read the counts, or the mean with its spread, of a row.

    Raises
    ------
    Unusable
        If the number of patients, the count or the spread is not stated.
    """
    outcome = row.outcome
    if outcome is None:
        raise Unusable("the printed row is not known")
    return read_arm(row, outcome, study.arm(row.arm) or Arm(row.arm))


def read_arm(row: Published, outcome: Outcome, arm: Arm) -> PrintedArm:
    """Read a printed row of an arm.

    Raises
    ------
    Unusable
        As for `printed_arm`.
    """
    n, notes = _patients(row, outcome, arm)
    if said(outcome, "unit_of_analysis") not in (None, "patient"):
        unit = str(said(outcome, "unit_of_analysis")).replace("_", " ")
        raise Unusable(f"counted by {unit}, not by patient")
    if row.measure == "responder":
        values, more = _counts(outcome, n)
        return PrintedArm(arm, values, (*notes, *more))
    if row.measure == "rate":
        return PrintedArm(arm, _events(outcome, n), notes)
    spread = _spread(outcome, n)
    mean, sd = row.factor * (outcome.mean or 0.0), abs(row.factor) * spread.sd
    more = (spread.note,) if spread.note else ()
    return PrintedArm(arm, Means(n, mean, sd), (*notes, *more))


def _patients(row: Published, outcome: Outcome, arm: Arm) -> tuple[int, tuple[str, ...]]:
    if outcome.n is not None and arm.n is None and said(arm, "n_cycles") == outcome.n:
        raise Unusable("counted by treatment cycle, not by patient")
    if said(outcome, "n_unknown"):
        raise Unusable("the denominator was not printed")
    if outcome.n is not None:
        derived = said(outcome, "n_derived")
        return outcome.n, ("number of patients inferred",) if derived else ()
    allocated = arm.n_analysed if arm.n_analysed is not None else arm.n
    if allocated is None:
        raise Unusable(f"the number of patients of the arm '{row.arm}' is not stated")
    return allocated, (f"number of patients of the arm '{row.arm}', not of this result",)


def _counts(outcome: Outcome, n: int) -> tuple[Counts, tuple[str, ...]]:
    if outcome.events is not None:
        derived = said(outcome, "events_derived")
        notes = ("count computed from the printed percentage",) if derived else ()
        return Counts(outcome.events, n), notes
    if outcome.pct is None:
        raise Unusable("neither a count nor a percentage is stated")
    events = round(outcome.pct * n / 100)
    return Counts(events, n), (f"count computed from {outcome.pct:g} % of {n}",)


def _events(outcome: Outcome, n: int) -> Events:
    years = said(outcome, "patient_years")
    if outcome.events is None or not isinstance(years, int | float):
        raise Unusable("the number of events and the patient-years are not stated")
    return Events(outcome.events, float(years), n)


def _spread(outcome: Outcome, n: int) -> Spread:
    """Return the standard deviation, printed or by a named formula."""
    if outcome.mean is None:
        raise Unusable("no mean is stated")
    if outcome.sd is not None:
        return Spread(outcome.sd)
    try:
        return _derived(outcome, n)
    except ValueError as error:
        if isinstance(error, Unusable):
            raise
        raise Unusable(str(error)) from None


def _derived(outcome: Outcome, n: int) -> Spread:
    error, quartiles, extremes = (said(outcome, key) for key in ("se", "iqr", "range"))
    if isinstance(error, int | float):
        return sd_from_error(float(error), n)
    if outcome.ci95 is not None:
        low, high = outcome.ci95
        return sd_from_interval(low, high, n)
    for pair, formula in ((quartiles, sd_from_quartiles), (extremes, sd_from_range)):
        if isinstance(pair, tuple) and len(pair) == 2:
            return formula(float(pair[0]), float(pair[1]), n)
    if said(outcome, "pm") is not None:
        raise Unusable("the printed ± does not say whether it is a deviation or an error")
    raise Unusable("no spread is stated")


def mean_log_dose(arms: tuple[PrintedArm, ...]) -> float | None:
    """Mean over arms, weighted by patients, of the log of the cells of one infusion."""
    doses = [cells_of(one.arm) for one in arms]
    if any(dose is None or dose <= 0 for dose in doses):
        return None
    sizes = [one.n for one in arms]
    logs = [math.log10(dose) for dose in doses if dose]
    return sum(n * log for n, log in zip(sizes, logs, strict=True)) / sum(sizes)
