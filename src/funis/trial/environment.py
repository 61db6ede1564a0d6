"""What conditions of the protocol are judged on: what was seen so far, and what was given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.checks import Expression
from funis.models.endpoints import VisitRows, depends_on_visits, evaluate_endpoints
from funis.protocol import DoseEvents
from funis.trial.course import Course, Group
from funis.trial.enrol import covariates
from funis.trial.observe import Array


def environment(when: Expression, group: Group, course: Course, week: float) -> Mapping[str, Any]:
    """Return everything that a condition may name: each an array (patient,) or a number."""
    seen = course.seen
    values: dict[str, Any] = {"week": week, "doses_given": _doses_given(group, course)}
    values |= covariates(group.study.model, group.who)
    values |= seen[-1]
    values |= _scores(group, seen, _asked(when, group))
    values |= _marked("baseline", seen[0])
    values |= _marked("baseline", _scores(group, seen[:1], _asked(when, group, "baseline:")))
    if len(seen) > 1:
        values |= _marked("previous", seen[-2])
        values |= _marked("previous", _scores(group, seen[:-1], _asked(when, group, "previous:")))
    return values


def _asked(when: Expression, group: Group, prefix: str = "") -> list[str]:
    """Return the scores and conditions that a condition asks for, now or at an earlier visit."""
    names = [name.removeprefix(prefix) for name in when.lookups if name.startswith(prefix)]
    return [name for name in names if name in group.study.model.endpoints.order]


def _scores(
    group: Group, seen: Sequence[Mapping[str, Array]], names: Collection[str]
) -> dict[str, NDArray[Any]]:
    """Return scores and conditions at the last of some visits, which are all since baseline."""
    if not names:
        return {}
    endpoints = group.study.model.endpoints
    start, size = seen[0], len(group.who.patient)
    weeks = group.study.protocol.visits.weeks[: len(seen)]
    first = 0 if depends_on_visits(endpoints, names) else len(seen) - 1
    kept = range(first, len(seen))
    missing = {name: np.full(size, np.nan) for name in start}
    found = evaluate_endpoints(
        endpoints,
        _stacked([seen[visit] for visit in kept]),
        _stacked([start for _ in kept]),
        _stacked([seen[visit - 1] if visit else missing for visit in kept]),
        names=names,
        visits=VisitRows(
            np.tile(np.arange(size), len(kept)), np.repeat([weeks[visit] for visit in kept], size)
        ),
    )
    return {name: column[-size:] for name, column in found.items()}


def _stacked(visits: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return the rows of some visits, one visit below the other."""
    return {name: np.concatenate([visit[name] for visit in visits]) for name in visits[0]}


def _marked(prefix: str, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{prefix}:{name}": column for name, column in values.items()}


def _doses_given(group: Group, course: Course) -> Array:
    """Count the administrations of cells before the visit, by regimen or rule, (patient,)."""
    doses = course.doses
    past = cells_given(group, doses) & (doses.minute < course.minute) & (doses.amount > 0)
    count = np.bincount(doses.patient[past], minlength=len(course.status))
    return count.astype(np.float64)


def cells_given(group: Group, doses: DoseEvents) -> NDArray[np.bool_]:
    """Tell administrations of cells and shams from those of drugs, (dose,)."""
    return np.isin(doses.input, group.study.routes)
