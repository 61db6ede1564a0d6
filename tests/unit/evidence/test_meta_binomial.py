"""Binomial-normal proportions: direct integration, no spread, no event at all."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import binom, norm

from funis.evidence.meta import Counts, pool, proportion
from funis.evidence.meta.binomial import Likelihood


def effects(*pairs):
    return tuple(proportion(f"s{i}", Counts(x, n)) for i, (x, n) in enumerate(pairs))


def test_the_quadrature_is_the_integral():
    x, n = np.array([0.0, 3.0, 9.0, 40.0]), np.array([9.0, 15.0, 9.0, 60.0])
    for mean, tau in ((-0.5, 0.3), (0.4, 1.7), (-2.0, 3.0)):
        logs = [
            math.log(
                quad(
                    lambda z, a=a, b=b, m=mean, t=tau: binom.pmf(a, b, expit(m + t * z))
                    * norm.pdf(z),
                    -12, 12, limit=200,
                )[0]
            )
            for a, b in zip(x, n, strict=True)
        ]  # fmt: skip
        assert Likelihood(x, n)(mean, tau) == pytest.approx(sum(logs), abs=1e-6)


def test_studies_that_do_not_differ_give_the_plain_proportion():
    found = pool(effects((3, 10), (6, 20), (9, 30)))
    assert found.method == "binomial"
    assert expit(found.estimate) == pytest.approx(0.3)
    assert found.heterogeneity.tau2 == 0
    assert found.heterogeneity.tau2_range.low == 0
    assert found.error == pytest.approx(math.sqrt(1 / 18 + 1 / 42), rel=1e-4)
    assert found.heterogeneity.q == pytest.approx(0.0, abs=1e-9)


def test_a_study_without_events_needs_no_correction():
    found = pool(effects((0, 9), (8, 15), (1, 9), (3, 7)))
    assert 0.1 < expit(found.estimate) < 0.35
    assert found.prediction.low < found.low
    assert len(found.leave_one_out) == 4


def test_studies_without_any_event_are_refused():
    with pytest.raises(ValueError, match="nobody has the event in any study"):
        pool(effects((0, 9), (0, 12)))
    with pytest.raises(ValueError, match="everybody has the event in any study"):
        pool(effects((9, 9), (12, 12)))
