"""Virtual patients who resemble a consultation: the nearest of the pool, within said tolerances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue
from funis.models.endpoints import evaluate_endpoints
from funis.pipeline.planning.setting import Drugs
from funis.pipeline.reporting.endpoints import short_name
from funis.plan import Consultation, Match
from funis.protocol import Structure, dose_events
from funis.solver import FAILED
from funis.trial import Enrolled, Study, observe
from funis.trial.course import weight_kg
from funis.trial.enrol import covariates, observers_of, run_in, run_in_day, unscreened
from funis.trial.observe import Array, Integers
from funis.trial.study import MINUTES_PER_DAY

CANDIDATES = 2560
"""Virtual patients of the pool who are looked at, drawn by their weight."""

MOST, LEAST = 64, 32
"""Matches that are followed at most; fewer than the second, and the tolerances are widened."""

LEVELS = (
    (0.5, 0.75, True),
    (0.75, 1.0, True),
    (1.0, 1.5, True),
    (1.25, 2.0, True),
    (1.5, 2.0, False),
)
"""Tolerances in turn: of severity and of covariates, and whether sex has to be the same.

Each is a root mean square difference, in standard deviations of the candidates (assumed).
"""

LOGARITHMIC = ("duration_year",)
"""Covariates that are compared on a logarithmic scale: a year counts more at the start."""

UNITS = {
    "age_year": ("Age", "years"),
    "weight_kg": ("Body weight", "kg"),
    "duration_year": ("Duration", "years"),
    "prior_failures": ("Drug classes that failed", ""),
}


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
    """

    who: Enrolled
    level: int | None
    found: int
    rows: tuple[Match, ...]
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One number of the candidates, (candidate,), beside that of the consultation."""

    name: str
    unit: str
    given: float
    values: Array

    def apart(self, log: bool = False) -> Array:
        """Return the difference in standard deviations of the candidates, (candidate,)."""
        values = np.log1p(self.values) if log else self.values
        given = np.log1p(self.given) if log else self.given
        spread = float(np.nanstd(values))
        return np.asarray((values - given) / spread if spread > 0 else np.zeros(len(values)))


def matched_patients(study: Study, consultation: Consultation, drugs: Drugs) -> Matched:
    """Return the virtual patients nearest to a consultation.

    Candidates are drawn from the pool by weight, take the background drugs of the consultation
    and are observed at baseline as a trial would. Sex is matched; severity and covariates are
    compared by their root mean square difference; tolerances widen in turn until enough lie
    within. The trial's criteria are not asked: eligibility tells of them.

    Raises
    ------
    InputError
        No candidate could be solved.
    """
    who, seen = settled(study, np.arange(CANDIDATES, dtype=np.int64), drugs)
    known: Mapping[str, Array] = {**covariates(study.model, who), **seen}
    severity = _severity(study, consultation, known)
    others = _covariates(consultation, known)
    solved = who.status != FAILED
    if not solved.any():
        message = "no virtual patient of the pool could be followed"
        raise InputError(Issue(study.protocol.file, None, "disease", message, "another disease"))
    hard = _root_mean_square([one.apart() for one in severity], len(who.patient))
    soft = _root_mean_square([one.apart(one_is_log(one)) for one in others], len(who.patient))
    alike = _same_sex(consultation, known)
    level, within = _widened(hard, soft, alike, solved)
    order = np.argsort(np.where(within, hard**2 + soft**2 / 2, np.inf), kind="stable")
    best = order[: min(int(within.sum()), MOST)]
    rows = tuple(_row(one, best) for one in (*severity, *others))
    words = _words(consultation, level, int(within.sum()), len(best), severity, others)
    return Matched(who.rows(best), level, int(within.sum()), rows, words)


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


def one_is_log(column: _Column) -> bool:
    """Whether a covariate is compared on a logarithmic scale."""
    return any(UNITS[name][0] == column.name for name in LOGARITHMIC)


def _severity(
    study: Study, consultation: Consultation, known: Mapping[str, Array]
) -> list[_Column]:
    points = study.model.endpoints
    names = [name for name in consultation.severity if name in points.numbers]
    wanted = [name for name in names if name not in known and name in points.order]
    seen = {name: known[name] for name in known if name in points.numbers}
    scores = evaluate_endpoints(points, seen, seen, names=wanted)
    columns = {**known, **scores}
    return [
        _Column(
            short_name(name, points), points.number(name).unit, float(consultation.severity[name]),
            np.asarray(columns[name], dtype=np.float64),
        )
        for name in names
        if name in columns
    ]  # fmt: skip


def _covariates(consultation: Consultation, known: Mapping[str, Array]) -> list[_Column]:
    failures = consultation.prior_failures
    given = {
        "age_year": consultation.age_year,
        "weight_kg": consultation.weight_kg,
        "duration_year": consultation.duration_year,
        "prior_failures": None if failures is None else len(failures),
    }
    flags = [n for n in known if n in consultation.severity and n not in given]
    found = [
        _Column(*UNITS[name], float(value), known[name])
        for name, value in given.items()
        if value is not None and name in known
    ]
    return found + [
        _Column(name, "", float(consultation.severity[name]), known[name])
        for name in flags
        if name not in UNITS and _two_valued(known[name])
    ]


def _two_valued(values: Array) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _same_sex(consultation: Consultation, known: Mapping[str, Array]) -> NDArray[np.bool_]:
    female = known.get("female")
    if female is None or consultation.sex is None:
        size = len(next(iter(known.values())))
        return np.ones(size, dtype=np.bool_)
    return np.asarray((female > 0) == (consultation.sex == "female"))


def _root_mean_square(columns: Sequence[Array], size: int) -> Array:
    if not columns:
        return np.zeros(size)
    squares = np.stack([np.nan_to_num(one, nan=1e3) ** 2 for one in columns])
    return np.asarray(np.sqrt(squares.mean(axis=0)))


def _widened(
    hard: Array, soft: Array, alike: NDArray[np.bool_], solved: NDArray[np.bool_]
) -> tuple[int | None, NDArray[np.bool_]]:
    """Return the first tolerances that enough candidates lie within, and who does."""
    for level, (severity, covariate, same) in enumerate(LEVELS):
        within = solved & (hard <= severity) & (soft <= covariate) & (alike | (not same))
        if within.sum() >= LEAST:
            return level, np.asarray(within)
    nearest = np.argsort(np.where(solved, hard**2 + soft**2 / 2, np.inf), kind="stable")[:LEAST]
    within = np.zeros(len(hard), dtype=np.bool_)
    within[nearest] = solved[nearest]
    return None, within


def _row(column: _Column, best: Integers) -> Match:
    values = column.values[best]
    low, high = np.nanquantile(values, [0.05, 0.95]).tolist()
    mean = float(np.nanmean(values))
    return Match(column.name, column.unit, column.given, mean, low, high)


def _words(
    consultation: Consultation, level: int | None, within: int, kept: int,
    severity: Sequence[_Column], others: Sequence[_Column],
) -> str:  # fmt: skip
    people = {"female": "Women", "male": "Men", None: "Patients"}
    if level is None:
        head = "Patients"
        rule = f"fewer than {LEAST} lie within the widest tolerances: the nearest stand in"
    else:
        hard, soft, same = LEVELS[level]
        head = people[consultation.sex] if same else "Patients of either sex"
        wider = f", widened {level} times" if level > 1 else ", widened once" if level else ""
        rule = (
            f"root mean square difference at most {hard:g} standard deviations in severity and"
            f" {soft:g} in covariates{wider}"
        )
    told = ", ".join(f"{one.name} {one.given:g} {one.unit}".strip() for one in severity)
    beside = ", ".join(f"{one.name.lower()} {one.given:g} {one.unit}".strip() for one in others)
    near = "; ".join(part for part in (told, beside) if part) or "nothing that is known"
    return (
        f"{head} of the pool near {near}: {within} of {CANDIDATES} candidates ({rule}), of whom"
        f" {kept} are followed."
    )
