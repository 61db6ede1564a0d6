"""Who is under which arm: by lists drawn before the trial, or by the toxicities of those before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoints import evaluate_endpoints
from funis.population import blocks, randomise
from funis.protocol import Arm, Escalation
from funis.trial.course import at_randomisation, group_of, regimen_doses
from funis.trial.enrol import Enrolled, covariates, enrol
from funis.trial.events import limiting
from funis.trial.observe import Integers
from funis.trial.sites import with_deviations
from funis.trial.study import Study

NextLevel = Callable[[Escalation, Sequence[int], Sequence[bool]], int | None]
"""The level of the next cohort from the levels and toxicities so far, patient by patient."""

MapTasks = Callable[
    [Callable[[Study, range], Integers], Study, Iterable[range]], Iterable[Integers]
]


@dataclass(frozen=True, slots=True, eq=False)
class Allocated:
    """The arms of all patients of a trial.

    Attributes
    ----------
    arm_of : (patient,) place of each one's arm in the study.
    stratum : (patient,) number of each one's stratum; None where nobody was stratified.
    limited : (patient,) who had a dose-limiting toxicity; None without an escalation.
    """

    arm_of: Integers
    stratum: Integers | None = None
    limited: NDArray[np.bool_] | None = None


def allocate_patients(
    study: Study, map_tasks: MapTasks, next_level: NextLevel | None = None
) -> Allocated:
    """Allocate all patients of a trial.

    Patients are judged by the strata at their baseline visit, so a stratified trial enrols them
    twice: once for their stratum, once to be conducted.

    Parameters
    ----------
    map_tasks
        Maps a function over blocks of patients, in order.
    next_level
        Decides on the levels of an escalation.
    """
    design = study.design
    if design is not None and design.escalation is not None:
        assert next_level is not None
        return escalated(study, design.escalation, next_level)
    if design is None or not design.allocation.strata:
        return Allocated(arms_of(study, np.zeros(study.size, dtype=np.int64)))
    parts = list(map_tasks(stratum_block, study, blocks(study.size)))
    stratum = np.concatenate(parts)
    return Allocated(arms_of(study, stratum), stratum)


def arms_of(study: Study, stratum: Integers) -> Integers:
    """Return the arm of every patient from the stratum of each, (patient,)."""
    arms, design = study.arm_ids, study.design
    if design is None:
        return randomise(study.seed, stratum, (1,) * len(arms))
    plan = design.allocation
    return randomise(
        study.seed,
        stratum,
        plan.shares(arms),
        block=plan.block,
        complete=plan.method == "complete",
    )


def stratum_block(study: Study, patients: range) -> Integers:
    """Return the stratum of each patient of a block (a pure function)."""
    return strata_of(study, enrol(study, np.arange(patients.start, patients.stop, dtype=np.int64)))


def strata_of(study: Study, who: Enrolled) -> Integers:
    """Return the stratum of each patient by what is known at baseline, (patient,).

    The answers to the conditions are the digits of its number in base 2.
    """
    conditions = () if study.design is None else study.design.allocation.strata
    untreated = Arm("", "Untreated", "standard_of_care")
    seen = at_randomisation(group_of(study, untreated, who)) if conditions else {}
    points = study.model.endpoints
    names = {name for one in conditions for name in one.names if name in points.order}
    scores = evaluate_endpoints(points, seen, seen, names=sorted(names)) if names else {}
    known = {**covariates(study.model, who), **seen, **scores}
    known |= {f"baseline:{name}": values for name, values in known.items()}
    stratum = np.zeros(len(who.patient), dtype=np.int64)
    for one in conditions:
        stratum = 2 * stratum + np.asarray(one.evaluate(known), dtype=np.bool_)
    return stratum


def stratum_names(study: Study) -> tuple[str, ...]:
    """Return the words for each stratum by its number."""
    conditions = () if study.design is None else study.design.allocation.strata
    names = [""]
    for one in conditions:
        names = [
            "; ".join(part for part in (name, f"{one.text}: {answer}") if part)
            for name in names
            for answer in ("no", "yes")
        ]
    return tuple(names)


def escalated(study: Study, plan: Escalation, next_level: NextLevel) -> Allocated:
    """Return the levels of the cohorts of an escalation, which may end before its last place."""
    who = enrol(study, np.arange(plan.most, dtype=np.int64))
    places = [study.arm_ids.index(name) for name in plan.levels]
    tried: list[int] = []
    toxic: list[bool] = []
    level: int | None = 0
    while level is not None and len(tried) < plan.most:
        rows = np.arange(len(tried), min(len(tried) + plan.cohort, plan.most))
        toxic += dose_limited(study, plan, who.rows(rows), places[level]).tolist()
        tried += [level] * len(rows)
        level = next_level(plan, tried, toxic)
    return Allocated(np.array([places[one] for one in tried]), None, np.array(toxic))


def dose_limited(study: Study, plan: Escalation, who: Enrolled, place: int) -> NDArray[np.bool_]:
    """Return who has a dose-limiting toxicity under an arm, (patient,)."""
    arm_of = np.full(len(who.patient), place)
    doses = regimen_doses(study, study.arms, arm_of, who, study.horizon_minute)
    doses, _ = with_deviations(study, doses, who.patient)
    return limiting(study, who, arm_of, doses, plan)
