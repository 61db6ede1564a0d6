"""The adverse events of the library, and administrations made up for tests."""

from collections.abc import Callable

import numpy as np
import pytest

from funis.safety import Exposed, Given, Rates, Safety, library_safety, middle_rates

Administer = Callable[..., Given]


@pytest.fixture(scope="session")
def safety() -> Safety:
    return library_safety()


@pytest.fixture(scope="session")
def middle(safety) -> Rates:
    return middle_rates(safety)


@pytest.fixture(scope="session")
def administer() -> Administer:
    """The same administration for each patient: mock or cells, by one route, on some days."""

    def build(patients, *, route="iv", days=(0,), cells=7e7, allogeneic=True) -> Given:
        patient = np.repeat(np.asarray(patients, dtype=np.int64), len(days))
        n = len(patient)
        minute = np.tile(np.asarray(days, dtype=np.int64) * 1440, len(patients))
        number = np.tile(np.arange(1, len(days) + 1), len(patients))
        tissue = np.full(n, "umbilical_cord" if cells else "")
        return Given(
            patient, np.zeros(n, dtype=np.int64), minute, np.full(n, route),
            np.full(n, float(cells)), number, tissue, np.full(n, allogeneic and cells > 0),
        )  # fmt: skip

    return build


@pytest.fixture(scope="session")
def exposed() -> Callable[..., Exposed]:
    def build(patients, *, until=365.25, cells=True) -> Exposed:
        patient = np.asarray(patients, dtype=np.int64)
        n = len(patient)
        until_day = np.full(n, float(until))
        return Exposed(patient, np.zeros(n, dtype=np.int64), until_day, np.full(n, cells))

    return build
