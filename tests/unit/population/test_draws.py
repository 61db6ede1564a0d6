from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funis.population.draws import draw, join_draws


def test_draws_hold_every_parameter_in_order(toy):
    found = draw(toy, 300, 1)
    assert found.names == ("rate", "gain", "level", "weight", "female", "constant")
    assert found.values.shape == (300, 6)
    assert found.index.tolist() == list(range(300))
    assert np.all(found.column("constant") == 7.0)
    assert set(found.column("female")) == {0.0, 1.0}
    assert np.median(found.column("weight")) == pytest.approx(70, rel=0.05)


def test_a_patient_does_not_depend_on_the_others(toy):
    model = toy.but(correlations=(("rate", "gain", 0.5), ("gain", "level", -0.3)))
    whole = draw(model, 700, 3)
    part = draw(model, 37, 3, first=601)
    assert part.index.tolist() == list(range(601, 638))
    assert part.values.tobytes() == whole.values[601:638].tobytes()
    parts = [
        draw(model, len(block), 3, first=block.start) for block in (range(600), range(600, 700))
    ]
    assert join_draws(parts).values.tobytes() == whole.values.tobytes()
    one = draw(model, 1, 3, first=5)
    assert one.values.tobytes() == whole.values[5:6].tobytes()


def test_another_seed_gives_other_patients(toy):
    assert not np.any(draw(toy, 50, 1).column("rate") == draw(toy, 50, 2).column("rate"))


def test_the_copula_reaches_the_values(toy):
    model = toy.but(correlations=(("rate", "weight", 0.7), ("weight", "female", -0.6)))
    found = draw(model, 20_000, 1)
    logs = np.log([found.column("rate"), found.column("weight")])
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.7, abs=0.02)
    assert found.column("female").mean() == pytest.approx(0.8, abs=0.02)
    assert np.corrcoef(found.column("weight"), found.column("female"))[0, 1] < -0.3


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    place=st.integers(0, 6),
    kind=st.sampled_from(["fixed", "normal", "lognormal", "bernoulli", "uniform"]),
    seed=st.integers(0, 2**31),
    name=st.from_regex(r"[a-z]{3,8}_new", fullmatch=True),
)
def test_an_added_parameter_changes_no_other_number(toy, parameter, place, kind, seed, name):
    model = toy.but(correlations=(("rate", "weight", 0.7), ("weight", "female", -0.6)))
    added = parameter(name, 0.5, kind=kind, sd=0.2, low=0.1, high=0.9)
    more = model.but(parameters=(*model.parameters[:place], added, *model.parameters[place:]))
    before, after = draw(model, 20, seed), draw(more, 20, seed)
    for known in before.names:
        assert before.column(known).tobytes() == after.column(known).tobytes()


def test_an_ensemble_moves_the_medians_and_is_part_of_the_key(toy):
    ensemble = SimpleNamespace(
        names=("weight",), values=np.array([[70.0], [140.0]]), weights=np.array([0.25, 0.75])
    )
    plain, found = draw(toy, 8000, 1), draw(toy, 8000, 1, ensemble)
    row = found.ensemble_draw
    assert np.mean(row) == pytest.approx(0.75, abs=0.02)
    assert np.array_equal(found.values[row == 0], plain.values[row == 0])
    assert np.median(found.column("weight")[row == 1]) == pytest.approx(140, rel=0.03)
    assert not np.any(found.column("rate")[row == 1] == plain.column("rate")[row == 1])


def test_rows_are_taken_in_order(toy):
    found = draw(toy, 10, 1)
    assert found.take(np.array([7, 2])).index.tolist() == [7, 2]
    assert len(found.take(found.index % 2 == 0)) == 5
    with pytest.raises(ValueError, match="not in tuple"):
        found.column("unknown")
