"""Settings of every test: the same Hypothesis examples in every run of ``make test``."""

import os
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from funis.models import Model, load_model
from funis.protocol import DoseEvents

os.environ["FUNIS_DATA"] = ""  # nothing of the user's own is read


def pytest_terminal_summary(terminalreporter):
    """Say what was not tested where no browser was wanted."""
    skipped = terminalreporter.stats.get("skipped", ())
    missed = sorted({one.nodeid for one in skipped if "NO_BROWSER" in str(one.longrepr)})
    if missed:
        terminalreporter.section(f"not tested, as NO_BROWSER is set: {len(missed)} tests of pages")
        for name in missed:
            terminalreporter.write_line(name)


settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture(scope="session")
def ra() -> Model:
    """Rheumatoid arthritis as it stands in the library."""
    return load_model("ra")


@pytest.fixture(scope="session")
def events() -> Callable[..., DoseEvents]:
    """Dose events from rows (patient, minute, input, amount, duration in minutes)."""

    def build(*rows: tuple[int, int, str, float, int]) -> DoseEvents:
        rows = tuple(sorted(rows, key=lambda row: row[:2]))
        patient, minute, given, amount, duration = zip(*rows, strict=True)
        return DoseEvents(
            np.array(patient, dtype=np.int64),
            np.array(minute, dtype=np.int64),
            np.array(given),
            np.array(amount, dtype=np.float64),
            np.array(duration, dtype=np.int64),
            np.array(["made up"] * len(rows)),
        )

    return build
