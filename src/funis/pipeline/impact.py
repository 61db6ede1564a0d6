"""`funis evidence impact`: what is known, and a planned trial's chance, old beside new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.analysis import wilson
from funis.calibrate.outlook import Outlook
from funis.calibrate.planned import planned_trial
from funis.calibrate.posterior import Draws, draw, effective_share, joint_mass, own_posterior
from funis.calibrate.unreported import as_published
from funis.calibrate.validation import class_gain
from funis.checks import InputError, Issue, nearest
from funis.evidence import Study, read_study_file
from funis.pipeline.calibrate import (
    DRAWS,
    Borrowed,
    Calibration,
    Profile,
    borrowed,
    calibration,
    known_disease,
    library_profiles,
)
from funis.pipeline.calibration_data import PATIENTS, POINTS, SEED, reconstructions
from funis.pipeline.inputs import Trial, load_trial, require_whole
from funis.pipeline.meta.numbers import interval_words
from funis.pipeline.meta.pooled_effect import PooledEffect, effect_words, pooled_effect
from funis.pipeline.planned import CONDUCTS, PlannedTrial, simulate_planned
from funis.pipeline.processes import Progress, silent
from funis.pipeline.run import finite
from funis.pipeline.tables import Table
from funis.pipeline.unreported import (
    Simulation,
    null_profiles,
    null_rows,
    trials_document,
    trials_table,
    with_rows,
)
from funis.population import uniform
from funis.report import RESEARCH_USE
from funis.report.content import Interval

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Potency:
    """What cells do, as a factor on the library's potency: no effect, and the middle 80 % if any.

    ``mean`` counts no effect as 0.
    """

    no_effect: float
    median: float
    low80: float
    high80: float
    mean: float


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance of a planned trial, with what other diseases say and from own rows only.

    Intervals are Wilson's (95 %) of the conducts: what is not known of cells is in the probability.
    ``difference`` holds the median and the middle 80 % of what the first arm may report.
    """

    probability: Interval
    own: Interval
    no_effect: Interval
    difference: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Side:
    """What some studies say."""

    studies: tuple[str, ...]
    rows: int
    pooled: PooledEffect
    gain: float
    borrowed: Potency
    own: Potency
    chance: Chance


@dataclass(frozen=True, slots=True)
class Impact:
    """What is known before and after studies were added or left out.

    Attributes
    ----------
    trial, rule : str
        The planned trial, and what it has to show.
    left_out : study -> reason, of the changed studies that give no row.
    unreported : whether unreported trials are taken for trials that found no effect.
    effective : draws of an ensemble that still count when weighted from old to new, of ``DRAWS``.
    """

    disease: str
    trial: str
    rule: str
    without: tuple[str, ...]
    added: tuple[str, ...]
    old: Side
    new: Side
    left_out: Mapping[str, str]
    unreported: bool = False
    effective: float = float("nan")


def evidence_impact(
    disease: str,
    *,
    without: Sequence[str] = (),
    files: Sequence[Path] = (),
    studies: Sequence[Study] = (),
    unreported_null: bool = False,
    trial: str | None = None,
    workers: int | None = None,
    patients: int | None = None,
    points: int = POINTS,
    resume: bool = True,
    progress: Progress = silent,
) -> Impact:
    """Return what studies change when they are added or left out.

    Parameters
    ----------
    without
        Ids of studies that are left out.
    files, studies
        Files of studies that are added, and studies that stand in no file.
    unreported_null
        Whether registered randomised trials that nobody has reported, of this disease and of those
        that lend to it, enter as trials that found no effect.
    trial
        The planned trial, a file or a name; the demo trial of the disease when None.

    Raises
    ------
    InputError
        An unknown or doubled id, nothing to change, a trial of another disease or without a rule.
    """
    require_whole(patients=patients)
    patients = PATIENTS if patients is None else patients
    model, evidence = known_disease(disease)
    added = (*studies, *(study for file in files for study in read_study_file(file)))
    _check(disease, evidence.studies, added, without, unreported_null)
    planned = _planned(
        trial or f"{disease}_demo", disease, workers, patients, points, resume, progress
    )

    how = Simulation(workers, patients, points, resume, progress)
    before = calibration(disease, **how.options())
    after = calibration(disease, **how.options(), studies=added, without=without)
    nulls = null_rows(disease, how) if unreported_null else ()
    after = with_rows(after, nulls)
    others = null_profiles(disease, how) if unreported_null else {}
    shown = (*added, *(as_published(one, model.endpoints) for one in nulls))
    changed = [s for s in (*evidence.studies, *added) if s.id in without or s in added]
    rule = planned.planned.rule
    assert rule is not None
    words = f"{rule.endpoint} at week {rule.week:g}, {', '.join(rule.arms)} against "
    return Impact(
        disease, planned.trial.name, f"{words}{rule.reference}, two-sided {rule.alpha:g}",
        tuple(without), tuple(study.id for study in added), _side(before, planned, (), (), {}),
        _side(after, planned, shown, without, others),
        {study.id: reason for study in changed
         for reason in _silent(study, reconstructions(evidence, model, [study]))},
        unreported_null, effective_draws(before, after, others),
    )  # fmt: skip


def effective_draws(
    before: Calibration, after: Calibration, others: Mapping[str, Profile]
) -> float:
    """Return how many draws of the ensemble still count when weighted to another posterior."""
    masses = [
        joint_mass(found.table, found.potency)
        for found in (_with_others(before, {}), _with_others(after, others))
    ]
    return DRAWS * effective_share(*masses)


def _with_others(found: Calibration, changed: Mapping[str, Profile]) -> Borrowed:
    """Return what is known with the other diseases, some of which say something else."""
    return borrowed(found.model.id, found.table, library_profiles() | dict(changed))


def _silent(study: Study, made: Sequence[tuple[Any, Trial]]) -> Iterator[str]:
    """Yield why a study gives no row, if it gives none."""
    if not made:
        yield "context, never fitted"
    for one, _ in made:
        if not one.rows:
            reasons = dict.fromkeys(item.reason for item in one.skipped)
            yield "; ".join(reasons) or "no number after baseline"


def _check(
    disease: str, library: Sequence[Study], added: Sequence[Study], without: Sequence[str],
    unreported: bool,
) -> None:  # fmt: skip
    """Refuse what cannot be meant."""
    if not added and not without and not unreported:
        expected = "--without ID, --with FILE or --unreported-null"
        raise InputError(Issue(None, None, None, "nothing changes", expected))
    known = [study.id for study in library]
    for study in added:
        if study.disease != disease:
            message = f"the study '{study.id}' is on '{study.disease}', not on '{disease}'"
            raise InputError(Issue(None, None, None, message, f"studies on '{disease}'"))
        if study.id in known:
            message = f"the study '{study.id}' is in the evidence already"
            raise InputError(Issue(None, None, None, message, "an id of its own"))
        known.append(study.id)
    for name in without:
        if name not in known:
            message = f"no study '{name}' on '{disease}'"
            near = nearest(name, known)
            raise InputError(Issue(None, None, None, message, "funis evidence list", near))


def _planned(
    name: str, disease: str, workers: int | None, patients: int, points: int, resume: bool,
    progress: Progress,
) -> PlannedTrial:  # fmt: skip
    from funis.calibrate.settings import load_settings

    trial = load_trial(name)
    if trial.model.id != disease:
        message = f"the trial '{name}' is on '{trial.model.id}', not on '{disease}'"
        raise InputError(Issue(None, None, None, message, f"a trial on '{disease}'"))
    planned = planned_trial(trial.protocol)
    if isinstance(planned, str):
        raise InputError(Issue(name, None, "success", planned, "a success rule"))
    return simulate_planned(
        planned, trial, load_settings(disease), workers=workers, patients=patients, points=points,
        resume=resume, progress=progress,
    )  # fmt: skip


def _side(
    found: Calibration, planned: PlannedTrial, added: Sequence[Study], without: Sequence[str],
    changed: Mapping[str, Profile],
) -> Side:  # fmt: skip
    luck = np.array([float(uniform(SEED, "impact", 0))])
    others = _with_others(found, changed)
    masses = {"borrowed": others.potency, "own": own_posterior(found.table)}
    tables = {"borrowed": others.table, "own": found.table}
    draws = {name: draw(tables[name], mass, CONDUCTS, luck) for name, mass in masses.items()}
    main = planned.outlook(draws["borrowed"])
    idle = planned.outlook(draws["borrowed"].without_cells())
    studies = [s for s in (*found.evidence.studies, *added) if s.id not in without]
    rule = planned.planned.rule
    assert rule is not None
    return Side(
        tuple(one.study.id for one in found.studies),
        sum(len(one.counted) for one in found.studies),
        pooled_effect(
            replace(found.evidence, studies=tuple(studies)), found.model.endpoints,
            planned.data.rows[0].request,
        ),
        class_gain(found.data)[0] if found.data is not None else float("nan"),
        _potency(draws["borrowed"], masses["borrowed"]), _potency(draws["own"], masses["own"]),
        Chance(
            _probability(main), _probability(planned.outlook(draws["own"])), _probability(idle),
            _middle(main.contrasts[0].draws),
        ),
    )  # fmt: skip


def _potency(draws: Draws, mass: Array) -> Potency:
    factor = draws.points.factors[:, draws.points.names.index("potency")]
    acting = factor[factor > 0]
    median, low, high = _middle(acting) if len(acting) else (float("nan"),) * 3
    return Potency(float(mass[0]), median, low, high, float(factor.mean()))


def _middle(values: Array) -> tuple[float, float, float]:
    median, low, high = np.quantile(values, [0.5, 0.1, 0.9])
    return float(median), float(low), float(high)


def _probability(found: Outlook) -> Interval:
    assert found.probability is not None
    conducts = len(found.contrasts[0].met)
    share = wilson(round(found.probability * conducts), conducts)
    return Interval(share.estimate, share.low, share.high)


def impact_document(found: Impact) -> dict[str, Any]:
    """Return an impact as plain data."""
    document = {
        "research_use": RESEARCH_USE,
        "disease": found.disease,
        "without": list(found.without),
        "with": list(found.added),
        "trial": found.trial,
        "rule": found.rule,
        "old": side_document(found.old),
        "new": side_document(found.new),
        "no_rows": dict(found.left_out),
    }
    if found.unreported:
        document["unreported_null"] = {
            **trials_document(found.disease), "effective_draws": found.effective, "of": DRAWS,
        }  # fmt: skip
    return {name: finite(value) for name, value in document.items()}


def side_document(side: Side) -> dict[str, Any]:
    """Return what some studies say as plain data."""
    return {
        "studies": list(side.studies),
        "rows": side.rows,
        "pooled_effect": side.pooled.document(),
        "gain_in_spreads": side.gain,
        "potency": {"borrowed": _plain(side.borrowed), "own": _plain(side.own)},
        "trial": {
            "probability_of_success": _shown(side.chance.probability),
            "own_data_only": _shown(side.chance.own),
            "if_cells_do_nothing": _shown(side.chance.no_effect),
            "difference": dict(
                zip(("median", "low80", "high80"), side.chance.difference, strict=True)
            ),
        },
    }


def _shown(chance: Interval) -> dict[str, float | None]:
    return {"estimate": chance.estimate, "low95": chance.low, "high95": chance.high}


def _plain(potency: Potency) -> dict[str, float]:
    return {name: getattr(potency, name) for name in Potency.__slots__}


def impact_tables(found: Impact) -> tuple[Table, ...]:
    """Return an impact as one table, old beside new."""
    old, new = (_words(side) for side in (found.old, found.new))
    changes = [f"without {name}" for name in found.without] + [f"with {n}" for n in found.added]
    changes += ["unreported trials as trials that found no effect"] if found.unreported else []
    rows = tuple((name, old[name], new[name]) for name in old)
    notes = tuple((name, reason) for name, reason in found.left_out.items())
    title = f"{found.disease}: {', '.join(changes)}; planned trial {found.trial}: {found.rule}"
    tables = [trials_table(found.disease)] if found.unreported else []
    if found.unreported:
        effective = f"{found.effective:.0f} of {DRAWS}"
        rows = (*rows, ("draws of the ensemble that still count", str(DRAWS), effective))
    tables.append(Table(title, ("", "old", "new"), rows))
    if notes:
        tables.append(Table("Studies that change nothing", ("study", "reason"), notes))
    return tuple(tables)


def _words(side: Side) -> dict[str, str]:
    middle, low, high = side.chance.difference
    return {
        "studies (rows)": f"{len(side.studies)} ({side.rows})",
        f"pooled effect, {side.pooled.endpoint}": effect_words(side.pooled),
        "gain of arms with cells [spreads between patients]": f"{side.gain:+.2f}",
        "no effect": _percent(side.borrowed.no_effect),
        "potency if any: median (80 %)": _factor(side.borrowed),
        "no effect, own data only": _percent(side.own.no_effect),
        "potency if any, own data only": _factor(side.own),
        "trial's difference: median (80 %)": f"{middle:.3g} ({low:.3g} to {high:.3g})",
        "probability of success": interval_words(side.chance.probability, "proportion"),
        "probability of success, own data only": interval_words(side.chance.own, "proportion"),
        "the same if cells do nothing": interval_words(side.chance.no_effect, "proportion"),
    }


def _factor(potency: Potency) -> str:
    return f"{potency.median:.2f} ({potency.low80:.2f} to {potency.high80:.2f})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
