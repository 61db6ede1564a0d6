"""A small trial to analyse: protocol, tables, endpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import polars as pl
import pytest

from funis.models.endpoints import Endpoints, load_endpoints
from funis.protocol import (
    Arm,
    Dropout,
    EndpointRequest,
    Estimand,
    FrozenMapping,
    Population,
    Protocol,
    Success,
    Visits,
)

LIBRARY = Path(str(resources.files("funis"))) / "library"


@dataclass(frozen=True)
class Tables:
    """Subjects and observations of a trial."""

    subjects: pl.DataFrame
    observations: pl.DataFrame


@pytest.fixture(scope="session")
def ra() -> Endpoints:
    return load_endpoints(LIBRARY / "diseases" / "ra" / "endpoints.yaml")


ACR20 = EndpointRequest("ACR20", 12.0, "responder", "primary")
WIN = Success(
    "ACR20", 12.0, ("active",), "placebo", "difference_in_proportions", 0.05, "greater", 0.0
)


def protocol(
    *requests: EndpointRequest,
    success: Success = WIN,
    events: Mapping[str, str] | None = None,
    continuous: Mapping[str, str] | None = None,
) -> Protocol:
    """A trial of ``active`` against ``placebo``; ACR20 at week 12 is primary."""
    strategies = events or {"discontinuation": "composite", "rescue": "composite"}
    means = continuous or {"discontinuation": "hypothetical", "rescue": "hypothetical"}
    return Protocol(
        id="small",
        title="A small trial",
        disease="ra",
        seed=1,
        population=Population((), 10, 10, -14.0, 10.0),
        arms=(
            Arm("placebo", "Placebo", control="placebo", reference=True),
            Arm("active", "Active", control="standard_of_care"),
        ),
        visits=Visits((0.0, 12.0, 24.0)),
        endpoints=(ACR20, *requests),
        estimand=Estimand(
            "treatment",
            "all",
            "response",
            "difference_in_proportions",
            FrozenMapping(strategies),  # type: ignore[arg-type]
            FrozenMapping(means),  # type: ignore[arg-type]
        ),
        success=success,
        dropout=Dropout(0.0, FrozenMapping()),
    )


def subjects(
    arms: Mapping[str, int],
    *,
    discontinued: Mapping[int, float] | None = None,
    rescued: Mapping[int, float] | None = None,
    failed: Mapping[int, str] | None = None,
) -> pl.DataFrame:
    """A row for each patient, numbered through the arms from 0."""
    owner = [arm for arm, n in arms.items() for _ in range(n)]
    left, helped, lost = discontinued or {}, rescued or {}, failed or {}
    rows = [
        {
            "subject": index,
            "arm": arm,
            "status": "failed"
            if index in lost
            else "discontinued"
            if index in left
            else "completed",
            "status_reason": lost.get(index),
            "discontinued_week": left.get(index),
            "rescued_week": helped.get(index),
        }
        for index, arm in enumerate(owner)
    ]
    schema = {
        "subject": pl.Int64,
        "arm": pl.String,
        "status": pl.String,
        "status_reason": pl.String,
        "discontinued_week": pl.Float64,
        "rescued_week": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema)


def observations(rows: Sequence[tuple[int, str, float, Mapping[str, float]]]) -> pl.DataFrame:
    """Long table from rows of subject, arm, week and components."""
    return pl.DataFrame(
        [
            {"subject": subject, "arm": arm, "week": week, "component": name, "value": value}
            for subject, arm, week, components in rows
            for name, value in components.items()
        ],
        schema={
            "subject": pl.Int64,
            "arm": pl.String,
            "week": pl.Float64,
            "component": pl.String,
            "value": pl.Float64,
        },
    )


BASELINE = {
    "tjc68": 20.0,
    "sjc66": 10.0,
    "pain_vas": 60.0,
    "ptga": 50.0,
    "phga": 50.0,
    "haq": 1.5,
    "crp": 10.0,
}
IMPROVED = {name: value / 2 for name, value in BASELINE.items()}


def two_arms(responders: Mapping[str, int], sizes: Mapping[str, int]) -> Tables:
    """A trial in which the first patients of each arm respond at week 12."""
    rows: list[tuple[int, str, float, Mapping[str, float]]] = []
    index = 0
    for arm, n in sizes.items():
        for position in range(n):
            rows.append((index, arm, 0.0, BASELINE))
            rows.append((index, arm, 12.0, IMPROVED if position < responders[arm] else BASELINE))
            index += 1
    return Tables(subjects(sizes), observations(rows))
