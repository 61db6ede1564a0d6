"""Made-up numbers that the rules are tried on."""

from dataclasses import replace

import pytest

from funis.analysis.intervals import Interval
from funis.claims.values import Pool, Statement

POOL = Pool(
    label="made up", study_type="randomised", measure="risk ratio", contrast=True, week=12,
    studies=("one", "two"), centres=2, patients=100, randomised=100, estimate=2.0, low=1.3,
    high=3.0, null=1.0, better=1, cells="umbilical cord by iv", cord=True,
)  # fmt: skip
STATEMENT = Statement(
    trial="t", arm="a", patients=100, control=0.3, treated=0.4, at_zero=Interval(0, 0, 0),
    middle=Interval(0.1, 0.05, 0.15), gain=Interval(0.1, 0.05, 0.15), low80=0.02, high80=0.2,
    no_effect=0.2, basis="made up", better=1,
)  # fmt: skip


@pytest.fixture
def pool():
    """Make a randomised comparison of two centres beyond no effect, with changes."""
    return lambda **changes: replace(POOL, **changes)


@pytest.fixture
def statement():
    """Make a statement of a model in which cells help and potency 0 does nothing, with changes."""
    return lambda **changes: replace(STATEMENT, **changes)
