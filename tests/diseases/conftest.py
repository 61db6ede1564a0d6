"""Every disease of the library under regimens made from its own inputs."""

from collections.abc import Callable

import pytest
from subjects import DAY, DRUG_WEEKS, WEEK, Patients, drugs, routes

from funis.models import Model, disease_ids, load_model
from funis.protocol import DoseEvents, no_doses


@pytest.fixture(scope="session", params=disease_ids())
def model(request: pytest.FixtureRequest) -> Model:
    return load_model(request.param)


@pytest.fixture(scope="session")
def regimen(events: Callable[..., DoseEvents]) -> Callable[..., DoseEvents]:
    """A million cells per kg by vein four times; every route at once; a drug beside cells."""

    def give(model: Model, who: Patients, name: str) -> DoseEvents:
        rows: list[tuple[int, int, str, float, int]] = []
        for row, weight in enumerate(who.weight_kg.tolist()):
            if name == "four monthly":
                rows += [(row, 28 * DAY * k, "iv", weight, 0) for k in range(4)]
            if name == "every route":
                rows += [(row, WEEK, route, 20.0, 60) for route in routes(model)]
            if name in drugs(model):
                length = 7 * DRUG_WEEKS
                rows += [(row, 0, name, float(length), length * DAY), (row, 0, "iv", weight, 0)]
        return events(*rows) if rows else no_doses()

    return give
