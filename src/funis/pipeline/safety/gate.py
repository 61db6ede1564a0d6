"""`funis gate safety`: large virtual trials beside published ratios, at sourced risks.

Patients are enrolled and dosed without their disease: adverse events ask for no course of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from funis.analysis import AdverseEstimate, adverse_estimates, wilson
from funis.analysis import Interval as Estimated
from funis.evidence import load_safety
from funis.evidence.meta import Counts, odds_ratio
from funis.pipeline.inputs import Trial, load_trial, require_whole
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Progress, silent
from funis.pipeline.run import finite
from funis.pipeline.tables import Table
from funis.population import Pool
from funis.protocol import Arm, FrozenMapping, Protocol
from funis.report import RESEARCH_USE
from funis.report.numerals import decimal, percent
from funis.safety import Rates, Safety, library_safety, middle_rates, true_rates
from funis.trial import Study
from funis.trial.dosing import dose_only

TRIAL = "ra_two_arm"
"""Trial of the library whose schedule is given by every route."""

PATIENTS = 20000
DRAWN_PATIENTS = 400
DRAWN_TRIALS = 100
ROUTES = ("iv", "it", "ia", "local")
CONTROL, CELLS = "control", "cells"
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class SafetyCheck:
    """One number of the virtual trials beside what was published; ``judged`` can fail the gate."""

    name: str
    simulated: Estimated
    low: float
    high: float
    published: str
    judged: bool
    percent: bool = False

    @property
    def passed(self) -> bool:
        """Whether the estimate lies within the published interval."""
        return self.low <= self.simulated.estimate <= self.high


@dataclass(frozen=True, slots=True)
class SafetyGate:
    """One large virtual trial a route, at middle rates, and many small ones at drawn rates.

    ``drawn`` holds a quantity over so many small ``trials``, each with true rates of its own: what
    differs between studies.
    """

    trial: str
    patients: int
    seed: int
    checks: tuple[SafetyCheck, ...]
    trials: int
    drawn: tuple[tuple[str, Estimated], ...]

    @property
    def passed(self) -> bool:
        """Whether every number that is judged lies within its published interval."""
        return all(check.passed for check in self.checks if check.judged)

    def tables(self) -> tuple[Table, ...]:
        """Return the gate as tables of text."""
        title = (
            f"{self.patients:,} virtual patients a route, half of them on a mock administration,"
            f" schedule of {self.trial}, rates in the middle of what is believed (seed {self.seed})"
        )
        rows = tuple(_line(check) for check in self.checks)
        checks = Table(title, ("number", "simulated", "published", "outcome"), rows)
        words = tuple((name, _three(value, True)) for name, value in self.drawn)
        drawn = Table(
            f"{self.trials} trials of {DRAWN_PATIENTS} by vein, each with true rates of its own:"
            " middle and 95 % of the trials",
            ("number", "share of patients"),
            words,
        )
        return (checks, drawn) if self.drawn else (checks,)

    def document(self) -> dict[str, Any]:
        """Return the gate as plain data."""
        return {
            "research_use": RESEARCH_USE, "gate": "safety", "passed": self.passed,
            "trial": self.trial, "patients": self.patients, "seed": self.seed,
            "checks": [
                {
                    "name": one.name, "estimate": finite(one.simulated.estimate),
                    "low": finite(one.simulated.low), "high": finite(one.simulated.high),
                    "published": one.published, "judged": one.judged, "passed": one.passed,
                }
                for one in self.checks
            ],
            "trials": self.trials,
            "drawn": {
                name: {"middle": one.estimate, "low": one.low, "high": one.high}
                for name, one in self.drawn
            },
        }  # fmt: skip


def safety_gate(
    name: str = TRIAL,
    *,
    patients: int = PATIENTS,
    seed: int = 1,
    drawn: int = DRAWN_TRIALS,
    workers: int | None = None,
    progress: Progress = silent,
) -> SafetyGate:
    """Dose many virtual patients by every route and hold their adverse events against reports.

    Raises
    ------
    InputError
        An unknown trial, or an argument out of range.
    """
    require_whole(100, patients=patients)
    require_whole(0, seed=seed, drawn=drawn)
    trial, safety = load_trial(name), library_safety()
    pool = trial_pool(trial.model, workers=workers or 1, progress=progress)
    rates = middle_rates(safety, trial.model.id)
    found = {
        route: _arms(trial, pool, route, patients // 2, seed, rates, safety)
        for route in progress("Routes", iter(ROUTES), len(ROUTES))
    }
    spread = _drawn(trial, pool, seed, drawn, safety)
    return SafetyGate(trial.name, patients, seed, tuple(_checks(found, safety)), drawn, spread)


def _arms(
    trial: Trial, pool: Pool, route: str, patients: int, seed: int, rates: Rates, safety: Safety
) -> Mapping[tuple[str, str], AdverseEstimate]:
    """Return the estimates of one two-armed trial by term and arm (control, cells)."""
    protocol = two_arms(trial.protocol, route)
    study = Study(protocol, trial.model, pool, trial.products, patients, seed)
    data = dose_only(study, rates)
    terms = [term.id for term in (*safety.terms_after(route), *safety.terms_over_time)]
    rows = adverse_estimates(data, study.arm_ids, terms, protocol.visits.last_week, CONTROL)
    return {(one.term, one.arm): one for one in rows}


def two_arms(protocol: Protocol, route: str) -> Protocol:
    """Return a trial of a mock administration against its first treated arm, by another route."""
    treated = next(arm for arm in protocol.arms if any(one.product for one in arm.interventions))
    given = tuple(
        replace(one, route=route) for one in treated.interventions if one.product is not None
    )
    control = Arm(CONTROL, "Mock administration", control="placebo", reference=True)
    arms = (control, Arm(CELLS, "Cells", interventions=given))
    whole = replace(protocol.population, criteria=())
    rule = protocol.success
    judged = None if rule is None else replace(rule, arms=(CELLS,), reference=CONTROL)
    dropout = replace(protocol.dropout, arms=FrozenMapping())
    return replace(protocol, arms=arms, population=whole, rules=(), success=judged, dropout=dropout)


def _checks(
    found: Mapping[str, Mapping[tuple[str, str], AdverseEstimate]], safety: Safety
) -> list[SafetyCheck]:
    fever, every = safety.ratios["fever"], safety.ratios["fever_all_routes"]
    by_vein = found["iv"]["fever", "cells"]
    checks = [
        SafetyCheck(
            "fever by vein, risk ratio", by_vein.risk_ratio, fever.low, fever.high,
            f"{_published(fever.estimate, fever.low, fever.high)} ({fever.rows[0]})", True,
        ),
        SafetyCheck(
            "fever by every route, odds ratio", _odds(found, "fever"), every.low, every.high,
            f"{_published(every.estimate, every.low, every.high)} ({every.rows[0]})", True,
        ),
    ]  # fmt: skip
    pain = found["it"]["back_or_leg_pain", "cells"].risk_ratio
    back = safety.ratios["back"]
    checks.append(
        SafetyCheck(
            "back or leg pain after the fluid, risk ratio (set to it)", pain, back.low, back.high,
            f"{_published(back.estimate, back.low, back.high)} ({back.rows[0]})", False,
        )
    )  # fmt: skip
    checks += _predicted(found["it"], safety)
    clot = found["iv"]["thromboembolism", "cells"]
    pool = safety.pools["thrombosis_cells_vein"]
    checks.append(
        SafetyCheck(
            "serious thromboembolism by vein, risk", clot.risk, 0.0, pool.high,
            f"{pool.events} of {pool.n} in {pool.studies} studies: at most"
            f" {percent(pool.high)}", True, percent=True,
        )
    )  # fmt: skip
    return checks


def _predicted(
    found: Mapping[tuple[str, str], AdverseEstimate], safety: Safety
) -> list[SafetyCheck]:
    """Return what was predicted after the fluid beside rows that no number was set to."""
    checks = []
    for term in ("fever", "headache"):
        held = safety.pools[f"{term}_cells_fluid"]
        seen, one = wilson(held.events, held.n), found[term, "cells"]
        text = f"{held.events} of {held.n}, {percent(seen.low, 0)} to {percent(seen.high, 0)}"
        checks.append(
            SafetyCheck(
                f"{term} after the fluid, risk (predicted)", one.risk, seen.low, seen.high,
                f"{text} ({held.rows[0].split(':')[0]})", False, percent=True,
            )
        )  # fmt: skip
        checks += _mixed(term, one)
    return checks


def _mixed(term: str, one: AdverseEstimate) -> list[SafetyCheck]:
    """Return the shares that a meta-analysis of mixed routes printed for a term."""
    rows = [
        (study.id, row)
        for study in load_safety()
        for row in study.adverse_events
        if row.term == term and row.pct is not None and row.ci95 is not None
    ]
    return [
        SafetyCheck(
            f"{term} after the fluid, risk (predicted)", one.risk, row.ci95[0] / 100,
            row.ci95[1] / 100, f"{row.pct:g} % ({row.ci95[0]:g} to {row.ci95[1]:g}), mixed routes"
            f" ({name})", False, percent=True,
        )
        for name, row in rows
        if row.ci95 is not None
    ]  # fmt: skip


def _odds(found: Mapping[str, Mapping[tuple[str, str], AdverseEstimate]], term: str) -> Estimated:
    """Return the odds ratio of a term over all routes taken together."""
    cells, control = (
        Counts(sum(one[term, arm].patients for one in found.values()),
               sum(one[term, arm].n for one in found.values()))
        for arm in ("cells", "control")
    )  # fmt: skip
    effect = odds_ratio("", cells, control)
    ends = (math.exp(effect.estimate + sign * Z * effect.error) for sign in (0, -1, 1))
    return Estimated(*ends)


def _drawn(
    trial: Trial, pool: Pool, seed: int, number: int, safety: Safety
) -> tuple[tuple[str, Estimated], ...]:
    """Return shares of patients over small trials that each draw their own true rates."""
    terms = ("fever", "fatigue", "infusion_reaction", "thromboembolism")
    shares: dict[str, list[float]] = {
        f"{t}, {arm}": [] for t in terms for arm in ("control", "cells")
    }
    for one in range(number):
        rates = true_rates(safety, seed + one, trial.model.id)
        found = _arms(trial, pool, "iv", DRAWN_PATIENTS // 2, seed + one, rates, safety)
        for (term, arm), row in found.items():
            if term in terms:
                shares[f"{term}, {arm}"].append(row.risk.estimate)
    return tuple((name, _middle(values)) for name, values in shares.items() if values)


def _middle(values: Sequence[float]) -> Estimated:
    low, middle, high = (float(x) for x in np.quantile(values, (0.025, 0.5, 0.975)))
    return Estimated(middle, low, high)


def _line(check: SafetyCheck) -> tuple[str, str, str, str]:
    outcome = "inside" if check.passed else "outside"
    words = outcome if check.judged else f"{outcome} (not judged)"
    return (check.name, _three(check.simulated, check.percent), check.published, words)


def _three(value: Estimated, share: bool) -> str:
    if share:
        parts = [percent(x, 2 if x < 0.1 else 0) for x in (value.estimate, value.low, value.high)]
    else:
        parts = [decimal(x) for x in (value.estimate, value.low, value.high)]
    return f"{parts[0]} ({parts[1]} to {parts[2]})"


def _published(middle: float, low: float, high: float) -> str:
    return f"{decimal(middle)} ({decimal(low)} to {decimal(high)})"
