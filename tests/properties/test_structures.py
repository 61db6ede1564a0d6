"""Each structure changes what it says and nothing else, and does what its title says."""

import numpy as np
import pytest

from funis.models import disease_ids, load_model
from funis.population import draw
from funis.protocol import library_structures, no_doses
from funis.solver import FAILED, ParameterTable, fixed_values, simulate, untreated
from funis.trial import has_structure

DAY = 1440
STRUCTURES = library_structures()
SCORE = "DAS28_CRP_true"

LM = {"LM_lu", "LM_ls", "LM_ti"}
MOVES = {
    "dead_cells_license": {"LM_lu"},
    "secretome_only": LM,
    "thawed_cells_stunned": {f"{kind}_{place}" for kind in "MX" for place in ("lu", "ls", "ti")},
    "bistable_memory": {"TM"},
    "boosting": {"ALM"},
    "th17_up": {"T17"},
    "th17_down": {"T17"},
    "nk_activated": {"NK"},
    "il6_of_msc": {"IL6"},
    "vegf_pannus": {"SYN"},
    "m2_tgfb_reparative": {"FB"},
    "tgfb_scars": {"STR"},
    "spasticity_treatable": {"SPAST"},
}
"""The states whose rates a structure moves, where they are few."""
CELLS = {"antibody_kills"}
"""Structures that move cells only."""
EFFECTS = {"dose_flat", "dose_emax_low", "dose_emax", "dose_emax_high", "dose_bell",
           "efferocytosis_only"}  # fmt: skip
"""Structures that move no cell."""


def parameters(name):
    return dict(STRUCTURES[name].parameters) if name else {}


@pytest.fixture(scope="module")
def eight(ra):
    draws = draw(ra, 8, 3)
    return ParameterTable(draws.names, draws.values)


@pytest.fixture(scope="module")
def course(ra, eight, events):
    """Run the patients, disease quiet: outputs over 24 weeks, (patient, time, output)."""
    times = np.arange(0, 169, 2) * DAY

    def run(*doses, name=None, outputs=(SCORE,), more=None, times=times):
        table = eight.replaced(parameters(name) | (more or {}))
        rows = [(row, *dose) for row in range(8) for dose in doses]
        given = events(*rows) if rows else no_doses()
        found = simulate(ra, table, given, times, outputs=outputs, rtol=1e-6)
        assert not np.any(found.status == FAILED)
        return found.values

    return run


@pytest.fixture(scope="module")
def effect(course):
    """Mean effect on the score over 24 weeks, mean of the patients."""

    def measure(cells, *, route="iv", name=None, more=None):
        given = course((0, route, float(cells), 0), name=name, more=more)
        return float((given - course(name=name, more=more)).mean())

    return measure


def has(name):
    return [d for d in disease_ids() if has_structure(load_model(d), STRUCTURES[name])]


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_belongs_to_a_disease(name):
    assert has(name)


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_moves_what_it_says_and_nothing_else(name):
    model = load_model(has(name)[-1])
    draws = draw(model, 30, 2)
    table = ParameterTable(draws.names, draws.values)
    state = untreated(model, table)
    state *= np.random.default_rng(1).uniform(0.7, 1.4, state.shape)
    cells = [model.form.states.index(one) for one in model.cell_states]
    state[:, cells] = np.random.default_rng(2).uniform(1, 50, (30, len(cells)))
    for one in ("ALM", "HLA", "RECENT"):
        state[:, model.form.states.index(one)] = 0.4
    rates = [
        model.form.rates_at(state, fixed_values(model.form, table.replaced(parameters(chosen))))
        for chosen in (None, name)
    ]
    moved = {
        state_name
        for place, state_name in enumerate(model.form.states)
        if not np.allclose(rates[0][:, place], rates[1][:, place], rtol=1e-12, atol=1e-12)
    }
    assert moved
    if name in MOVES:
        assert moved == MOVES[name]
    elif name in CELLS:
        assert moved <= set(model.cell_states)
    elif name in EFFECTS:
        assert not moved & set(model.cell_states)
    else:
        assert name == "equal_routes"


@pytest.mark.parametrize("disease", disease_ids())
def test_an_untreated_patient_is_at_rest_under_every_structure(disease):
    model = load_model(disease)
    draws = draw(model, 50, 4)
    table = ParameterTable(draws.names, draws.values)
    steady = [name not in model.accumulators for name in model.form.states]
    state = untreated(model, table)
    rest = model.form.rates_at(state, fixed_values(model.form, table))[:, steady]
    for name, one in STRUCTURES.items():
        if has_structure(model, one):
            fixed = fixed_values(model.form, table.replaced(parameters(name)))
            rates = model.form.rates_at(state, fixed)[:, steady]
            np.testing.assert_allclose(rates, rest, atol=1e-12, err_msg=name)


def test_by_default_more_cells_always_do_more(effect):
    effects = [effect(cells) for cells in (5, 70, 140, 700)]
    assert effects == sorted(effects, reverse=True)
    assert effects[-1] < 2 * effects[1] < 0


def test_a_flat_dose_response_is_flat_above_its_threshold_alone(effect):
    low, few, many = (effect(cells, name="dose_flat") for cells in (2, 140, 700))
    assert many == pytest.approx(few, rel=0.1)
    assert abs(low) < 0.1 * abs(many)


def test_an_emax_dose_response_saturates_around_its_ed50(effect):
    shares = [
        effect(7, name=name) / effect(700, name=name)
        for name in ("dose_emax_low", "dose_emax", "dose_emax_high")
    ]
    assert shares[0] > 0.8
    assert 0.15 < shares[1] < 0.6
    assert shares[2] < 0.1


def test_a_bell_has_a_best_dose(effect):
    few, best, many = (effect(cells, name="dose_bell") for cells in (10, 140, 1000))
    assert best < 1.3 * min(few, many) < 0


def test_every_dose_shape_agrees_at_the_reference_dose(effect):
    usual = effect(70)
    names = [name for name in STRUCTURES if name.startswith("dose_")]
    assert len(names) == 5
    for name in names:
        assert effect(70, name=name) == pytest.approx(usual, rel=0.2)


def test_dead_cells_do_next_to_nothing_unless_they_license(effect):
    alive = effect(70)
    shares = [
        effect(70, name=name, more={"viability": 0.0}) / alive
        for name in (None, "dead_cells_license")
    ]
    assert shares[0] < 0.05
    assert shares[1] > 0.2


def test_equal_routes_make_vein_and_tissue_alike(effect):
    vein, tissue = effect(70), effect(70, route="local")
    assert tissue < 2 * vein
    equal = [effect(70, route=route, name="equal_routes") for route in ("iv", "local")]
    assert equal[0] == pytest.approx(equal[1], rel=0.05)
    assert 0.5 < equal[0] / vein < 2


@pytest.mark.parametrize("disease", disease_ids())
def test_equal_routes_are_equal_in_every_disease(disease, events):
    model = load_model(disease)
    draws = draw(model, 8, 3)
    usual = ParameterTable(draws.names, draws.values)
    table = usual.replaced(parameters("equal_routes"))
    times = np.arange(0, 85, 3) * DAY
    untouched = simulate(model, table, no_doses(), times, outputs=("M1",)).values
    effects = []
    for route in (one.id for one in model.inputs if one.kind == "cells"):
        given = events(*((row, 0, route, 70.0, 0) for row in range(8)))
        found = simulate(model, table, given, times, outputs=("M1",)).values
        effects.append(float((found - untouched).mean()))
    assert max(effects) < 0
    np.testing.assert_allclose(effects, effects[0], rtol=0.05)


def test_without_the_relay_no_monocyte_is_licensed_and_without_secretion_no_factor_is_made(course):
    outputs = ("LM", "VEGF", "made_IL10_lu")
    for name, nothing in (("secretome_only", "LM"), ("efferocytosis_only", "VEGF")):
        values = course((0, "iv", 70.0, 0), name=name, outputs=outputs)
        found = dict(zip(outputs, values.max(axis=(0, 1)), strict=True))
        assert found.pop(nothing) == 0
        assert (found["made_IL10_lu"] > 0) == (name == "secretome_only")


def test_each_of_the_two_carriers_alone_does_less_than_both(effect):
    both = effect(70)
    for name in ("secretome_only", "efferocytosis_only"):
        assert both < effect(70, name=name) < 0


def test_stunned_cells_are_not_licensed_and_do_less(course, effect):
    licensed = course((0, "iv", 70.0, 0), name="thawed_cells_stunned", outputs=("licensed",))
    assert licensed.max() == 0
    assert effect(70) < effect(70, name="thawed_cells_stunned") < 0


def test_antibody_shortens_the_life_of_a_later_dose_only(course):
    doses = [(0, "iv", 70.0, 0), (112 * DAY, "iv", 70.0, 0)]
    times = np.array([0, DAY // 4, 112 * DAY, 112 * DAY + DAY // 4])
    more = {"immunogenicity": 100.0}
    one, other = (
        course(*doses, name=name, outputs=("live",), more=more, times=times)[:, :, 0]
        for name in (None, "antibody_kills")
    )
    np.testing.assert_allclose(one[:, 1], other[:, 1], rtol=0.01)
    assert np.all(other[:, 3] < 0.9 * one[:, 3])


def test_boosting_raises_the_antibody_of_later_doses(course):
    doses = [(28 * DAY * k, "iv", 70.0, 0) for k in range(4)]
    more = {"immunogenicity": 10.0}
    one, other = (
        course(*doses, name=name, outputs=("HLA",), more=more)[:, -1, 0]
        for name in (None, "boosting")
    )
    assert np.all(other > 1.02 * one)


@pytest.mark.parametrize(
    ("name", "output", "sign"),
    [
        ("th17_up", "T17", 1), ("th17_down", "T17", -1), ("nk_activated", "NK", 1),
        ("il6_of_msc", "IL6", 1), ("vegf_pannus", "SYN", 1),
    ],
)  # fmt: skip
def test_a_sign_is_the_one_that_its_name_says(course, name, output, sign):
    usual, other = (
        course((0, "iv", 70.0, 0), name=chosen, outputs=(output,))[:, :15, 0].mean()
        for chosen in (None, name)
    )
    assert sign * (other - usual) > 0


def test_bistable_memory_leaves_the_untreated_state_stable(ra):
    draws = draw(ra, 40, 1)
    table = ParameterTable(draws.names, draws.values).replaced(parameters("bistable_memory"))
    slopes = ra.form.jacobian_at(untreated(ra, table), fixed_values(ra.form, table))
    steady = np.array([name not in ra.accumulators for name in ra.form.states])
    values = np.linalg.eigvals(slopes[:, steady][:, :, steady]).real.max(axis=1)
    assert np.all(values < -1e-4)
