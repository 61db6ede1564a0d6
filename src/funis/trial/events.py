"""Adverse events after doses, as far as the conduct of a trial asks for them.

Whether an event follows a dose is a keyed function of the patient and of the dose, so it can be
asked before anything else of the trial is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.protocol import Arm, DoseEvents, Escalation
from funis.safety import follows, library_safety
from funis.trial.adverse import administered, adverse_events, trial_rates
from funis.trial.enrol import Enrolled
from funis.trial.observe import Array, Integers
from funis.trial.study import MINUTES_PER_DAY, Study


def first_event_minute(
    study: Study,
    arms: Sequence[Arm],
    arm_of: Integers,
    who: Enrolled,
    doses: DoseEvents,
    terms: Sequence[str],
    minute: int,
) -> tuple[Array, Array]:
    """Return when patients first were given what such an event follows, and anything at all.

    Parameters
    ----------
    arms, arm_of
        Arms, and the place of each patient's among them.
    doses
        Patients are numbered by their row.
    terms
        Adverse events.
    minute
        What is given then or later does not count.

    Returns
    -------
    array, array
        (patient,) minutes of administrations, mock ones too; infinite for never.
    """
    count = len(who.patient)
    until = np.full(count, float(minute))
    given, row = administered(study, arms, arm_of, who.patient, who.attempt, doses, until)
    rates = trial_rates(study.seed, study.model.id)
    felt = np.zeros(len(row), dtype=np.bool_)
    for term in terms:
        felt |= follows(library_safety(), rates, study.seed, given, term) > 0
    return _first(row[felt], given.minute[felt], count), _first(row, given.minute, count)


def _first(row: Integers, minute: Integers, count: int) -> Array:
    first = np.full(count, np.inf)
    np.minimum.at(first, row, minute.astype(np.float64))
    return first


def limiting(
    study: Study, who: Enrolled, arm_of: Integers, doses: DoseEvents, plan: Escalation
) -> NDArray[np.bool_]:
    """Return who has a dose-limiting toxicity, (patient,): related, grave and soon enough."""
    stays = np.full(len(who.patient), np.inf)
    arms, keys = study.arms, (who.patient, who.attempt)
    given, _ = administered(study, arms, arm_of, *keys, doses, stays)
    events = adverse_events(study, arms, arm_of, *keys, doses, stays)
    days = {
        (patient, number): minute / MINUTES_PER_DAY
        for patient, number, minute in zip(
            given.patient.tolist(), given.number.tolist(), given.minute.tolist(), strict=True
        )
    }
    after = zip(events["subject"].tolist(), events["dose"].tolist(), strict=True)
    start = np.array([days.get(key, -np.inf) for key in after])
    soon = np.asarray(events["day"], dtype=np.float64) - start <= plan.within_day
    grave = np.asarray(events["grade"], dtype=np.int64) >= plan.grade
    counts = soon & grave & np.asarray(events["related"], dtype=np.bool_)
    if plan.terms:
        counts &= np.isin(events["term"], plan.terms)
    return np.isin(who.patient, np.asarray(events["subject"])[counts])
