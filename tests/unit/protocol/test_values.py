import math

import pytest

from funis.protocol import Arm, Dropout, EndpointRequest, FrozenMapping, Intervention, Visits


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "a product or a drug"),
        ({"product": "p", "drug": "d", "dose": 1.0}, "a product or a drug"),
        ({"product": "p", "route": "iv"}, "expected one of dose_cell"),
        ({"product": "p", "route": "iv", "dose": 1.0}, "expected one of dose_cell"),
        ({"product": "p", "route": "iv", "dose_cell": 0.0}, "a dose above 0"),
        ({"product": "p", "route": "iv", "dose_cell": -1.0}, "a dose above 0"),
        ({"product": "p", "route": "iv", "dose_cell": math.inf}, "a dose above 0"),
        ({"product": "p", "route": "iv", "dose_cell": math.nan}, "a dose above 0"),
        ({"product": "p", "dose_cell": 1.0}, "needs a route"),
        ({"product": "p", "route": "iv", "dose_cell": 1.0, "days": ()}, "days of 0 or later"),
        ({"product": "p", "route": "iv", "dose_cell": 1.0, "days": (-1.0,)}, "days of 0 or later"),
        ({"drug": "d", "dose": 1.0}, "a duration above 0"),
        ({"drug": "d", "dose_cell": 1.0, "duration_day": 1.0}, "expected one of dose_cell"),
    ],
)
def test_an_intervention_that_cannot_be_given_is_refused(
    fields: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Intervention(id="x", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measure", "week", "key"),
    [("responder", 12.0, "X@12"), ("change", 12.0, "X_change@12"), ("value", 0.5, "X@0.5")],
)
def test_endpoint_keys(measure: str, week: float, key: str) -> None:
    assert EndpointRequest("X", week, measure, "primary").key == key  # type: ignore[arg-type]


def test_dropout_of_an_arm_overrides_that_of_the_trial() -> None:
    dropout = Dropout(0.1, FrozenMapping({"msc": 0.2}))
    assert (dropout.rate("msc"), dropout.rate("placebo")) == (0.2, 0.1)


def test_values_cannot_be_changed() -> None:
    arm = Arm("placebo", "Placebo", "placebo")
    with pytest.raises(AttributeError):
        arm.label = "x"  # type: ignore[misc]
    assert Visits((0.0, 12.0)).last_week == 12
