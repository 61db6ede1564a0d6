"""`funis optimise`: candidates followed under every dose shape and potency, and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue
from funis.models.factors import NO_CELLS, Points
from funis.pipeline.design.bank import Setting, build_banks, settings_of
from funis.pipeline.design.worlds import World, believed_points
from funis.pipeline.inputs import load_trial, require, require_whole
from funis.pipeline.optimise.candidates import Grid
from funis.pipeline.optimise.costs import Use, use_of
from funis.pipeline.optimise.effects import Effects, effects_of
from funis.pipeline.optimise.events import events_by_draw
from funis.pipeline.optimise.judge import NEGLIGIBLE, Verdict, judge, on_front
from funis.pipeline.optimise.plan import BASES, SHAPES, SearchPlan, search_plan
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.uncertainty import chosen_ensemble
from funis.population import Pool
from funis.trial.course import weight_kg

Array = NDArray[np.float64]
By = Literal["course", "response"]

PATIENTS = 32
DRAWS = 24
RATES = 200
"""Draws of the true rates of adverse events; the first ones go with the draws of the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One setting: a dose shape and a potency.

    Attributes
    ----------
    id : such as ``dose_flat own``.
    effects : of every candidate.
    front : (candidate,) share of draws in which each lies on the front.
    no_effect : share of the posterior in which cells do nothing; None without a posterior.
    """

    world: World
    effects: Effects
    front: Array
    no_effect: float | None

    @property
    def id(self) -> str:
        """Name of the setting."""
        return f"{self.world.structure} {self.world.id}"


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What `funis optimise` gives.

    Attributes
    ----------
    by : what candidates are judged by: ``course`` (over the horizon) or ``response``.
    uses : of each candidate.
    events : (draw of the rates, candidate) expected adverse events a patient.
    """

    plan: SearchPlan
    by: By
    patients: int
    draws: int
    uses: tuple[Use, ...]
    events: Array
    settings: tuple[Judged, ...]
    verdict: Verdict

    def samples(self, setting: Judged) -> Array:
        """Return the effects that candidates are judged by, (draw, sample, candidate)."""
        found = setting.effects.course_samples if self.by == "course" else None
        return setting.effects.response_samples if found is None else found

    def means(self, setting: Judged) -> Array:
        """Return the mean effects that candidates are judged by, (candidate,)."""
        found = setting.effects.course if self.by == "course" else None
        return setting.effects.response if found is None else found


def optimise_trial(
    name_or_path: str | Path,
    grid: Grid,
    *,
    stratum: str | None = None,
    by: str = "course",
    patients: int = PATIENTS,
    draws: int = DRAWS,
    workers: int | None = None,
    progress: Progress = silent,
) -> SearchResult:
    """Search the best dose and schedule of a trial's product, and say whether there is one.

    The same patients are followed under every candidate, every draw and every setting: three dose
    shapes times two potencies. The numbers do not depend on the number of processes.

    Parameters
    ----------
    name_or_path
        A trial file, or the name of a trial of the library.
    grid
        What is combined to candidates.
    stratum
        A criterion more, judged at baseline, such as ``crp >= 15``.
    by
        Judged by the main score over the horizon (``course``), or at the endpoint (``response``).
    patients, draws
        Patients, and draws of the posterior in each setting.

    Raises
    ------
    InputError
        Anything wrong with the trial, the grid, a number or a name.
    """
    require_whole(workers=workers)
    require_whole(4, patients=patients, draws=draws)
    require(by=(by in ("course", "response"), f"'{by}'", "course or response"))
    trial = load_trial(name_or_path)
    plan = search_plan(trial, grid, patients, stratum)
    pool = trial_pool(trial.model, workers=worker_count(workers), progress=progress)
    asked, chance = search_worlds(plan, draws)
    judged: By = "course" if by == "course" and plan.score is not None else "response"
    return search(plan, pool, asked, judged, chance, worker_count(workers), progress)


def search_worlds(
    plan: SearchPlan, draws: int
) -> tuple[tuple[World, ...], dict[str, float | None]]:
    """Return the settings, every dose shape with every potency, and how often cells do nothing.

    Draws of a posterior stand in the order of their potency, so some at equal distances are spread
    as it is. Without a posterior the library's values stand in for it, and nothing is known of how
    often cells do nothing.
    """
    model = plan.design.trial.model
    found, chance = [], {}
    for basis in BASES:
        posterior = chosen_ensemble(model, basis)
        points = believed_points(posterior, basis)
        rows = ((np.arange(draws) + 0.5) / draws * len(points)).astype(np.int64)
        found += [World(basis, shape, points.rows(rows)) for shape in SHAPES]
        chance[basis] = None if posterior is None else no_effect_share(points)
    return tuple(found), chance


def search(
    plan: SearchPlan, pool: Pool, asked: Sequence[World], by: By,
    chance: Mapping[str, float | None], workers: int = 1, progress: Progress = silent,
) -> SearchResult:  # fmt: skip
    """Follow and judge the candidates in the settings that are asked for."""
    design = plan.design
    settings = _enrolled(plan, pool, tuple(dict.fromkeys(one.structure for one in asked)))
    banks = build_banks(design, settings, asked, workers, progress)
    weight = weight_kg(settings[asked[0].structure].who)
    uses = tuple(use_of(one, weight) for one in plan.candidates)
    model, protocol = design.trial.model, design.trial.protocol
    draws = len(asked[0].points)
    rates = max(draws, RATES)
    events = events_by_draw(plan.candidates, model.id, protocol.seed, rates)
    columns = [np.array([use.cells for use in uses]), np.array([use.cost for use in uses])]
    effects = [effects_of(plan, bank) for bank in banks]
    samples = [_judged_by(one, by) for one in effects]
    judged = tuple(
        Judged(world, one, on_front(rows, events[:draws], columns), chance.get(world.id))
        for world, one, rows in zip(asked, effects, samples, strict=True)
    )
    verdict = judge(samples, _floor(plan, by))
    return SearchResult(plan, by, design.patients, draws, uses, events, judged, verdict)


def no_effect_share(points: Points) -> float:
    """Return in what share of draws cells do nothing."""
    return float(np.mean(points.factors[:, points.names.index(NO_CELLS)] == 0))


def _judged_by(effects: Effects, by: By) -> Array:
    found = effects.course_samples if by == "course" else None
    return effects.response_samples if found is None else found


def _floor(plan: SearchPlan, by: By) -> float:
    """Return the difference up to which candidates are alike: a trace of what is important."""
    return NEGLIGIBLE * (plan.important or 0.0) if by == "course" else 0.0


def _enrolled(plan: SearchPlan, pool: Pool, shapes: tuple[str, ...]) -> dict[str, Setting]:
    """Enrol the patients; say it where nobody is in the stratum.

    Raises
    ------
    InputError
        One line.
    """
    try:
        return settings_of(plan.design, pool, shapes)
    except InputError:
        if plan.stratum is None:
            raise
        expected = "a condition that patients of the trial can meet at baseline"
        message = f"no virtual patient of the trial meets '{plan.stratum}'"
        raise InputError(Issue(None, None, "stratum", message, expected)) from None
