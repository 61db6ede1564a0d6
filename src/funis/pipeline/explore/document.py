"""A view as plain data and as a table: each treated series with twin, grade and banner."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import lru_cache
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.explore.answer import Curve, ExploreView, at_week
from funis.pipeline.explore.evidence import Grade
from funis.pipeline.explore.harms import Harm
from funis.pipeline.explore.statistics import BAND
from funis.report.numerals import significant

Array = NDArray[np.float64]

DIGITS = 4
"""Significant digits of a document; a screen shows fewer."""

HEAD = (
    "course", "kind", "quantity", "name", "unit", "week", "statistic", "value", "patients",
    "evidence", "banner", "research_use",
)  # fmt: skip
STATISTICS = tuple(f"p{100 * share:02.0f}" for share in BAND)
DIFFERENCE = ("mean", "low95", "high95")
ENDS = [0, 2, 4]
"""Of the band: 90 % of the patients and their median."""


def document(view: ExploreView) -> dict[str, Any]:
    """Return a view as plain data, its numbers with `DIGITS` significant digits."""
    return {
        "research_use": view.research_use,
        "simulated": view.simulated,
        "link": view.link,
        "disease": view.disease,
        "product": view.product,
        "patients": view.state.patients - view.failed,
        "failed": view.failed,
        "draws": view.draws,
        "left_out": view.left_out,
        "tolerance": view.rtol,
        "headline": headline(view),
        "grade": _grade(view.grade),
        "week": view.week,
        "weeks": view.weeks.tolist(),
        "cell_weeks": rounded(view.cell_weeks),
        "score": _curve(view.score),
        "responders": [_curve(one) for one in view.responders],
        "mechanism": [_short(one) for one in view.mechanism],
        "cells": [_short(one) for one in view.cells],
        "delivered": rounded_deep({route: asdict(one) for route, one in view.delivered.items()}),
        "harms": [_harm(one) for one in view.harms],
    }


@lru_cache(maxsize=64)
def _grade(grade: Grade) -> dict[str, Any]:
    found: dict[str, Any] = rounded_deep(asdict(grade))
    return found


@lru_cache(maxsize=1024)
def _harm(harm: Harm) -> dict[str, Any]:
    found: dict[str, Any] = rounded_deep(asdict(harm))
    return found


def rounded(values: Array) -> Any:
    """Return numbers with `DIGITS` significant digits, as nested lists; None for no number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.floor(np.log10(np.abs(values)))
    step = 10.0 ** (DIGITS - 1 - np.nan_to_num(power, neginf=0.0, posinf=0.0))
    found = np.round(values * step) / step
    if np.isfinite(found).all():
        return found.tolist()
    known: NDArray[np.object_] = found.astype(np.object_)
    known[~np.isfinite(found)] = None
    return known.tolist()


def rounded_deep(value: Any) -> Any:
    """Return plain data with every number rounded alike."""
    if isinstance(value, dict):
        return {key: rounded_deep(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded_deep(one) for one in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _curve(one: Curve) -> dict[str, Any]:
    words = {"id": one.id, "name": one.name, "unit": one.unit, "better": one.better}
    words |= {"definition": one.definition} if one.definition else {}
    numbers = {"treated": rounded(one.treated), "twin": rounded(one.twin)}
    return words | numbers | {"difference": rounded(one.difference)}  # type: ignore[arg-type]


def _short(one: Curve) -> dict[str, Any]:
    """Return a curve whose twin is one number all the while: that number, and 90 % and median."""
    ends = one.treated[ENDS]
    twin = float(one.twin.flat[0])
    return {
        "id": one.id,
        "name": one.name,
        "unit": one.unit,
        "fine": one.fine,
        "treated": rounded(ends),
        "twin": twin,
    }


def headline(view: ExploreView) -> str:
    """Return the main result in a sentence: both courses, the difference with its interval."""
    week, score = view.week, view.score
    middle = BAND.index(0.5)
    both = [significant(float(one[middle, week]), 3) for one in (score.treated, score.twin)]
    apart = _interval(at_week(score, week))
    unit = f" {score.unit}" if score.unit else ""
    text = (
        f"Week {week}: median {score.name} {both[0]}{unit} treated, {both[1]} on the twin;"
        f" mean difference {apart}."
    )
    for rule in view.responders[:1]:
        shares = [f"{100 * one[week]:.0f} %" for one in (rule.treated, rule.twin)]
        low, high = (f"{100 * x:.0f}" for x in at_week(rule, week)[1:])
        text += (
            f" {rule.name}: {shares[0]} against {shares[1]}, difference"
            f" {100 * at_week(rule, week)[0]:.0f} points ({low} to {high})."
        )
    return f"Simulated. {text} {view.grade.text}"


def _interval(ends: Any) -> str:
    mean, low, high = (significant(_settled(one), 2) for one in ends)
    return f"{mean} ({low} to {high})"


def _settled(value: float) -> float:
    return 0.0 if abs(value) < 1e-6 else value


def tidy_csv(view: ExploreView) -> str:
    """Return a view as a tidy table: a row a course, quantity, week and statistic.

    Every row holds the grade of the evidence, the banner and the statement of use.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    end = (
        view.state.patients - view.failed, _grade_words(view), view.simulated, view.research_use
    )  # fmt: skip
    for row in _rows(view):
        writer.writerow((*row, *end))
    return text.getvalue()


def _grade_words(view: ExploreView) -> str:
    grade = view.grade
    return f"{grade.level}; {grade.randomised_patients} randomised patients known"


def _rows(view: ExploreView) -> Iterator[tuple[object, ...]]:
    yield from _series("score", (view.score,), view.weeks, STATISTICS)
    yield from _series("responders", view.responders, view.weeks, ("share",))
    for kind, curves in (("ratio to the twin", view.mechanism), ("living cells", view.cells)):
        for one in curves:
            short = replace(one, treated=one.treated[ENDS], twin=one.twin[ENDS])
            weeks = view.cell_weeks if one.fine else view.weeks
            yield from _series(kind, (short,), weeks, tuple(STATISTICS[place] for place in ENDS))
    for route, way in view.delivered.items():
        for name in ("viable", "functional"):
            found = getattr(way, name)
            for statistic in ("value", "low", "high"):
                number = _number(getattr(found, statistic))
                yield ("treated", "delivered", f"{name}_{route}", f"{name} cells in the vein",
                       "cells", "", statistic, number)  # fmt: skip
                yield ("twin", "delivered", f"{name}_{route}", f"{name} cells in the vein",
                       "cells", "", statistic, "0")  # fmt: skip
    for harm in view.harms:
        for course, risk in (("treated", harm.treated), ("twin", harm.placebo)):
            for statistic in ("estimate", "low", "high"):
                yield (course, "adverse event", harm.id, harm.name, "risk of one or more",
                       view.state.weeks, statistic, _number(getattr(risk, statistic)))  # fmt: skip


def _series(
    kind: str, curves: tuple[Curve, ...], weeks: Array, statistics: tuple[str, ...]
) -> Iterator[tuple[object, ...]]:
    for one in curves:
        courses = [("treated", one.treated, statistics), ("twin", one.twin, statistics)]
        if one.difference is not None:
            courses.append(("treated - twin", one.difference, DIFFERENCE))
        for course, values, names in courses:
            for name, column in zip(names, np.atleast_2d(values), strict=True):
                for week, value in zip(weeks.tolist(), column.tolist(), strict=True):
                    yield (course, kind, one.id, one.name, one.unit, _number(week), name,
                           _number(value))  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else ""
