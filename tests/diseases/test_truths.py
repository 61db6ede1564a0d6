"""What must hold in every disease, whatever its numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from subjects import DAY, WEEKS, drugs, routes

from funis.models import Model, disease_ids, load_model
from funis.models.endpoints import evaluate_endpoints
from funis.pipeline.gate_trials import template_trial
from funis.pipeline.reporting.courses import durability_score
from funis.population import draw, fluctuation
from funis.population.scores import ScoreReader
from funis.protocol import no_doses
from funis.solver import FAILED, ParameterTable, fixed_values, simulate, untreated
from funis.trial.observe import observables, observe, observers

MECHANISM = (
    "IL10", "IL10_by_msc", "IL10_by_macrophage", "IL10_by_treg", "IL10_by_monocyte", "TGFB",
    "TGFB_by_msc", "TNF", "TNF_by_macrophage", "TNF_by_tcell", "IL1", "IL6", "TH1", "T17", "TRG",
    "BA", "BP", "NK", "M1", "M2", "R", "VEGF", "HGF", "live_lu", "live_ls", "live_ti", "LM_ti",
    "made_IL10_lu", "made_IL10_ti", "made_TGFB_ti", "made_HGF_ti", "made_VEGF_ti",
)  # fmt: skip
"""The mechanism as claimed: cytokines with their sources, cells, growth factors, repair."""


def test_the_library_has_eight_diseases():
    assert set(disease_ids()) == {"ra", "sle", "ms", "as", "cd", "uc", "t1d", "ssc"}


def test_the_mechanism_is_there_to_be_shown(model):
    known = {*model.form.states, *model.text.rules}
    assert set(MECHANISM) <= known


def test_cells_of_no_potency_move_no_rate_of_the_disease(model):
    """To the last bit: only allo-immunisation still sees the cells."""
    found = draw(model, 20, 3)
    table = ParameterTable(found.names, found.values).replaced({"potency": 0.0})
    fixed = fixed_values(model.form, table)
    state = untreated(model, table) * np.random.default_rng(1).uniform(0.8, 1.2, (20, 1))
    loaded = state.copy()
    cells = [model.form.states.index(name) for name in model.cell_states]
    loaded[:, cells] = np.random.default_rng(2).uniform(0, 50, (20, len(cells)))
    folds = [
        index for index, name in enumerate(model.form.states)
        if index not in cells and name not in ("ALM", "HLA", "RECENT")
    ]  # fmt: skip
    rates = [model.form.rates_at(one, fixed)[:, folds] for one in (loaded, state)]
    assert np.array_equal(*rates)
    names = observables(model)
    seen = [model.form.observe(names, one, fixed) for one in (loaded, state)]
    assert np.array_equal(*seen)


def main_score(model: Model) -> tuple[ScoreReader, float]:
    """The score of the disease's headline, and 1 where a rise is good."""
    name = durability_score(template_trial(model).protocol, model.endpoints)
    assert name is not None
    item = model.endpoints.number(name)
    return ScoreReader.of(model, [name]), 1.0 if getattr(
        item, "better", "lower"
    ) == "higher" else -1.0


def effect(model: Model, events, cells, scenario=None, n=16):
    """Benefit of doses in the main score of quiet patients after 12 weeks, (patient,)."""
    reader, sign = main_score(model)
    found = draw(model, n, 3)
    table = ParameterTable(found.names, found.values).replaced(scenario or {})
    rows = [(row, *dose) for row in range(n) for dose in cells]
    courses = [
        simulate(model, table, doses, np.array([0, 84 * DAY]), outputs=reader.outputs, rtol=1e-8)
        for doses in (events(*rows), no_doses())
    ]
    assert not any(np.any(course.status == FAILED) for course in courses)
    treated, rest = (reader.read(course.values)[:, 1, 0] for course in courses)
    return sign * (treated - rest)


CELLS = [(28 * DAY * k, "iv", 70.0, 0) for k in range(3)]


def test_living_cells_act_and_dead_ones_next_to_not(model, events):
    live, dead = (effect(model, events, CELLS, {"viability": v}) for v in (0.9, 0.0))
    assert np.median(np.abs(live)) > 0
    assert np.abs(dead).max() <= 0.05 * np.abs(live).max()


def test_severity_changes_the_response(model, events):
    mild, hard = (effect(model, events, CELLS, {"severity": v}) for v in (0.6, 1.7))
    there = np.abs(mild) > 1e-9
    assert np.median(np.abs(hard[there] / mild[there] - 1)) > 0.005


def test_a_regional_route_leads_to_its_tissue(model, events):
    regional = [route for route in routes(model) if route != "iv"]
    found = draw(model, 10, 3)
    table = ParameterTable(found.names, found.values)
    times = np.arange(29) * DAY
    exposure = {
        route: simulate(
            model, table, events(*[(row, 60, route, 20.0, 0) for row in range(10)]), times,
            outputs=("live_ti",),
        ).values[:, :, 0].sum(axis=1)
        for route in ["iv", *regional]
    }  # fmt: skip
    for route in regional:
        assert np.all(exposure[route] > 3 * exposure["iv"]), route


@settings(max_examples=40)
@given(data=st.data())
@pytest.mark.parametrize("disease", disease_ids())
def test_scores_stay_in_their_ranges_under_any_regimen(disease, events, data):
    model = load_model(disease)
    patient = data.draw(st.integers(0, 10_000))
    drug = data.draw(st.sampled_from([None, *drugs(model)]))
    dose = st.tuples(
        st.integers(0, 120 * DAY), st.sampled_from(routes(model)), st.floats(1e-3, 2000.0),
        st.sampled_from([0, 60]),
    )  # fmt: skip
    rows = [(0, *one) for one in data.draw(st.lists(dose, max_size=4))]
    strength = data.draw(st.floats(0.2, 3.0))
    rows += [(0, 0, drug, strength * 150.0, 150 * DAY)] if drug else []
    found = draw(model, 1, 8, first=patient)
    path = fluctuation(9, found.index, found.column("noise_time"), 0, WEEKS + 2)
    names = observables(model)
    times = np.array([0, 30 * DAY, 100 * DAY, 7 * WEEKS * DAY])
    solved = simulate(
        model, ParameterTable(found.names, found.values), events(*rows) if rows else no_doses(),
        times, forcing=path.forcing(model.text.words("forcing")[0]), outputs=names,
    )  # fmt: skip
    assert solved.status[0] < FAILED
    values = {name: found.values[:, place] for place, name in enumerate(found.names)}
    zero = np.zeros(1, dtype=np.int64)
    who = observers(1, zero + patient, zero, zero, values)
    start = None
    for place, minute in enumerate(times.tolist()):
        truth = {name: solved.values[:, place, at] for at, name in enumerate(names)}
        seen = observe(model, who, truth, minute, entry=minute == 0)
        start = start or seen
        scores = evaluate_endpoints(model.endpoints, seen, start)
        for item in (*model.endpoints.components, *model.endpoints.structural):
            assert item.low - 1e-9 <= seen[item.id][0] <= item.high + 1e-9, item.id
        for score in model.endpoints.scores:
            assert score.low - 1e-9 <= scores[score.id][0] <= score.high + 1e-9, score.id
