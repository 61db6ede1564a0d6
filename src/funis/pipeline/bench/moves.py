"""A move of Explore without a browser: how long, against the plain solver, and how exact."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from funis.models import disease_ids
from funis.pipeline.explore import ExploreState, Prepared, default_state, explore, prepare
from funis.pipeline.explore.answer import treated_doses
from funis.pipeline.explore.cohort import with_regimen
from funis.pipeline.explore.document import document
from funis.pipeline.explore.prepare import forget, week_minutes
from funis.pipeline.processes import Progress, silent
from funis.pipeline.tables import Table
from funis.protocol import no_doses
from funis.solver import simulate

EXACT_RTOL = 1e-5
"""Relative tolerance of a trial, that a move is held against."""

REFERENCES = 3
"""Timings of the plain solver, of which the median is taken."""


@dataclass(frozen=True, slots=True)
class MoveTimes:
    """Moves of one disease: its default regimen at changing doses, 200 patients and their twins.

    Attributes
    ----------
    p50, p90 : from the state to the bytes of the answer [ms].
    reference : two plain calls of the solver, treated and untreated, at the tolerance of a trial,
        on one thread [ms].
    score_error : largest difference of a band of the score to that tolerance, share of its range.
    share_error : largest difference of a share of responders to it.
    size : of the answer [byte].
    """

    moves: int
    p50: float
    p90: float
    reference: float
    score_error: float
    share_error: float
    size: int

    @property
    def ratio(self) -> float:
        """How many moves fit into the reference."""
        return self.reference / self.p50


def move_times(
    moves: int, diseases: Sequence[str] | None = None, progress: Progress = silent
) -> dict[str, MoveTimes]:
    """Measure moves of some diseases, all by default; nothing where no move is wanted."""
    if moves == 0:
        return {}
    names = list(disease_ids() if diseases is None else diseases)
    return {name: _of_disease(name, moves) for name in progress("Moves", names, len(names))}


def _of_disease(disease: str, moves: int) -> MoveTimes:
    usual = default_state(disease)
    ready = prepare(usual)
    explore(usual, ready)
    taken, size = [], 0
    for state in _places(usual, moves):
        begun = time.perf_counter()
        size = len(json.dumps(document(explore(state, ready)), separators=(",", ":")))
        taken.append(1000 * (time.perf_counter() - begun))
    reference = [_timed(lambda: _plain(usual, ready)) for _ in range(REFERENCES)]
    p50, p90 = np.quantile(taken, [0.5, 0.9]).tolist()
    errors = _errors(usual, ready)
    forget()
    return MoveTimes(moves, p50, p90, float(np.median(reference)), *errors, size)


def _places(usual: ExploreState, moves: int) -> Iterator[ExploreState]:
    """Return places that differ in the dose, from half of the usual one to twice it."""
    for factor in np.geomspace(0.5, 2.0, moves).tolist():
        yield replace(usual, doses=tuple(dose * factor for dose in usual.doses))


def _timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def _plain(state: ExploreState, ready: Prepared) -> None:
    minutes, table = week_minutes(state.weeks), with_regimen(ready.table, state)
    rows = np.arange(state.patients, dtype=np.int64)
    for doses in (treated_doses(state, table, rows, int(minutes[-1])), no_doses()):
        simulate(ready.model, table, doses, minutes, outputs=ready.scoring.outputs, rtol=EXACT_RTOL)


def _errors(state: ExploreState, ready: Prepared) -> tuple[float, float]:
    quick, exact = explore(state, ready), explore(state, prepare(state, EXACT_RTOL))
    width = float(ready.scoring.reader.widths[0])
    score = np.abs(quick.score.treated - exact.score.treated).max() / width
    pairs = zip(quick.responders, exact.responders, strict=True)
    return float(score), float(max(np.abs(a.treated - b.treated).max() for a, b in pairs))


def moves_table(found: dict[str, MoveTimes]) -> Table:
    """Return the times as a table."""
    columns = (
        "disease", "moves", "p50, ms", "p90, ms", "plain solver at 1e-5, ms", "ratio",
        "score: largest error, % of its range", "responders: largest error, points",
        "answer, kB",
    )  # fmt: skip
    rows = tuple(
        (name, str(one.moves), f"{one.p50:.0f}", f"{one.p90:.0f}", f"{one.reference:.0f}",
         f"{one.ratio:.1f}", f"{100 * one.score_error:.0e}", f"{100 * one.share_error:.1f}",
         f"{one.size / 1000:.0f}")
        for name, one in found.items()
    )  # fmt: skip
    title = "Explore, from the state to the answer: 200 virtual patients, twins kept, two threads"
    return Table(title, columns, rows)
