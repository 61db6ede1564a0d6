"""Few patients, so that each move of a test takes a fraction of a second."""

from dataclasses import replace

import pytest

from funis.pipeline.explore import default_state, explore


@pytest.fixture(scope="session")
def place():
    """Forty virtual patients with rheumatoid arthritis under the default regimen."""
    return replace(default_state("ra"), patients=40, weeks=26)


@pytest.fixture(scope="session")
def view(place):
    return explore(place)
