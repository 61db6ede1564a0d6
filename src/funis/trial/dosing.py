"""A trial without its disease: patients of the pool are allocated and dosed, and nothing is solved.

For what asks for no course of the disease, such as adverse events in many thousand patients. There
is no screening, no observation and no rule; drop-out is that of the protocol.
"""

from __future__ import annotations

import numpy as np

from funis.population import allocate, blocks
from funis.safety import Rates
from funis.trial.conduct import record
from funis.trial.course import Course, Group, mixed_group, regimen_doses
from funis.trial.data import Block, TrialData, gather
from funis.trial.enrol import unscreened
from funis.trial.study import Study


def dose_only(study: Study, rates: Rates | None = None) -> TrialData:
    """Return the tables of a trial in which patients are dosed and not observed.

    Parameters
    ----------
    rates
        True rates of adverse events; by default those of the trial's seed.
    """
    return gather((_block(study, who, rates) for who in blocks(study.size)), study.model)


def _block(study: Study, patients: range, rates: Rates | None) -> Block:
    index = np.arange(patients.start, patients.stop, dtype=np.int64)
    arm_of = allocate(study.seed, study.patients_per_arm, study.arm_ids)[index]
    group = mixed_group(study, arm_of, unscreened(study, index))
    nothing = np.empty((len(index), len(study.protocol.visits.weeks), 0))
    return record(group, _unsolved(group), (), nothing, rates)


def _unsolved(group: Group) -> Course:
    """Return a course of which the doses alone are known."""
    who, study = group.who, group.study
    doses = regimen_doses(study, group.arms, group.arm_of, who, study.horizon_minute)
    count = len(who.patient)
    return Course(
        0, np.empty((count, 0, 0)), who.status, who.deviation, doses, np.full(count, np.nan)
    )
