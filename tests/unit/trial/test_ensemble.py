"""What cells do is drawn for each patient, by his own key."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from funis.models.factors import Points
from funis.trial import conduct
from funis.trial.twins import effects_by_draw


def points(**factors):
    columns = [np.asarray(values, dtype=np.float64) for values in factors.values()]
    return Points(tuple(factors), np.stack(columns, axis=1))


@pytest.fixture
def small_study(study):
    return study()


@pytest.fixture
def plain(small_study):
    return conduct(small_study)


def _seen(data, week):
    here = (pl.col("component") == "pain_vas") & (pl.col("week") == week)
    return data.observations.filter(here & (pl.col("arm") == "placebo"))


def values(data):
    return data.observations.sort("subject", "week", "component")


def test_factors_of_one_change_no_byte(small_study, plain):
    found = conduct(replace(small_study, ensemble=points(potency=[1.0, 1.0], k_lm=[1.0, 1.0])))
    assert values(found).equals(values(plain))


def test_cells_of_potency_0_are_those_of_a_scenario_of_potency_0(small_study):
    drawn = conduct(replace(small_study, ensemble=points(potency=[0.0])))
    arms = tuple(
        replace(arm, scenario=type(arm.scenario)({"potency": 0.0}))
        for arm in small_study.protocol.arms
    )
    asked = conduct(replace(small_study, protocol=replace(small_study.protocol, arms=arms)))
    assert values(drawn).equals(values(asked))


def test_a_patient_has_the_same_draw_whoever_else_is_there(small_study):
    with_draws = replace(small_study, ensemble=points(potency=np.linspace(0, 3, 50)))
    all_of_them = with_draws.ensemble_row(np.arange(40))
    some = with_draws.ensemble_row(np.array([3, 17, 39]))
    np.testing.assert_array_equal(all_of_them[[3, 17, 39]], some)
    assert len(set(all_of_them.tolist())) > 15


def test_every_draw_has_its_turn(small_study):
    rows = replace(small_study, ensemble=points(potency=np.ones(4))).ensemble_row(np.arange(4000))
    np.testing.assert_allclose(np.bincount(rows) / 4000, 0.25, atol=0.03)


def test_expectation_of_a_draw_reaches_what_patients_report(small_study, plain):
    found = conduct(replace(small_study, ensemble=points(expectation=[3.0])))
    pain = [_seen(data, 12.0)["value"].mean() for data in (found, plain)]
    start = [_seen(data, 0.0)["value"].to_list() for data in (found, plain)]
    assert start[0] == start[1]
    assert pain[0] < pain[1] - 5


def test_only_the_model_differs_between_draws(small_study):
    with_draws = replace(small_study, ensemble=points(potency=[0.0, 1.0, 2.0]))
    outputs, minutes = ("U_sys", "D"), np.array([0, 28 * 1440], dtype=np.int64)
    found = effects_by_draw(with_draws, range(4), minutes, outputs, np.arange(3))
    assert found.shape == (3, 2, 4, 2, 2)
    damage = found[..., 1, 1]
    np.testing.assert_array_equal(damage[:, 0], np.broadcast_to(damage[0, 0], (3, 4)))
    np.testing.assert_allclose(damage[0, 1], damage[0, 0], rtol=1e-5)
    assert np.all(damage[2, 1] < damage[1, 1])
    assert np.all(damage[1, 1] < damage[0, 1])
