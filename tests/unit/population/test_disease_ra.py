"""The real disease and solver behind the interfaces that the other tests of this folder imitate."""

import numpy as np
import pytest

from funis.models import load_model
from funis.population import build_pool, choose, draw


@pytest.fixture(scope="module")
def ra():
    return load_model("ra")


def test_draws_keep_the_declared_correlations(ra):
    found = draw(ra, 4000, 1)
    for first, second, rho in ra.correlations:
        ranks = [np.argsort(np.argsort(found.column(name))) for name in (first, second)]
        kinds = {ra.parameter(name).distribution.kind for name in (first, second)}
        if kinds <= {"normal", "lognormal", "logitnormal"}:
            spearman = 6 / np.pi * np.arcsin(rho / 2)
            assert np.corrcoef(ranks)[0, 1] == pytest.approx(spearman, abs=0.06), (first, second)


def test_draws_stay_within_their_bounds(ra):
    found = draw(ra, 4000, 1)
    for item in ra.parameters:
        spread = item.distribution
        values = found.column(item.id)
        assert np.all(np.isfinite(values)), item.id
        if spread is not None and spread.low is not None:
            assert values.min() >= spread.low, item.id
        if spread is not None and spread.high is not None:
            assert values.max() <= spread.high, item.id


def test_most_raw_draws_are_plausible_and_all_are_solved(ra):
    pool = build_pool(ra, 40, 1)
    rows = {row.reason: row for row in pool.gate}
    assert rows["accepted"].share >= 0.7
    assert rows["failed_to_solve"].n == 0
    assert pool.model_hash == ra.hash
    for row in pool.moments:
        assert row.weighted == pytest.approx(row.target, rel=1e-6), row.name
    assert set(choose(pool, 1, np.arange(2000))) <= set(range(len(pool)))
