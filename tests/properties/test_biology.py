"""What must hold whatever the numbers are: truths of the model, on random patients and doses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.models import disease_ids, load_model
from funis.population import draw, fluctuation
from funis.protocol import no_doses
from funis.solver import FAILED, ParameterTable, fixed_values, observe, simulate, untreated

DAY = 1440
WEEKS = np.arange(13) * 7 * DAY
SCORE = "DAS28_CRP_true"


def table_of(draws):
    return ParameterTable(draws.names, draws.values)


@pytest.fixture(scope="module")
def twenty(ra):
    return draw(ra, 20, 3)


@pytest.fixture(scope="module")
def course(ra, twenty, events):
    """Run the twenty patients, disease quiet, with doses given to each of them."""

    def run(*doses, outputs=(SCORE,), times=WEEKS, scenario=None, rtol=1e-7):
        table = table_of(twenty).replaced(scenario or {})
        rows = [(row, *dose) for row in range(20) for dose in doses]
        found = simulate(
            ra, table, events(*rows) if rows else no_doses(), times, outputs=outputs, rtol=rtol
        )
        assert not np.any(found.status == FAILED)
        return found.values[:, :, 0] if len(outputs) == 1 else found

    return run


CELLS = [(28 * DAY * k, "iv", 70.0, 0) for k in range(3)]


STEADY = [disease for disease in disease_ids() if load_model(disease).course == "steady"]


@pytest.mark.parametrize("disease", STEADY)
def test_untreated_is_an_exact_equilibrium(disease):
    model = load_model(disease)
    table = table_of(draw(model, 300, 4))
    rates = model.form.rates_at(untreated(model, table), fixed_values(model.form, table))
    steady = [name not in model.accumulators for name in model.form.states]
    assert np.all(np.isfinite(rates))
    assert np.abs(rates[:, steady]).max() < 1e-12


@pytest.mark.parametrize("disease", STEADY)
def test_an_untreated_patient_stays_where_the_patient_is(disease):
    model = load_model(disease)
    table = table_of(draw(model, 10, 5))
    found = simulate(model, table, no_doses(), np.array([0, 730 * DAY]))
    steady = [name not in model.accumulators for name in model.form.states]
    np.testing.assert_allclose(found.end[:, steady], found.values[:, 0][:, steady], atol=1e-6)


@pytest.mark.parametrize("disease", disease_ids())
def test_what_a_route_is_given_arrives_somewhere(disease):
    model = load_model(disease)
    table = table_of(draw(model, 300, 6))
    state = untreated(model, table)
    routes = [given for given in model.inputs if given.kind == "cells"]
    assert routes
    for route in routes:
        names = [f"gain_{route.id}_{target}" for target in route.targets]
        shares = observe(model, table, state, names)
        assert shares.min() >= 0
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
        assert set(route.targets) <= set(model.cell_states)


@settings(max_examples=40)
@given(
    patient=st.integers(0, 10_000),
    doses=st.lists(
        st.tuples(
            st.integers(0, 60 * DAY),
            st.sampled_from(["iv", "local"]),
            st.one_of(st.just(0.0), st.floats(1e-6, 2000.0)),
            st.sampled_from([0, 0, 1, 45, DAY]),
        ),
        max_size=5,
    ),
    drug=st.sampled_from([None, "anti_tnf", "jak_inhibitor", "steroid", "ifn"]),
)
def test_cells_are_kept_and_nothing_is_negative(ra, events, patient, doses, drug):
    draws = draw(ra, 1, 8, first=patient)
    rows = [(0, *dose) for dose in doses]
    rows += [(0, 7 * DAY, drug, 30.0, 30 * DAY)] if drug else []
    path = fluctuation(9, draws.index, draws.column("noise_time"), 0, 13)
    times = np.array([0, 1, 30 * DAY, 70 * DAY])
    found = simulate(
        ra, table_of(draws), events(*rows) if rows else no_doses(), times,
        forcing=path.forcing("xi"), outputs=(*ra.form.states, "cells_total"),
    )  # fmt: skip
    assert found.status[0] < FAILED
    values = dict(zip(found.outputs, found.values[0].T, strict=True))
    assert all(values[name].min() >= 0 for name in ra.cell_states)
    rest = untreated(ra, table_of(draws))[0]
    folds = [name for name, start in zip(ra.form.states, rest, strict=True) if start > 0]
    assert all(values[name].min() > 0 for name in folds)
    total = sum(amount for _, _, amount, _ in doses)
    assert values["cells_total"][-1] == pytest.approx(total, rel=1e-8, abs=1e-12)


def test_a_dose_of_nothing_is_no_treatment(course):
    nothing = [(minute, route, 0.0, 0) for minute in (0, 5000) for route in ("iv", "local")]
    assert np.array_equal(course(*nothing), course())


def test_cells_of_no_potency_have_no_effect(course):
    effect = course(*CELLS, scenario={"potency": 0.0}, rtol=1e-9) - course(rtol=1e-9)
    assert np.abs(effect).max() < 1e-7


def test_living_cells_help_every_patient_and_more_help_more(course):
    rest = course()
    few, many = (course((0, "iv", dose, 0)) - rest for dose in (20.0, 140.0))
    assert np.all(few[:, 4] < 0)
    assert np.all(many[:, 4] < few[:, 4])


@pytest.mark.parametrize(
    ("name", "values"),
    [("severity", (0.5, 2.0)), ("prior_failures", (0.0, 4.0)), ("duration", (1.0, 25.0))],
)
def test_severity_changes_the_response(course, name, values):
    mild, hard = (
        (course(*CELLS, scenario={name: v}) - course(scenario={name: v}))[:, 12] for v in values
    )
    assert np.median(np.abs(hard / mild - 1)) > 0.005


def licensed(course, *doses, scenario=None):
    times = np.array([0, DAY, 2 * DAY, 7 * DAY])
    return course(*doses, outputs=("licensed",), times=times, scenario=scenario)[:, 1:].max(axis=1)


def test_a_jak_inhibitor_cuts_licensing(course):
    alone = licensed(course, (0, "iv", 70.0, 0))
    beside = licensed(course, (0, "jak_inhibitor", 7.0, 7 * DAY), (0, "iv", 70.0, 0))
    assert np.all(beside < 0.99 * alone)


def test_interferon_raises_licensing(course):
    alone = licensed(course, (0, "iv", 70.0, 0))
    beside = licensed(course, (0, "ifn", 7.0, 7 * DAY), (0, "iv", 70.0, 0))
    assert np.all(beside > 1.01 * alone)
    low, high = (
        licensed(course, (0, "iv", 70.0, 0), scenario={"ifn_level": v}) for v in (0.05, 0.5)
    )
    assert np.all(high > low)


@pytest.mark.parametrize("drug", ["anti_tnf", "anti_il6r", "jak_inhibitor", "steroid"])
def test_drugs_that_work_lower_the_score_of_every_patient(course, drug):
    effect = course((0, drug, 84.0, 84 * DAY)) - course()
    assert np.all(effect[:, 4:] < 0)


def test_the_label_outlives_the_cell(course):
    """Imaging sees engulfed cells: a week on, hardly any label is a living cell."""
    names = ("live", "engulfed", "cells_total", "label_lu", "label_ls", "label_ti", "label_ot")
    found = course((0, "iv", 70.0, 0), outputs=names, times=np.array([0, DAY, 10 * DAY, 84 * DAY]))
    live, engulfed, total = (found.output(name) for name in names[:3])
    assert np.all(live[:, 1] > live[:, 2])
    assert np.all(live[:, 3] < 1e-3)
    assert np.all(engulfed[:, 3] > 0.9 * total[:, 3])
    assert np.all(live[:, 2] < 0.2 * total[:, 2])
    label = sum(found.output(name) for name in names[3:])
    np.testing.assert_allclose(label, total, rtol=1e-12, atol=1e-12)


def test_a_route_leads_where_it_is_given(course):
    outputs = ("live_ti", "live_lu")
    times = np.array([0, 60])
    local = course((0, "local", 20.0, 0), outputs=outputs, times=times)
    vein = course((0, "iv", 20.0, 0), outputs=outputs, times=times)
    assert np.all(local.output("live_ti")[:, 1] > 10 * vein.output("live_ti")[:, 1])
    assert np.all(vein.output("live_lu")[:, 1] > 10 * local.output("live_lu")[:, 1])
