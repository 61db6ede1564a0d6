"""Fast species as algebra against the same species as states."""

import numpy as np
import pytest

from funis.solver import fixed_values, simulate

TIMES = np.arange(25) * 7 * 1440

LAG = 1e-4
"""What is allowed, as a share of the score's range (model.md, Part 0)."""


def difference(model, who, doses, faster=1.0):
    """Largest difference of DAS28-CRP between the two forms, as a share of its range."""
    rates = {name: faster * model.parameter(name).value for name in model.text.fast.values()}
    table = who.table.replaced(rates)
    quick, full = (
        simulate(model, table, doses, TIMES, forcing=who.forcing, outputs=("DAS28_CRP_true",),
                 rtol=1e-9, full=full)
        for full in (False, True)
    )  # fmt: skip
    assert not quick.failed.any()
    assert not full.failed.any()
    score = next(item for item in model.endpoints.scores if item.id == "DAS28_CRP")
    return np.abs(quick.values - full.values).max() / (score.high - score.low)


@pytest.mark.parametrize("name", ["untreated", "four monthly", "anti-TNF and cells"])
def test_the_two_forms_differ_by_a_lag_of_hours_only(ra, patients, regimen, name):
    who = patients(12, 400)
    doses = regimen(name, who)
    share, faster = difference(ra, who, doses), difference(ra, who, doses, 10.0)
    print(f"{name}: {share:.2e} of the range; turnover ten times as fast: {faster:.2e}")
    assert share <= LAG
    assert 8 < share / faster < 12  # first order in the turnover: nothing else is different
    assert faster <= 1e-5


def test_the_full_form_has_the_fast_species_as_states(ra):
    added = set(ra.full_form.states) - set(ra.form.states)
    assert added == set(ra.text.fast)
    assert {"HGF", "VEGF", "IL1"} <= added
    assert set(ra.form.states) < set(ra.full_form.states)


def test_both_forms_rest_at_the_same_place(ra, patients):
    who = patients(40, 500)
    for form in (ra.form, ra.full_form):
        fixed = fixed_values(form, who.table)
        start = form.start(fixed)
        counted = [name not in ra.accumulators for name in form.states]
        assert np.abs(form.rates_at(start, fixed)[:, counted]).max() < 1e-11
