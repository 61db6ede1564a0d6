"""Virtual trials: screen, allocate, then visit to visit observe, decide, dose and simulate."""

from funis.trial.check import check, has_structure
from funis.trial.conduct import conduct, conduct_block, serial
from funis.trial.course import regimen_doses
from funis.trial.data import Block, TrialData, gather
from funis.trial.enrol import Enrolled, enrol, forcing_of
from funis.trial.observe import observables, observe
from funis.trial.study import Study, week_minute

__all__ = [
    "Block",
    "Enrolled",
    "Study",
    "TrialData",
    "check",
    "conduct",
    "conduct_block",
    "enrol",
    "forcing_of",
    "gather",
    "has_structure",
    "observables",
    "observe",
    "regimen_doses",
    "serial",
    "week_minute",
]
