"""What a method needs beside the values of a sample: baseline, strata, visits, times, layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.analysis.methods import METHODS, ReplicateSample
from funis.analysis.samples import SampleTable
from funis.protocol import DEFAULT_METHOD, EndpointRequest

Floats = NDArray[np.float64]

FEW_VALUES = 6
"""A stratum that is a number with more values than these is cut at its median."""

STRATUM = "stratum"
"""Column of the subjects that holds the stratum of the randomisation, where there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """Time to the first visit that meets a condition, or to censoring, and which [week]."""

    time: Floats
    event: Floats


def method_of(request: EndpointRequest) -> str:
    """Return the method of an endpoint, its own or that of its measure."""
    return request.method or DEFAULT_METHOD[request.measure]


def outcomes(
    table: SampleTable, request: EndpointRequest, arms: Sequence[str]
) -> dict[str, ReplicateSample]:
    """Return what the method of an endpoint compares, one replicate for each arm."""
    method = method_of(request)
    values = _values(table, request, method, arms)
    known: dict[str, Floats] = {}
    if method in ("ancova", "mmrm"):
        known["baseline"] = baseline(table, request.endpoint)
    if method in ("ancova", "mmrm", "cmh", "log_rank", "cox"):
        strata = stratum(table, request)
        known |= {} if strata is None else {"stratum": strata}
    if method == "cmh" and "stratum" not in known:
        raise ValueError(f"{request.key}: cmh needs strata, e.g. strata: [site]")
    if method == "mmrm":
        known["visits"] = _visits(table, request, arms)
    if method == "win_ratio":
        known["visits"] = _layers(table, request, arms)
    if request.of_time:
        times = first_times(table, request)
        known |= {"time": times.time, "event": times.event}
    owner = table.subjects["arm"].to_numpy()
    return {
        arm: replace(values[arm], **{name: one[owner == arm][None] for name, one in known.items()})
        for arm in arms
    }


def _values(
    table: SampleTable, request: EndpointRequest, method: str, arms: Sequence[str]
) -> dict[str, ReplicateSample]:
    home = _category(table, request.endpoint)
    if method == "ordinal" and home is not None:
        owner = table.subjects["arm"].to_numpy()
        levels = _levels(table, request, home)
        return {arm: ReplicateSample(levels[owner == arm][None]) for arm in arms}
    if method == "ordinal" and request.measure == "responder":
        raise ValueError(f"{request.key}: ordinal needs a level of a category, or a number")
    samples = table.samples(request, arms)
    return {arm: samples[arm].replicate for arm in arms}


def baseline(table: SampleTable, endpoint: str) -> Floats:
    """Return a number at week 0, (patient,)."""
    import polars as pl

    start = table.scores.filter(pl.col("week") == 0)
    return table.joined(start.select("arm", "subject", value=pl.col(endpoint).cast(pl.Float64)))


def stratum(table: SampleTable, request: EndpointRequest) -> Floats | None:
    """Return the stratum of each patient as a whole number, None without strata."""
    names = request.strata or ((STRATUM,) if STRATUM in table.known.columns else ())
    if not names:
        return None
    codes = [_codes(_column(table, request, name)) for name in names]
    _, joint = np.unique(np.stack(codes), axis=1, return_inverse=True)
    return np.asarray(joint, dtype=np.float64).ravel()


def _column(table: SampleTable, request: EndpointRequest, name: str) -> NDArray[np.generic]:
    if name in table.known.columns:
        return np.asarray(table.known[name].to_numpy())
    points = table.endpoints
    if name in points.conditions or name in points.numbers:
        return baseline(table, name)
    raise ValueError(f"{request.key}: no stratum '{name}' among subjects or endpoints")


def _codes(column: NDArray[np.generic]) -> NDArray[np.int64]:
    """Number the values of a column; a number with many values is cut at its median."""
    values = np.unique(column)
    if np.issubdtype(column.dtype, np.floating) and len(values) > FEW_VALUES:
        numbers = column.astype(np.float64)
        return np.asarray(numbers > np.nanmedian(numbers), dtype=np.int64)
    codes: NDArray[np.int64] = np.unique(column, return_inverse=True)[1].astype(np.int64)
    return codes.ravel()


def _visits(table: SampleTable, request: EndpointRequest, arms: Sequence[str]) -> Floats:
    """Return the endpoint at every visit after baseline up to its week, (patient, visit)."""
    weeks = [week for week in sorted(table.weeks) if 0 < week <= request.week]
    return np.stack([_of_all(table, replace(request, week=week), arms) for week in weeks], axis=1)


def _of_all(table: SampleTable, request: EndpointRequest, arms: Sequence[str]) -> Floats:
    """Return the values of an endpoint of all patients, in the order of the subjects."""
    samples = table.samples(request, arms)
    owner = table.subjects["arm"].to_numpy()
    values = np.full(len(owner), np.nan)
    for arm in arms:
        values[owner == arm] = samples[arm].values
    return values


def _layers(table: SampleTable, request: EndpointRequest, arms: Sequence[str]) -> Floats:
    """Return what a win ratio compares, most important first, more being better."""
    found = []
    for name in (*request.hierarchy, request.endpoint):
        points = table.endpoints
        measure = "responder" if name in points.conditions else request.measure
        measure = "change" if measure == "responder" and name in points.numbers else measure
        asked = replace(request, endpoint=name, measure=measure, method=None, hierarchy=())
        side = -1.0 if points.better(name) == "lower" else 1.0
        found.append(side * _of_all(table, asked, arms))
    return np.stack(found, axis=1)


def _category(table: SampleTable, level: str) -> str | None:
    homes = [c.id for c in table.endpoints.categories if level in c.level_names]
    return homes[0] if homes else None


def _levels(table: SampleTable, request: EndpointRequest, home: str) -> Floats:
    """Return the level of a category, 0 for the worst, after events and missing visits."""
    import polars as pl

    levels = next(c.levels for c in table.endpoints.categories if c.id == home)
    rank = {level: len(levels) - 1 - place for place, level in enumerate(levels)}
    asked = table.scores.filter(pl.col("week") == request.week)
    number = pl.col(home).replace_strict(rank, default=None, return_dtype=pl.Float64)
    values = np.nan_to_num(table.joined(asked.select("arm", "subject", value=number)), nan=0.0)
    for event, strategy in table.strategies(responder=True).items():
        after = table.event_week(event) < request.week
        if strategy == "composite":
            values = np.where(after, 0.0, values)
        elif strategy != "treatment_policy":
            values = np.where(after, np.nan, values)
    return values


def first_times(table: SampleTable, request: EndpointRequest) -> Times:
    """Return the time to the first visit at which a condition is met, up to the week asked for.

    Otherwise the time is censored at the last visit seen. Composite: an intercurrent event counts
    as met where meeting it is bad, and else keeps it from ever being met; treatment policy
    ignores it; the other strategies censor there.
    """
    import polars as pl

    after = table.scores.filter((pl.col("week") > 0) & (pl.col("week") <= request.week))
    met = after.filter(pl.col(request.endpoint).cast(pl.Boolean).fill_null(value=False))
    keys = ["arm", "subject"]
    first = table.joined(met.group_by(keys).agg(value=pl.col("week").min()))
    last = table.joined(after.group_by(keys).agg(value=pl.col("week").max()))
    event = (~np.isnan(first)).astype(float)
    time = np.where(event == 1, first, last)
    for name, strategy in table.strategies(responder=True).items():
        if strategy != "treatment_policy":
            time, event = _cut(table, request, time, event, table.event_week(name), strategy)
    return Times(time, event)


def _cut(
    table: SampleTable,
    request: EndpointRequest,
    time: Floats,
    event: Floats,
    weeks: Floats,
    strategy: str,
) -> tuple[Floats, Floats]:
    """Cut times at an intercurrent event; what was met at its own visit was met before it."""
    happened = weeks < request.week
    if strategy != "composite":
        later = happened & ((time > weeks) | ((time == weeks) & (event == 0)))
        return np.where(later, weeks, time), np.where(later, 0.0, event)
    reached = happened & ~((event == 1) & (time <= weeks))
    if table.failure(request) == 1.0:
        return np.where(reached, weeks, time), np.where(reached, 1.0, event)
    return np.where(reached, request.week, time), np.where(reached, 0.0, event)


def text_of(request: EndpointRequest) -> str:
    """Return the method of an endpoint in words, with its strata."""
    text = METHODS[method_of(request)].text
    if request.strata:
        text += f"; strata: {', '.join(request.strata)}"
    if request.hierarchy:
        text += f"; compared in order: {', '.join((*request.hierarchy, request.endpoint))}"
    if request.of_time:
        text += "; time to the first visit that meets it, else censored at the last visit seen"
    return text
