import json

import pytest

from funis.checks import InputError
from funis.pipeline import routes
from funis.pipeline.routes import routes_gate


@pytest.fixture(scope="module")
def gate(pool):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "trial_pool", lambda *_, **__: pool)
        return routes_gate("ra", patients=12, workers=1)


def test_an_injection_into_the_tissue_reaches_it_and_an_infusion_the_lung(gate):
    rows = {row.route: row.exposures for row in gate.rows}
    assert set(rows) == {"iv", "local"}
    assert rows["local"]["live_ti"].estimate > 10 * rows["iv"]["live_ti"].estimate
    assert rows["iv"]["live_lu"].estimate > 10 * rows["local"]["live_lu"].estimate
    assert gate.passed


def test_a_cell_lives_no_longer_in_all_places_than_its_death_allows(gate):
    """At most 1/kd in the tissue (0.5 per day), and every share of a cell counts once."""
    for row in gate.rows:
        whole = sum(row.exposures[name].high for name in ("live_lu", "live_ls", "live_ti"))
        assert whole < 1 / 0.25


def test_the_effect_is_a_benefit(gate):
    assert gate.score == "DAS28_CRP"
    assert all(row.effect.high < 0 for row in gate.rows)


def test_it_is_plain_data_and_a_table(gate):
    document = gate.document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    table = gate.tables()[0]
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_arguments_out_of_range_are_refused():
    with pytest.raises(InputError, match="out of range"):
        routes_gate("ra", patients=0)
