"""The whole program: protocol + model -> virtual patients -> virtual trial -> estimates -> report.

Read this page first. Every step takes values and returns a new one; no step reads or writes a file.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from funis.analysis import Results, check_failures
from funis.calibrate.ensemble import Basis
from funis.checks import IssueList
from funis.evidence import Evidence
from funis.pipeline.conducted import analysed, next_level, told_of_design
from funis.pipeline.inputs import Trial
from funis.pipeline.kept_processes import KeptProcesses
from funis.pipeline.layers import layer_shares
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Processes, Progress, silent
from funis.pipeline.reporting import requests_of, trial_report, twin_plan
from funis.pipeline.series import series_views
from funis.pipeline.study_key import code_hash, study_key
from funis.pipeline.uncertainty import chosen_ensemble, uncertainty_view
from funis.report import TrialReport
from funis.store import hash_bytes
from funis.trial import Block, Study, TrialData, conduct
from funis.trial.twins import Courses, join_courses

TWINS = 60
"""Patients whose course is followed under every arm."""

BLOCK = 512
"""Patients that one task conducts, at most: a call of the solver has a cost of its own."""

TWIN_BLOCK = 15
"""Patients that one task follows under every arm, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class VirtualTrial:
    """A conducted trial: what it was, its tables, its results, its twins and its report."""

    study: Study
    data: TrialData
    results: Results
    twins: tuple[Courses, ...]
    report: TrialReport
    issues: IssueList


def virtual_trial(
    trial: Trial,
    evidence: Evidence | None,
    *,
    patients: int,
    seed: int,
    workers: int = 1,
    twins: int = TWINS,
    ensemble: str = "none",
    progress: Progress = silent,
    checkpoints: Path | None = None,
) -> VirtualTrial:
    """Conduct a virtual trial and report it.

    Parameters
    ----------
    trial
        The protocol with its model and products, checked against each other.
    evidence
        What was published on the disease, to compare with; None where there is none.
    patients
        Patients an arm.
    seed
        Seed of the trial.
    workers
        Processes; the result is the same for any number.
    twins
        Patients followed under every arm, at most ``patients``; 0 leaves their figures out.
    ensemble
        What the cells of each patient are drawn from: borrowed | own | prior | none.
    progress
        Shows how far the work has got.
    checkpoints
        A folder in which finished parts are kept, and found by whoever does the same again.
    """
    pool = trial_pool(trial.model, workers=workers, progress=progress)
    posterior = chosen_ensemble(trial.model, ensemble)
    points = None if posterior is None else posterior.draws[cast(Basis, ensemble)].points
    study = Study(
        trial.protocol, trial.model, pool, trial.products, patients, seed, ensemble=points
    )
    requests = requests_of(trial.protocol, trial.model, evidence)
    view = None
    with _processes(study, workers, checkpoints) as processes:
        data = conduct(study, InBlocks(processes, progress), next_level)
        courses = follow_twins(study, processes, min(twins, patients), progress)
        found = analysed(study, data, requests)
        results = found.results
        shares = layer_shares(study, data, InBlocks(processes, progress))
        if posterior is not None:
            basis = cast(Basis, ensemble)
            view = uncertainty_view(study, results, posterior, basis, processes, progress)
        taken_apart = series_views(study, data, processes, progress)
    report = trial_report(trial, study, found.tables, results, courses, evidence, view)
    report = replace(told_of_design(report, study, data, found, shares), series=taken_apart)
    return VirtualTrial(study, data, results, courses, report, check_failures(results))


def _processes(study: Study, workers: int, checkpoints: Path | None) -> Processes[Study]:
    """Return processes; those that keep what they did are told what a trial depends on."""
    if checkpoints is None:
        return Processes(study, workers)
    points = study.ensemble
    drawn = (
        "" if points is None else hash_bytes(repr(points.names).encode() + points.factors.tobytes())
    )
    named = (
        study_key(study),
        code_hash(),
        platform.python_version(),
        study.patients_per_arm,
        drawn,
    )
    return KeptProcesses(study, workers, checkpoints, repr(named))


class InBlocks:
    """The map of `conduct`: fixed blocks of patients in their order, over some processes."""

    def __init__(self, processes: Processes[Study], progress: Progress) -> None:
        self.processes, self.progress = processes, progress

    def __call__(
        self, function: Callable[[Study, range], Block], study: Study, tasks: Iterable[range]
    ) -> Iterable[Block]:
        """Yield the blocks; how the tasks are cut changes no byte of the tables."""
        ends = [end for task in tasks for end in (task.start, task.stop)]
        pieces = list(share(range(ends[0], ends[-1]), self.processes.workers, BLOCK))
        done = self.processes.map(function, pieces)
        return self.progress("Virtual trial", done, len(pieces))


def follow_twins(
    study: Study, processes: Processes[Study], patients: int, progress: Progress
) -> tuple[Courses, ...]:
    """Follow the first patients of a trial under every arm; none where there is no reference."""
    if patients == 0 or study.protocol.reference is None or len(study.protocol.arms) < 2:
        return ()
    task = twin_plan(study)
    pieces = list(share(range(patients), processes.workers, TWIN_BLOCK))
    parts = progress("Twins", processes.map(task, pieces), len(pieces))
    return join_courses(list(parts))


def share(whole: range, workers: int, most: int) -> Iterator[range]:
    """Cut a range into pieces of at most a size, about as many for each process."""
    rounds = max(-(-len(whole) // (workers * most)), 1)
    return cut(whole, max(-(-len(whole) // (workers * rounds)), 1))


def cut(whole: range, size: int) -> Iterator[range]:
    """Cut a range into pieces of one size; only the last may be short."""
    return (range(at, min(at + size, whole.stop)) for at in range(whole.start, whole.stop, size))
