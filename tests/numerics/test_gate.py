"""The gate of plausible patients on a few draws; `funis gate population` asks 2,000."""

import numpy as np
import pytest

from funis.models import disease_ids, load_model
from funis.population import draw, gate_table, pass_gate

DRAWS = 150


@pytest.mark.parametrize("disease", disease_ids())
def test_most_raw_draws_are_plausible_and_every_one_is_solved(disease):
    model = load_model(disease)
    found = pass_gate(model, draw(model, DRAWS, 31))
    table = {row.reason: row.n for row in gate_table(found.reason)}
    print(disease, table)
    assert table["failed_to_solve"] == 0
    assert table["accepted"] >= 0.7 * DRAWS
    if model.course == "steady":
        accepted = found.accepted
        assert found.eigenvalue_per_day[accepted].max() < -1e-4
        assert np.all(found.departure[accepted] <= [0.01, 0.002])
