"""What stays between two moves: patients, their twins, the compiled kernel, the scoring."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.models.endpoints import needed_components
from funis.pipeline.explore.cohort import (
    Disease,
    Drawn,
    cohort,
    disease_parts,
    drawn,
    form_key,
    with_forms,
)
from funis.pipeline.explore.state import ExploreState
from funis.pipeline.reporting.courses import durability_score
from funis.pipeline.responses import Responses
from funis.population.scores import ScoreReader
from funis.protocol import no_doses
from funis.solver import FAILED, Doses, ParameterTable, simulate
from funis.solver.kernel.batch import load_kernel
from funis.units import MINUTES_PER_DAY

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

MOVE_RTOL = 1e-3
"""Relative tolerance of a move; trials are solved at 1e-5."""

THREADS = 2
"""Halves of the patients, each solved by a thread of its own; they change no byte."""

MOST_RULES = 4
"""Responder rules whose curves are shown."""

ANY_CHANGE = re.compile(r"\b(\w+) [<>] baseline\(\1\)")
"""A rule that any change meets, however small: without whole grades the solver would decide it."""

KEPT = 24
"""Prepared states that are kept, about 3 MB each."""

MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY

MECHANISM: Mapping[str, str] = {
    "IL10": "IL-10", "TGFB": "TGF-beta", "TNF": "TNF-alpha", "IL1": "IL-1 beta",
    "TM": "Memory T cells", "TH1": "Th1 cells", "BA": "Activated B cells", "NK": "NK cells",
    "TRG": "Regulatory T cells", "VEGF": "VEGF", "HGF": "HGF", "R": "Repair capacity",
}  # fmt: skip
"""Outputs of the core that are shown as a ratio to the twin."""

ADDED: Mapping[str, str] = {"VEGF": "level_VEGF", "HGF": "level_HGF"}
"""Outputs that hold what cells add alone -> parameter of the level without them."""

LIVE: Mapping[str, tuple[str, ...]] = {
    "lu": ("M_bl", "M_lu", "X_lu"), "ls": ("M_ls", "X_ls"), "ti": ("M_ti", "X_ti"), "ot": ("M_ot",),
}  # fmt: skip
"""States that hold living cells, by compartment."""

_LOCK, _ONE_AT_A_TIME = Lock(), Lock()
_PREPARED: OrderedDict[tuple[object, ...], Prepared] = OrderedDict()


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """By what the courses of a disease are told.

    Attributes
    ----------
    score : the main score, by its id.
    week : of the primary endpoint of the demo trial, at which results are told.
    reader : gives that score.
    responses : the responder rules that are shown.
    mechanism, cells : outputs of the model, the latter with their compartments.
    outputs : everything that is asked of the solver.
    """

    score: str
    week: int
    reader: ScoreReader
    responses: Responses
    mechanism: tuple[str, ...]
    cells: Mapping[str, tuple[str, ...]]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What `explore` needs beside the state.

    Attributes
    ----------
    table : parameters of each patient, without product and dose.
    what : draws of what cells do.
    twin : (patient, week, output) of the same patients without cells.
    twin_score, twin_responds : (patient, week), (patient, week, rule) of them.
    failed : (patient,) whether the twin was not solved.
    """

    parts: Disease
    scoring: Scoring
    table: ParameterTable
    what: Drawn
    twin: Array
    twin_score: Array
    twin_responds: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    rtol: float

    @property
    def model(self) -> Model:
        """The disease."""
        return self.parts.model


def prepare(state: ExploreState, rtol: float = MOVE_RTOL) -> Prepared:
    """Return what moves around a state share; it is kept for the next one.

    One thread prepares at a time, so that nothing is made twice; what is kept waits for nobody.

    Parameters
    ----------
    rtol : relative tolerance of the solver.

    Raises
    ------
    InputError
        The pool holds too few patients of the stratum.
    """
    key = (*form_key(state), rtol)
    found = _kept(key)
    if found is None:
        with _ONE_AT_A_TIME:
            found = _kept(key) or _prepared(state, rtol)
            _keep(key, found)
    return found


def _kept(key: tuple[object, ...]) -> Prepared | None:
    with _LOCK:
        found = _PREPARED.get(key)
        if found is not None:
            _PREPARED.move_to_end(key)
        return found


def _keep(key: tuple[object, ...], found: Prepared) -> None:
    with _LOCK:
        _PREPARED[key] = found
        while len(_PREPARED) > KEPT:
            _PREPARED.popitem(last=False)


def forget() -> None:
    """Let go of everything that is kept."""
    with _LOCK:
        _PREPARED.clear()


def _prepared(state: ExploreState, rtol: float) -> Prepared:
    parts = disease_parts(state.disease)
    scoring = scoring_of(state.disease)
    load_kernel(parts.model.form, False)
    what = drawn(parts, state)
    table = with_forms(parts, cohort(parts, state), state, what)
    minutes = week_minutes(state.weeks)
    twin, failed = solved(
        parts.model, table, [no_doses()] * THREADS, minutes, scoring.outputs, rtol
    )
    score, responds = told(scoring, twin)
    return Prepared(parts, scoring, table, what, twin, score, responds, failed, rtol)


@cache
def scoring_of(disease: str) -> Scoring:
    """Return by what the courses of a disease are told."""
    parts = disease_parts(disease)
    points, outputs = parts.model.endpoints, parts.model.form.outputs
    protocol = parts.protocol
    score = None if protocol is None else durability_score(protocol, points)
    names = [one.id for one in points.scores] + [one.id for one in points.components]
    score = score or names[0]
    week = 12 if protocol is None else int(next(iter(protocol.primary)).week)
    rules, reader = _slim(_rules(parts, score), score)
    mechanism = tuple(name for name in MECHANISM if name in outputs)
    cells = {place: tuple(n for n in names if n in outputs) for place, names in LIVE.items()}
    cells = {place: names for place, names in cells.items() if names}
    states = (name for names in cells.values() for name in names)
    asked = tuple(dict.fromkeys((*reader.outputs, *mechanism, *states)))
    return Scoring(score, week, reader, rules, mechanism, cells, asked)


def _slim(rules: Responses, score: str) -> tuple[Responses, ScoreReader]:
    """Return rules and the reader of a score with the components alone that they are made of."""
    whole = rules.endpoints
    needed = needed_components(whole, (score, *rules.names))
    parts = tuple(one for one in whole.components if one.id in needed)
    points, item = replace(whole, components=parts), whole.number(score)
    outputs = tuple(dict.fromkeys(one.observable for one in parts))
    reader = ScoreReader(points, outputs, (score,), np.array([item.high - item.low]))
    return replace(rules, endpoints=points), reader


def _rules(parts: Disease, score: str) -> Responses:
    """Return the rules that are shown: those of the demo trial first, then the main score's own."""
    whole = Responses.of(parts.model.endpoints)
    known = [name for name in whole.names if not ANY_CHANGE.search(whole.definition(name)[1])]
    asked = () if parts.protocol is None else tuple(
        one.endpoint for one in parts.protocol.endpoints if one.measure == "responder"
    )  # fmt: skip
    own = f"{score}_improved"
    names = [name for name in dict.fromkeys(asked) if name in known and name != own]
    if own in known:
        names = [*names[: MOST_RULES - 1], own]
    return replace(whole, names=tuple((names or known)[:MOST_RULES]))


def week_minutes(weeks: int) -> Integers:
    """Return the minute of every week."""
    return np.arange(weeks + 1, dtype=np.int64) * MINUTES_PER_WEEK


def halves(patients: int) -> tuple[Integers, ...]:
    """Return the rows of each thread."""
    return tuple(np.array_split(np.arange(patients, dtype=np.int64), THREADS))


def solved(
    model: Model, table: ParameterTable, doses: Sequence[Doses], minutes: Integers,
    outputs: tuple[str, ...], rtol: float,
) -> tuple[Array, NDArray[np.bool_]]:  # fmt: skip
    """Solve each half of the patients in a thread of its own.

    The kernel takes 512 patients at once, so that threads of one call would find nothing to share.

    Parameters
    ----------
    doses : of each half, patients by their row in it.

    Returns
    -------
    array
        (patient, time, output), and who was not solved, (patient,).
    """

    def half(number: int) -> tuple[Array, NDArray[np.bool_]]:
        rows = parts[number]
        found = simulate(
            model, table.rows(rows), doses[number], minutes, outputs=outputs, rtol=rtol, checked=0.0
        )
        return found.values, found.status == FAILED

    parts = halves(len(table.values))
    found = list(_threads().map(half, range(len(parts))))
    return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="explore")


def told(scoring: Scoring, weekly: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return the main score, (patient, week), and who responds, (patient, week, rule).

    Parameters
    ----------
    weekly : (patient, week, output) of `Scoring.outputs`, of which the reader's come first.
    """
    observed = weekly[:, :, : len(scoring.reader.outputs)]
    score = scoring.reader.read(observed)[:, :, 0]
    return score, scoring.responses.judge(scoring.reader, observed)
