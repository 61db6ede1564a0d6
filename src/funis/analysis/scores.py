"""One row for each patient and visit: components, scores, responders, categories."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from funis.checks import nearest
from funis.models.endpoints import Endpoints, VisitRows, evaluate_endpoints

if TYPE_CHECKING:
    import polars as pl

KEYS = ("arm", "subject", "week")


def score_table(observations: "pl.DataFrame", endpoints: Endpoints) -> "pl.DataFrame":
    """Scores, responders and categories of every visit.

    Parameters
    ----------
    observations
        Long table with ``subject, arm, week, component, value``; baseline is the visit of week 0.
        Structural endpoints stand in it under their own ids.
    endpoints
        Of the disease.

    Returns
    -------
    polars.DataFrame
        Sorted by ``arm, subject, week``; one column for each component and structural endpoint,
        score (missing where a component is), responder and level (false where it cannot be
        shown) and category (the level's name; missing where it cannot be told).

    Raises
    ------
    ValueError
        If a component is unknown, or stands twice at one visit of a patient.
    """
    import polars as pl

    wide = _wide(observations, endpoints)
    names = [component.id for component in endpoints.components]
    start = wide.filter(pl.col("week") == 0).select("arm", "subject", *names)
    baseline = wide.select("arm", "subject").join(
        start, on=["arm", "subject"], how="left", maintain_order="left"
    )
    previous = wide.select(pl.col(name).shift(1).over("arm", "subject") for name in names)
    computed = evaluate_endpoints(
        endpoints,
        {name: _numbers(wide[name]) for name in names},
        {name: _numbers(baseline[name]) for name in names},
        {name: _numbers(previous[name]) for name in names},
        visits=_visit_rows(wide),
    )
    levels = {category.id: category.levels for category in endpoints.categories}
    columns = [
        _category(name, column, levels[name])
        if name in levels
        else pl.Series(name, column, nan_to_null=column.dtype != np.bool_)
        for name, column in computed.items()
    ]
    return wide.with_columns(columns)


def _wide(observations: "pl.DataFrame", endpoints: Endpoints) -> "pl.DataFrame":
    """Components side by side, a column for each of the disease's."""
    import polars as pl

    known = [item.id for item in endpoints.components]
    known += [item.id for item in endpoints.structural]
    for name in observations["component"].unique(maintain_order=True).to_list():
        if name not in known:
            near = nearest(str(name), known)
            hint = "" if near is None else f"; did you mean '{near}'?"
            raise ValueError(f"unknown component '{name}' in the observations{hint}")
    try:
        wide = observations.pivot(on="component", index=list(KEYS), values="value")
    except pl.exceptions.ComputeError:
        raise ValueError("a component stands twice at one visit of a patient") from None
    absent = [pl.lit(None, pl.Float64).alias(name) for name in known if name not in wide.columns]
    return wide.with_columns(absent).select(*KEYS, *known).sort(KEYS)


def _visit_rows(wide: "pl.DataFrame") -> VisitRows:
    """Rows of a table that is sorted by arm, subject and week."""
    import polars as pl

    patient = wide.select(pl.struct("arm", "subject").rle_id()).to_series()
    return VisitRows(patient.to_numpy().astype(np.int64), _numbers(wide["week"]))


def _category(name: str, index: NDArray[np.generic], levels: tuple[str, ...]) -> "pl.Series":
    import polars as pl

    names = np.array([*levels, None], dtype=object)
    position = np.where(np.isnan(index.astype(np.float64)), len(levels), index).astype(np.int64)
    return pl.Series(name, names[position].tolist(), dtype=pl.String)


def _numbers(column: "pl.Series") -> NDArray[np.float64]:
    """Column as numbers, not-a-number where missing."""
    return column.cast(float).fill_null(float("nan")).to_numpy().astype(np.float64)
