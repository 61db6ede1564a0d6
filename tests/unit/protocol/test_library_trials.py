from pathlib import Path

import numpy as np
import pytest

import funis.protocol
from funis.protocol import Protocol, dose_events, load_protocol

TRIALS = Path(funis.protocol.__file__).parents[1] / "library" / "trials"


@pytest.fixture(scope="module")
def demo() -> Protocol:
    return load_protocol(TRIALS / "ra_demo.yaml")


@pytest.mark.parametrize("path", sorted(TRIALS.glob("*.yaml")), ids=lambda path: path.stem)
def test_trials_are_valid_and_named_after_their_files(path: Path) -> None:
    assert load_protocol(path).id == path.stem


def test_the_demo_has_its_six_arms(demo: Protocol) -> None:
    names = [arm.id for arm in demo.arms]
    assert names == ["placebo", "no_effect", "single", "four_monthly", "advertised", "anti_tnf"]
    assert demo.reference is not None
    assert demo.reference.id == "placebo"
    assert demo.parameters_of("no_effect") == {"potency": 0.0}
    assert demo.arm("no_effect").interventions == demo.arm("four_monthly").interventions


def test_the_demo_decides_on_acr20_at_week_12(demo: Protocol) -> None:
    assert [request.key for request in demo.primary] == ["ACR20@12"]
    assert demo.success is not None
    assert demo.success.arms == ("four_monthly",)


def test_the_advertised_arm_spans_three_years_and_the_trial_one(demo: Protocol) -> None:
    arm = demo.arm("advertised")
    assert len(dose_events(arm, None, [0])) == 6
    end_minute = round(demo.visits.last_week * 7 * 1440)
    inside = dose_events(arm, None, [0], end_minute=end_minute)
    assert (inside.minute / 1440).tolist() == [0, 182]
    assert np.all(inside.amount == 75.0)


def test_rescue_gives_a_steroid_until_the_end(demo: Protocol) -> None:
    (rule,) = demo.rules
    assert rule.action.rescue
    assert [week for week in demo.visits.weeks if rule.asked_at(week)] == [24, 36]
    given = dose_events(rule.action.give, None, [0], start_minute=112 * 1440, end_minute=364 * 1440)
    assert given.input.tolist() == ["steroid"]
    assert given.amount.tolist() == [252.0]
    environment = {
        "tjc68": np.array([10.0, 9.0, 9.0]),
        "baseline:tjc68": np.array([11.0, 20.0, 11.0]),
        "sjc66": np.array([10.0, 10.0, 2.0]),
        "baseline:sjc66": np.array([11.0, 11.0, 11.0]),
    }
    assert np.asarray(rule.when.evaluate(environment)).tolist() == [True, False, False]


def test_dropout_is_the_sourced_one(demo: Protocol) -> None:
    years = 364 / 365.25
    assert np.exp(-demo.dropout.rate_per_year * years) == pytest.approx(0.85, abs=5e-4)
