"""Fast species as algebra against the same species as states."""

import numpy as np
import pytest

from funis.solver import simulate

TIMES = np.arange(25) * 7 * 1440


@pytest.mark.parametrize("name", ["untreated", "four monthly", "anti-TNF and cells"])
def test_the_score_differs_by_less_than_a_ten_thousandth_of_its_range(ra, patients, regimen, name):
    who = patients(12, 400)
    doses = regimen(name, who)
    quick, full = (
        simulate(ra, who.table, doses, TIMES, forcing=who.forcing, outputs=("DAS28_CRP_true",),
                 rtol=1e-8, full=full)
        for full in (False, True)
    )  # fmt: skip
    assert not quick.failed.any()
    assert not full.failed.any()
    score = next(item for item in ra.endpoints.scores if item.id == "DAS28_CRP")
    share = np.abs(quick.values - full.values).max() / (score.high - score.low)
    print(f"{name}: {share:.2e} of the range")
    assert share <= 1e-4


def test_the_full_form_has_the_fast_species_as_states(ra):
    added = set(ra.full_form.states) - set(ra.form.states)
    assert added == set(ra.text.fast)
    assert len(added) >= 5
    assert set(ra.form.states) < set(ra.full_form.states)


def test_both_forms_rest_at_the_same_place(ra, patients):
    from funis.solver import fixed_values

    who = patients(40, 500)
    for form in (ra.form, ra.full_form):
        fixed = fixed_values(form, who.table)
        start = form.start(fixed)
        counted = [name not in ra.accumulators for name in form.states]
        assert np.abs(form.rates_at(start, fixed)[:, counted]).max() < 1e-11
