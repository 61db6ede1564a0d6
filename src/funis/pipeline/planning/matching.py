"""Virtual patients who resemble a consultation: the nearest of the pool, within said tolerances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue
from funis.models.endpoints import evaluate_endpoints
from funis.pipeline.planning.setting import Drugs
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.plan import Consultation, Match
from funis.plan.severity import severity_ranges, traits
from funis.protocol import Structure, dose_events
from funis.solver import FAILED
from funis.trial import Enrolled, Study, observe
from funis.trial.course import weight_kg
from funis.trial.enrol import covariates, observers_of, run_in, run_in_day, unscreened
from funis.trial.observe import Array, Integers
from funis.trial.study import MINUTES_PER_DAY

CANDIDATES = 2560
"""Virtual patients of the pool who are looked at, drawn by their weight."""

MATCHES = 64
"""Matches that are followed; where fewer lie within them, tolerances are widened."""

LEVELS = (
    (0.5, 0.75, True),
    (0.75, 1.0, True),
    (1.0, 1.5, True),
    (1.25, 2.0, True),
    (1.5, 2.5, True),
    (1.5, 2.5, False),
)
"""Tolerances in turn: of severity and of covariates, and whether sex and traits have to be
the same.

Each is a root mean square difference, in standard deviations of the candidates (assumed).
"""

UNMATCHED = ("events", "count", "presence")
"""Scales of components that are not compared one by one: counts since observation began, and signs
that scores sum up."""

SHOWN = 3
"""Scores that the words name."""


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Virtual patients who resemble a consultation, the nearest first.

    Attributes
    ----------
    who : at randomisation, on the background drugs of the consultation.
    level : place in `LEVELS`; None where the nearest stand in for too few within any tolerance.
    found : how many candidates lay within the tolerances.
    rows : consultation and matches, number by number.
    words : how they were matched.
    severe : whether any number of severity was compared.
    """

    who: Enrolled
    level: int | None
    found: int
    rows: tuple[Match, ...]
    words: str
    severe: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One number of the candidates, (candidate,), beside that of the consultation.

    ``log`` compares on a logarithmic scale.
    """

    name: str
    unit: str
    given: float
    values: Array
    log: bool = False

    @property
    def apart(self) -> Array:
        """Difference in standard deviations of the candidates, (candidate,)."""
        values = np.log1p(self.values) if self.log else self.values
        given = np.log1p(self.given) if self.log else self.given
        spread = float(np.nanstd(values))
        return np.asarray((values - given) / spread if spread > 0 else np.zeros(len(values)))

    @property
    def words(self) -> str:
        """What the consultation says, in words."""
        return f"{self.name} {self.given:.3g} {self.unit}".strip()


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """What candidates are compared by: scores, other numbers of severity, covariates, traits."""

    scores: list[_Column]
    signs: list[_Column]
    others: list[_Column]
    traits: list[_Column]

    @property
    def severity(self) -> Array | float:
        """Difference in severity: scores count as much as all other numbers together."""
        parts = [_mean_square(columns) for columns in (self.scores, self.signs) if columns]
        return np.sqrt(np.mean(parts, axis=0)) if parts else 0.0

    @property
    def covariates(self) -> Array | float:
        """Difference in covariates."""
        return np.sqrt(_mean_square(self.others)) if self.others else 0.0


def matched_patients(study: Study, consultation: Consultation, drugs: Drugs) -> Matched:
    """Return the virtual patients nearest to a consultation.

    Candidates are drawn from the pool by weight, have the body weight and the background drugs of
    the consultation, and are observed at baseline as a trial would. Sex and traits of the disease
    are matched; severity and covariates are compared by their root mean square difference;
    tolerances widen in turn until enough lie within. The trial's criteria are not asked:
    eligibility tells of them.

    Raises
    ------
    InputError
        No candidate could be solved.
    """
    who, seen = settled(study, np.arange(CANDIDATES, dtype=np.int64), drugs)
    known: Mapping[str, Array] = {**covariates(study.model, who), **seen}
    found = _compared(study, consultation, known)
    solved = who.status != FAILED
    if not solved.any():
        message = "no virtual patient of the pool could be followed"
        raise InputError(Issue(study.protocol.file, None, "disease", message, "another disease"))
    hard = np.broadcast_to(found.severity, solved.shape)
    soft = np.broadcast_to(found.covariates, solved.shape)
    alike = _same_sex(consultation, known) & _same_traits(found.traits, len(solved))
    level, within = _widened(hard, soft, alike, solved)
    order = np.argsort(np.where(within, hard**2 + soft**2 / 2, np.inf), kind="stable")
    best = order[: min(int(within.sum()), MATCHES)]
    shown = (*found.scores, *found.signs, *found.others, *found.traits)
    words = _words(consultation, level, int(within.sum()), found)
    return Matched(
        who.rows(best), level, int(within.sum()), tuple(_row(one, best) for one in shown), words,
        bool(found.scores or found.signs),
    )  # fmt: skip


def settled(
    study: Study, patients: Integers, drugs: Drugs, structures: Sequence[Structure] = ()
) -> tuple[Enrolled, Mapping[str, Array]]:
    """Return candidates of the pool at day 0 on some drugs, and what is seen of them.

    Disease fluctuates through the run-in while the drugs are taken, under some forms of the model.
    """
    protocol = study.protocol
    if structures:
        protocol = replace(protocol, structures=(*protocol.structures, *structures))
    here = replace(study, protocol=protocol)
    who = unscreened(here, patients)
    entry = {k: v for k, v in drugs.entry.items() if k in who.parameters.names}
    who = replace(who, parameters=who.parameters.replaced(entry))
    doses = dose_events(
        drugs.interventions, weight_kg(who), np.arange(len(patients)),
        start_minute=run_in_day(protocol) * MINUTES_PER_DAY, end_minute=0,
    )  # fmt: skip
    who, truth = run_in(here, who, doses)
    return who, observe(here.model, observers_of(here, who), truth[0], 0, entry=True)


def _compared(study: Study, consultation: Consultation, known: Mapping[str, Array]) -> _Compared:
    """Return the numbers that the consultation gives or that follow from it, as columns."""
    points = study.model.endpoints
    ranges = severity_ranges(consultation, study.model)
    exact = {name: low for name, (low, high) in ranges.items() if low == high}
    names = [one.id for one in points.scores if one.id in exact]
    seen = {name: known[name] for name in known if name in points.numbers}
    scores = evaluate_endpoints(points, seen, seen, names=names)
    signs = [c.id for c in points.components if c.id in exact and c.scale not in UNMATCHED]

    def column(name: str, values: NDArray[Any]) -> _Column:
        unit = points.number(name).unit
        found = np.asarray(values, dtype=np.float64)
        return _Column(endpoint_name(name, points), unit, exact[name], found)

    return _Compared(
        [column(name, scores[name]) for name in names],
        [column(name, known[name]) for name in signs],
        _covariates(consultation, known),
        [
            _Column(name.replace("_", " "), "", exact[name], known[name])
            for name in traits(study.model)
            if name in exact and name in known
        ],
    )


def _covariates(consultation: Consultation, known: Mapping[str, Array]) -> list[_Column]:
    failures = consultation.prior_failures
    given = (
        ("Age", "years", "age_year", consultation.age_year, False),
        ("Duration", "years", "duration_year", consultation.duration_year, True),
        ("Drug classes that failed", "", "prior_failures",
         None if failures is None else len(failures), False),
    )  # fmt: skip
    return [
        _Column(name, unit, float(value), known[column], log)
        for name, unit, column, value, log in given
        if value is not None and column in known
    ]


def _same_sex(consultation: Consultation, known: Mapping[str, Array]) -> NDArray[np.bool_]:
    female = known.get("female")
    if female is None or consultation.sex is None:
        size = len(next(iter(known.values())))
        return np.ones(size, dtype=np.bool_)
    return np.asarray((female > 0) == (consultation.sex == "female"))


def _same_traits(columns: Sequence[_Column], size: int) -> NDArray[np.bool_]:
    alike = np.ones(size, dtype=np.bool_)
    for one in columns:
        alike &= one.values == one.given
    return alike


def _mean_square(columns: Sequence[_Column]) -> Array:
    squares = np.stack([np.nan_to_num(one.apart, nan=1e3) ** 2 for one in columns])
    return np.asarray(squares.mean(axis=0))


def _widened(
    hard: Array, soft: Array, alike: NDArray[np.bool_], solved: NDArray[np.bool_]
) -> tuple[int | None, NDArray[np.bool_]]:
    """Return the first tolerances that enough candidates lie within, and who does."""
    for level, (severity, covariate, same) in enumerate(LEVELS):
        within = solved & (hard <= severity) & (soft <= covariate) & (alike | (not same))
        if within.sum() >= MATCHES:
            return level, np.asarray(within)
    nearest = np.argsort(np.where(solved, hard**2 + soft**2 / 2, np.inf), kind="stable")[:MATCHES]
    within = np.zeros(len(hard), dtype=np.bool_)
    within[nearest] = solved[nearest]
    return None, within


def _row(column: _Column, best: Integers) -> Match:
    values = column.values[best]
    low, high = np.nanquantile(values, [0.05, 0.95]).tolist()
    mean = float(np.nanmean(values))
    return Match(column.name, column.unit, column.given, mean, low, high)


def _words(consultation: Consultation, level: int | None, within: int, found: _Compared) -> str:
    people = {"female": "women", "male": "men", None: "patients"}[consultation.sex]
    if level is None:
        rule = f"fewer than {MATCHES} lie within the widest tolerances, so the nearest stand in"
        head = "Patients"
    else:
        hard, soft, same = LEVELS[level]
        head = people.capitalize() if same else "Patients of either sex and any trait"
        wider = f", widened {level} times" if level > 1 else ", widened once" if level else ""
        rule = (
            f"{within} of {CANDIDATES} candidates lie within {hard:g} standard deviations in"
            f" severity and {soft:g} in covariates (root mean square{wider})"
        )
    near = "; ".join(_told(found)) or "nothing that the model knows"
    return (
        f"{head} of the pool near this consultation: {near}. Each has its body weight"
        f" ({consultation.weight_kg:g} kg) and its background drugs; {rule};"
        " the nearest are followed."
    )


def _told(found: _Compared) -> Iterator[str]:
    """Return what candidates were compared by, in words."""
    yield from (one.words for one in found.scores[:SHOWN])
    more = len(found.scores[SHOWN:]) + len(found.signs)
    if more:
        yield f"{more} more numbers of severity" if found.scores else f"{more} numbers of severity"
    yield from (one.words for one in found.others)
    yield from (f"{one.name}: {'yes' if one.given else 'no'}" for one in found.traits)
