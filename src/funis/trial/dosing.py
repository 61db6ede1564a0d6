"""A trial without its disease: patients of the pool are allocated and dosed, and nothing is solved.

For what asks for no course of the disease, such as adverse events in many thousand patients. There
is no screening, no observation and no rule; drop-out is that of the protocol.
"""

from __future__ import annotations

import numpy as np

from funis.population import blocks
from funis.safety import Rates
from funis.trial.allocation import arms_of
from funis.trial.conduct import record
from funis.trial.course import mixed_group, planned
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
    arm_of = arms_of(study, np.zeros(study.size, dtype=np.int64))[index]
    group = mixed_group(study, arm_of, unscreened(study, index))
    nothing = np.empty((len(index), len(study.protocol.visits.weeks), 0))
    return record(group, planned(group), (), nothing, rates)
