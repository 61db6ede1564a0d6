import numpy as np
import pytest
from scipy import stats

from funis.models.schema import Distribution
from funis.population.marginals import marginal, truncate
from funis.population.streams import normal

LATENT = normal(1, "marginals", np.arange(40_000))


def values(centre, **distribution):
    return marginal(Distribution(**distribution), np.full(LATENT.size, centre), LATENT)


@pytest.mark.parametrize(
    ("centre", "distribution", "reference"),
    [
        (5.0, {"kind": "normal", "sd": 2.0}, stats.norm(5, 2)),
        (5.0, {"kind": "lognormal", "sd": 0.5}, stats.lognorm(0.5, scale=5)),
        (0.0, {"kind": "uniform", "low": -1.0, "high": 3.0}, stats.uniform(-1, 4)),
        (
            54.8,
            {"kind": "normal", "sd": 12.2, "low": 18.0, "high": 60.0},
            stats.truncnorm((18 - 54.8) / 12.2, (60 - 54.8) / 12.2, 54.8, 12.2),
        ),
    ],
)
def test_a_marginal_has_its_distribution(centre, distribution, reference):
    assert stats.kstest(values(centre, **distribution), reference.cdf).pvalue > 0.01


def test_a_truncated_lognormal_is_cut_and_not_piled_up():
    found = values(9.0, kind="lognormal", sd=1.0, low=3.0, high=30.0)
    assert found.min() > 3.0
    assert found.max() < 30.0
    assert np.unique(found).size == found.size
    low, high = np.log([3 / 9, 30 / 9])
    assert stats.kstest(np.log(found / 9), stats.truncnorm(low, high).cdf).pvalue > 0.01


def test_a_logitnormal_has_its_median_and_bounds():
    found = values(0.33, kind="logitnormal", sd=0.9)
    assert np.median(found) == pytest.approx(0.33, abs=0.01)
    assert np.std(np.log(found / (1 - found))) == pytest.approx(0.9, abs=0.02)
    cut = values(0.33, kind="logitnormal", sd=0.9, low=0.3, high=1.0)
    assert cut.min() > 0.3


def test_shares_of_bernoulli_and_categories():
    assert values(0.789, kind="bernoulli").mean() == pytest.approx(0.789, abs=0.01)
    levels = values(
        0.0, kind="categorical", levels=(0.0, 1.0, 2.0, 3.0), probabilities=(0.75, 0.15, 0.07, 0.03)
    )
    shares = [np.mean(levels == level) for level in (0, 1, 2, 3)]
    assert shares == pytest.approx([0.75, 0.15, 0.07, 0.03], abs=0.01)


@pytest.mark.parametrize(
    "distribution",
    [
        {"kind": "bernoulli"},
        {"kind": "categorical", "levels": (1.0, 2.0), "probabilities": (0.4, 0.6)},
        {"kind": "normal", "sd": 1.0, "low": 0.4},
        {"kind": "uniform", "low": 0.0, "high": 1.0},
        {"kind": "lognormal", "sd": 1.0, "low": 3.0},
    ],
)
def test_every_marginal_rises_with_its_latent(distribution):
    found = values(0.5, **distribution)
    assert np.all(np.diff(found[np.argsort(LATENT)]) >= 0)


def test_fixed_and_no_spread_give_the_value():
    assert np.all(values(3.0, kind="fixed") == 3.0)
    assert np.all(values(3.0, kind="lognormal", sd=0.0, low=1.0) == 3.0)


def test_truncation_is_precise_in_both_tails():
    latent = np.linspace(-3, 3, 7)
    right = truncate(latent, np.array(8.0), np.array(np.inf))
    left = truncate(-latent, np.array(-np.inf), np.array(-8.0))
    assert np.all(np.diff(right) > 0)
    assert right == pytest.approx(-left, rel=1e-12)
    assert right[3] == pytest.approx(stats.norm.isf(stats.norm.sf(8.0) / 2), rel=1e-9)
