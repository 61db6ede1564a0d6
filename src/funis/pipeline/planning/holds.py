"""The time from thaw to vein: worksheet, functional dose and predicted response move together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.planning.predict import Followed, Prepared, followed, response_of
from funis.pipeline.planning.setting import Chosen, regimen_arm, with_hold
from funis.plan import Held, Holds, Interval, Response
from funis.plan.directions import Directions
from funis.plan.directions_schema import library_directions
from funis.plan.limits import library_limits, weight_band
from funis.plan.work import dmso_load
from funis.plan.worksheet import directions_of, losses_of, work_of
from funis.product import Product, delivered, supply, usual_hold, usual_infusion
from funis.protocol import Arm, Intervention

Array = NDArray[np.float64]

EVERY_MINUTE = 5
"""Distance of the times that are listed [minute]."""

FOLLOWED_MINUTES = (0.0, 90.0, 210.0)
"""Times at which virtual patients are followed, beside that of the plan and the longest."""

MILLION = 1e6


def holds_of(chosen: Chosen, weight_kg: float, minute: float | None = None) -> Holds:
    """Return worksheet and functional dose at every time from thaw to vein that was measured.

    Parameters
    ----------
    chosen
        The protocol of a plan.
    weight_kg
        A weight of the band [kg].
    minute
        One more time to list [minute].

    Raises
    ------
    InputError
        What a worksheet refuses.
    """
    return _listed(chosen.arm, weight_band(weight_kg, library_limits()).middle_kg, minute)


@lru_cache(maxsize=64)
def _listed(arm: Arm, middle_kg: Decimal, minute: float | None) -> Holds:
    """List the times for a band of weights: the same for everybody in it, so it is kept."""
    given = tuple(_source(one) for one in arm.interventions if one.product is not None)
    usual = usual_hold(given[0].cells)
    own = usual if minute is None else minute
    times = {*_minutes(given), usual, own}
    return Holds(usual, own, tuple(_held(given, middle_kg, one) for one in sorted(times)))


def followed_holds(ready: Prepared, minute: float | None) -> tuple[Followed, Holds]:
    """Follow the matches of a plan at a few times from thaw to vein.

    Parameters
    ----------
    minute
        Time of the plan; the usual one of the product if None.

    Returns
    -------
    Followed
        The matches under the arms of the plan, and behind them one arm a time.
    Holds
        With the primary endpoint at every time: between those that were followed it is
        interpolated by the share of cells that live.
    """
    known = holds_of(ready.chosen, ready.consultation.weight_kg, minute)
    own = known.own_minute
    times = sorted({0.0, known.rows[-1].minute, *FOLLOWED_MINUTES} - {own})
    times = [one for one in times if one <= known.rows[-1].minute]
    seen = followed(ready, [_held_arm(ready, one) for one in times])
    response = response_of(seen, seen.requests[0])
    points = {own: response}
    points |= {one: response_of(seen, seen.requests[0], _name(one)) for one in times}
    return seen, _with_response(known, response, points)


@dataclass(frozen=True, slots=True)
class _Source:
    """One product of an arm, and how it is prepared."""

    given: Intervention
    cells: Product
    use: Directions


def _source(given: Intervention) -> _Source:
    cells = supply(given.lot or given.product or "")
    return _Source(given, cells, directions_of(cells, library_directions(given.product or "")))


def _minutes(given: Sequence[_Source]) -> list[float]:
    """Return the times that are listed, up to the last that each product was measured at."""
    last = min(one.cells.viability[-1].hold_minute - usual_infusion(one.cells) for one in given)
    return [*np.arange(0.0, last, EVERY_MINUTE).tolist(), last]


def _held(given: Sequence[_Source], weight_kg: Decimal, minute: float) -> Held:
    """Return what becomes of the doses of an arm; several products of one day add up."""
    losses = [losses_of(one.cells, minute) for one in given]
    works = [
        work_of(one.given, one.use, weight_kg, lost)
        for one, lost in zip(given, losses, strict=True)
    ]
    acting = [
        delivered(one.cells, float(work.dose), hold_minute=minute).functional
        for one, work in zip(given, works, strict=True)
    ]
    ends = [sum(getattr(one, end) for one in acting) / MILLION for end in ("value", "low", "high")]
    loads = [dmso_load(work) for work in works]
    return Held(
        minute, float(works[0].delivered), Interval(*ends), sum(work.vials for work in works),
        sum(float(work.to_thaw) for work in works) / MILLION,
        None if None in loads else float(sum(load for load in loads if load is not None)),
        _in_time([work.in_time for work in works]),
    )  # fmt: skip


def _in_time(each: Sequence[bool | None]) -> bool | None:
    """Return whether every infusion is over in time; one that is not settles it."""
    if False in each:
        return False
    return None if None in each else True


def _name(minute: float) -> str:
    return f"held_{minute:g}"


def _held_arm(ready: Prepared, minute: float) -> Arm:
    """Return the arm with cells of a plan, its cells held so long."""
    arm, treated = with_hold(ready.chosen, minute).arm, ready.study.arms[-1]
    background = [one for one in treated.interventions if one.product is None]
    return regimen_arm(_name(minute), treated.label, arm, background, arm.scenario)


def _with_response(known: Holds, own: Response, points: Mapping[float, Response]) -> Holds:
    """Return the times with the response, interpolated between those that were followed."""
    living = {row.minute: row.living for row in known.rows}
    times = sorted(points, key=lambda one: living[one])
    shares = np.array([living[one] for one in times])
    treated = [points[one].treated for one in times]
    apart = [points[one].difference or points[one].treated for one in times]
    rows = (
        replace(
            row, treated=_between(shares, treated, row.living), placebo=own.placebo,
            difference=_between(shares, apart, row.living),
        )
        for row in known.rows
    )  # fmt: skip
    return replace(known, rows=tuple(rows), response=own, computed_minutes=tuple(sorted(points)))


def _between(shares: Array, known: Sequence[Interval], share: float) -> Interval:
    """Return an interval on the line between the two that lie about a share of living cells."""
    ends = ([getattr(one, end) for one in known] for end in ("estimate", "low", "high"))
    return Interval(*(float(np.interp(share, shares, values)) for values in ends))
