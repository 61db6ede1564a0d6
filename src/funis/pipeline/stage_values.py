"""What stages 1 and 2 of calibration found: the draws, and how far they are to be trusted."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from funis.calibrate.pareto import USABLE_K
from funis.calibrate.points import Points
from funis.pipeline.run import finite
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE

STRONG = 0.3
"""Correlations of at least this size are shown."""

STAGES = {1: "placebo and natural history", 2: "targeted drugs"}


@dataclass(frozen=True, slots=True)
class ParameterCheck:
    """One factor before and after its stage.

    Attributes
    ----------
    active : whether the disease has the parameter, other than 0.
    prior_sd, sd : of its logarithm.
    factor, low, high : median and central 95 % afterwards.
    contraction : 1 less posterior over prior variance of the logarithm.
    """

    parameter: str
    active: bool
    prior_sd: float
    sd: float
    factor: float
    low: float
    high: float
    contraction: float


@dataclass(frozen=True, slots=True)
class RowCheck:
    """One published row beside what was predicted of it, before and after.

    Numbers are in the unit of the row: shares from 0 to 1, ratios as such.

    Attributes
    ----------
    prior, posterior : median, low and high of the central 95 %.
    explained : share of the variance between points that the surface explains.
    signal : how far the priors move the row, in standard deviations of all errors of it; a row far
        below 1 can teach nothing about the factors.
    left_out : what the surface misses at a point left out, in standard deviations between patients.
    """

    id: str
    name: str
    trial: str
    observed: float
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    inside_prior: bool
    inside_posterior: bool
    signal: float
    explained: float
    left_out: float


@dataclass(frozen=True, slots=True)
class Correlation:
    """Posterior correlation of two factors' logarithms."""

    first: str
    second: str
    value: float


@dataclass(frozen=True, slots=True)
class StageCheck:
    """One stage.

    Attributes
    ----------
    points, patients : simulated under each arm; ``more`` patients at the values of the library.
    failed : patients that no solver solved.
    rounds : simulations that were needed, 1 unless the weights could not be relied on.
    pareto_k, effective : of the weights in the last round, averaged over the earlier draws.
    least_effective : of the weights of the worst earlier draw.
    """

    stage: int
    points: int
    patients: int
    more: int
    failed: int
    rounds: int
    pareto_k: float
    effective: float
    least_effective: float
    candidates: int
    parameters: tuple[ParameterCheck, ...]
    rows: tuple[RowCheck, ...]

    @property
    def usable(self) -> bool:
        """Whether the weights can be relied on."""
        return self.pareto_k <= USABLE_K

    def share_inside(self, *, prior: bool) -> float:
        """Return the share of rows inside the central 95 % of what was predicted."""
        inside = [row.inside_prior if prior else row.inside_posterior for row in self.rows]
        return sum(inside) / len(inside) if inside else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class EarlierStages:
    """Stages 1 and 2 of a disease.

    Attributes
    ----------
    draws : equally weighted draws of the factors of both stages, in the order of the priors.
    correlations : of all pairs of active factors.
    """

    disease: str
    draws: Points
    stages: tuple[StageCheck, ...]
    correlations: tuple[Correlation, ...]

    def tables(self) -> tuple[Table, ...]:
        """Return the checks as tables of text."""
        pieces = [table for stage in self.stages for table in _stage_tables(stage)]
        return (*pieces, self._correlations())

    def document(self) -> dict[str, Any]:
        """Return draws and checks as plain data."""
        stages = [
            {
                **dataclasses.asdict(stage),
                "usable": stage.usable,
                "inside_prior": stage.share_inside(prior=True),
                "inside_posterior": stage.share_inside(prior=False),
            }
            for stage in self.stages
        ]
        found = {
            "research_use": RESEARCH_USE,
            "disease": self.disease,
            "names": list(self.draws.names),
            "draws": self.draws.factors.tolist(),
            "stages": stages,
            "correlations": [dataclasses.asdict(one) for one in self.correlations],
        }
        return {key: finite(value) for key, value in found.items()}

    def _correlations(self) -> Table:
        strong = sorted(self.correlations, key=lambda one: -abs(one.value))
        rows = [
            (one.first, one.second, f"{one.value:.2f}")
            for one in strong
            if abs(one.value) >= STRONG
        ]
        title = f"Posterior correlations of at least {STRONG:g}, of {len(strong)} pairs"
        return Table(title, ("factor", "factor", "correlation"), tuple(rows))


def _stage_tables(stage: StageCheck) -> tuple[Table, Table]:
    reliable = "" if stage.usable else ", NOT TO BE RELIED ON"
    title = (
        f"Stage {stage.stage}, {STAGES[stage.stage]}: {stage.more} patients an arm, "
        f"{stage.patients} of them under {stage.points} points, {stage.failed} failed; Pareto k "
        f"{stage.pareto_k:.2f} in round {stage.rounds}{reliable}; {stage.effective:.0f} effective "
        f"of {stage.candidates} weighted points ({stage.least_effective:.0f} for the worst draw of "
        "the earlier stage)"
    )
    parameters = [
        (row.parameter, "" if row.active else "no effect in this disease", f"{row.prior_sd:.2f}",
         f"{row.factor:.2f} ({row.low:.2f} to {row.high:.2f})", f"{row.contraction:.2f}")
        for row in stage.parameters
    ]  # fmt: skip
    inside = [
        f"{sum(getattr(row, name) for row in stage.rows)} of {len(stage.rows)}"
        for name in ("inside_prior", "inside_posterior")
    ]
    rows_title = (
        f"Published rows inside the predicted 95 %: before {inside[0]}, afterwards {inside[1]}"
    )
    rows = [_row_cells(row) for row in sorted(stage.rows, key=lambda row: row.inside_posterior)]
    return (
        Table(title, ("factor", "", "prior sd of the log", "afterwards", "contraction"),
              tuple(parameters)),
        Table(rows_title, ("row", "trial", "published", "before", "afterwards",
                           "inside", "signal", "R2", "left out"), tuple(rows)),
    )  # fmt: skip


def _row_cells(row: RowCheck) -> tuple[str, ...]:
    inside = "yes" if row.inside_posterior else "NO"
    return (
        row.id, row.trial, f"{row.observed:.3g}", _interval(row.prior), _interval(row.posterior),
        inside if row.inside_prior else f"{inside} (before: NO)", f"{row.signal:.2f}",
        f"{row.explained:.2f}",
        f"{row.left_out:.3f}",
    )  # fmt: skip


def _interval(values: tuple[float, float, float]) -> str:
    median, low, high = values
    return f"{median:.3g} ({low:.3g} to {high:.3g})"
