"""The chance of a planned trial, against the closed form of its power."""

import math

import numpy as np
import pytest
from scipy.stats import nct, t

from funis.calibrate.likelihood import StudyRows
from funis.calibrate.outlook import outlook, planned_rows
from funis.calibrate.planned import Planned
from funis.calibrate.points import Points
from funis.calibrate.posterior import Draws
from funis.calibrate.reconstruct import Reconstruction
from funis.calibrate.rows import Row
from funis.calibrate.surface import StudySurface, features, fit
from funis.models import load_model
from funis.protocol import EndpointRequest, Success

CONDUCTS = 4000
SLOPE = 1.0


@pytest.fixture(scope="module")
def endpoints():
    return load_model("cd").endpoints


def draws(settings, potency):
    names = tuple(prior.parameter for prior in settings.stage(3))
    factors = np.ones((CONDUCTS, len(names)))
    factors[:, names.index("potency")] = potency
    nothing = np.zeros(CONDUCTS)
    return Draws(Points(names, factors), nothing, nothing)


def planned(study, request, size, seen=1.0, arms=("msc",)):
    rows = tuple(
        Row(study.id, arm, None, request, math.nan, math.nan, math.nan, size)
        for arm in (*arms, "placebo")
    )
    measure = "difference_in_proportions" if request.measure == "responder" else (
        "difference_in_means"
    )  # fmt: skip
    rule = Success(request.endpoint, request.week, arms, "placebo", measure, 0.05, "greater", 0.0)
    made = Reconstruction(study, "demo", None, (), rows, (), ())
    return Planned(made, rule, dict.fromkeys((*arms, "placebo"), seen))


def known_surface(study, settings, points, trial):
    """Return rows whose effect is half of ``SLOPE`` at the library's potency, without noise."""
    rows = trial.reconstruction.rows
    at = features(points, tuple(prior.parameter for prior in settings.stage(3)))
    cells = np.array([row.arm != "placebo" for row in rows])
    without = np.full((len(points), len(rows)), -0.5)
    effect = np.outer(at[:, 0] * SLOPE, cells)
    surface = StudySurface(study.id, rows, np.ones(len(rows)), without, effect, 1, 1, 0)
    exact = fit(surface, at, ridge=1e-12)
    return StudyRows(study, surface, exact, np.arange(len(rows)), cells, frozenset())


def chance(toy, endpoints, request, size, potency, seen=1.0, arms=("msc",)):
    settings, points, studies, *_ = toy
    study = studies[0].study
    trial = planned(study, request, size, seen, arms)
    data = planned_rows(known_surface(study, settings, points, trial), settings)
    return outlook(data, draws(settings, potency), trial, settings, endpoints, 1)


CHANGE = EndpointRequest("CDAI", 12.0, "change", "primary")
SHARE = EndpointRequest("REMISSION", 12.0, "responder", "primary")


@pytest.mark.parametrize("size", [12, 60])
def test_the_chance_of_means_is_the_power_of_welchs_test(toy, endpoints, size):
    found = chance(toy, endpoints, CHANGE, size, 1.0)
    free = 2 * size - 2
    power = nct.sf(t.ppf(0.975, free), free, SLOPE / 2 / math.sqrt(2 / size))
    assert found.probability == pytest.approx(power, abs=3 * math.sqrt(power / CONDUCTS) + 0.01)


@pytest.mark.parametrize("asked", [CHANGE, SHARE])
def test_cells_that_do_nothing_meet_a_rule_as_often_as_its_level_says(toy, endpoints, asked):
    found = chance(toy, endpoints, asked, 100, 0.0)
    assert found.probability == pytest.approx(0.025, abs=0.01)


def test_patients_who_leave_are_no_responders(toy, endpoints):
    whole, half = (chance(toy, endpoints, SHARE, 200, 1.0, seen) for seen in (1.0, 0.5))
    for one, other in zip(whole.arms, half.arms, strict=True):
        assert other.draws.mean() == pytest.approx(one.draws.mean() / 2, rel=0.03)
    assert half.probability < whole.probability


def test_two_arms_give_two_chances(toy, endpoints):
    found = chance(toy, endpoints, CHANGE, 30, 1.0, arms=("msc", "more"))
    each = [one.probability for one in found.contrasts]
    assert max(each) < found.probability < sum(each)


def test_the_same_luck_tells_posteriors_apart_by_what_they_say(toy, endpoints):
    chances = [chance(toy, endpoints, SHARE, 60, p).probability for p in (0.0, 0.3, 1.0, 3.0)]
    assert chances == sorted(chances)
    assert chances[1] == chance(toy, endpoints, SHARE, 60, 0.3).probability
