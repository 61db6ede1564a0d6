"""Forward sensitivities against differences and against what stands on paper."""

from dataclasses import replace

import numpy as np
import pytest

from funis.models import load_model
from funis.protocol import no_doses
from funis.solver import Forcing, ParameterTable, Start, simulate

DAY = 1440
TIMES = np.array([0, 1, 700, 2 * DAY, 5 * DAY + 77, 20 * DAY])
VALUES = {"share": 0.6, "k_die": 0.5, "k_drug": 0.2, "k_driven": 0.1, "k_blow": 0.01}
NAMES = ("share", "k_die", "k_drug", "k_driven", "k_blow", "xi", "inflow_C")
OUTPUTS = ("A", "P", "B", "DRIVEN", "GAINED", "C", "BLOW", "D_half", "gain_iv_P", "k_die")


def table(**changed):
    values = VALUES | changed
    return ParameterTable(tuple(values), np.array([list(values.values())] * 3))


@pytest.fixture
def doses(events):
    """At the start, two at one minute, infusions, and a patient without any."""
    return events(
        (0, 0, "iv", 10.0, 0), (0, 2 * DAY, "iv", 5.0, 0), (0, 2 * DAY, "iv", 4.0, 0),
        (0, 2 * DAY, "local", 3.0, 0), (0, DAY, "iv", 6.0, 3 * DAY), (1, 0, "drug", 4.0, 9 * DAY),
        (1, 700, "local", 2.0, 0), (1, 20 * DAY, "iv", 99.0, 0),
    )  # fmt: skip


@pytest.fixture
def path():
    rng = np.random.default_rng(2)
    return Forcing("xi", -7.0, 7.0, 0.3 * rng.normal(size=(3, 6)), rng.normal(size=(3, 6)) / 20)


def slopes(model, doses, names=NAMES, rtol=1e-10, values=None, **more):
    found = simulate(
        model, values or table(), doses, TIMES, sensitivities=names, outputs=OUTPUTS, rtol=rtol,
        checked=0, **more,
    )  # fmt: skip
    assert not found.failed.any()
    return found.sensitivities


def differences(model, doses, name, forcing=None, **more):
    """Return central differences; a parameter that is driven moves with its knots."""
    step, values = 1e-4, []
    for sign in (1, -1):
        changed = table(**{name: VALUES.get(name, 0.0) + sign * step})
        path = forcing
        if forcing is not None and name == forcing.name:
            path = replace(forcing, values=forcing.values + sign * step)
        found = simulate(
            model, changed, doses, TIMES, outputs=OUTPUTS, rtol=1e-10, checked=0, forcing=path,
            **more,
        )  # fmt: skip
        values.append(found.values)
    return (values[0] - values[1]) / (2 * step)


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("inflow")])
def test_sensitivities_are_those_of_differences(tiny, doses, path, name, forced):
    forcing = path if forced else None
    found = slopes(tiny, doses, (name,), forcing=forcing)[..., 0]
    wanted = differences(tiny, doses, name, forcing)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=2e-6)


def test_together_they_are_the_same_as_one_by_one(tiny, doses):
    together = slopes(tiny, doses)
    for place, name in enumerate(NAMES[:3]):
        alone = slopes(tiny, doses, (name,))[..., 0]
        np.testing.assert_allclose(together[..., place], alone, rtol=1e-7, atol=1e-9)


def test_a_parameter_may_be_asked_for_twice(tiny, doses):
    """Two directions of one name: both slopes were zero."""
    once, twice = (slopes(tiny, doses, ("k_die",) * times) for times in (1, 2))
    assert np.array_equal(twice, np.repeat(once, 2, axis=3))


def test_a_given_start_depends_on_no_parameter(tiny, doses):
    states = np.random.default_rng(1).uniform(1, 3, (3, 7))
    start = Start(-DAY, states)
    found = slopes(tiny, doses, ("k_die", "share"), start=start)
    for place, name in enumerate(("k_die", "share")):
        wanted = differences(tiny, doses, name, start=start)
        np.testing.assert_allclose(found[..., place], wanted, rtol=2e-6, atol=2e-6)
    assert np.all(slopes(tiny, no_doses(), ("share",), start=start)[..., :7, 0] == 0)


def test_the_start_value_of_a_state_is_differentiated(tiny_disease, doses):
    disease = tiny_disease(model=("DRIVEN = 1;", "DRIVEN = 3*k_driven^2;"))
    model = load_model(disease, core=disease.parents[1] / "core")
    found = slopes(model, doses, ("k_driven",))
    at = OUTPUTS.index("DRIVEN")
    np.testing.assert_allclose(found[:, 0, at, 0], 6 * VALUES["k_driven"], rtol=1e-12)
    wanted = differences(model, doses, "k_driven")
    np.testing.assert_allclose(found[..., 0], wanted, rtol=2e-6, atol=2e-6)


def test_a_dose_that_decays_has_the_slope_on_paper(tiny, events):
    """A' = -k A after a dose D: A = D e^(-kt) and dA/dk = -t A."""
    doses = events(*[(p, 0, "local", 8.0, 0) for p in range(3)])
    found = slopes(tiny, doses, ("k_die", "share", "k_drug"))
    days = TIMES / DAY
    wanted = np.where(days > 0, -days * 8 * np.exp(-0.5 * days), 0.0)
    np.testing.assert_allclose(found[0, :, 0, 0], wanted, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found[0, :, 1, 0], -wanted, rtol=1e-7, atol=1e-9)
    assert np.all(found[:, :, :3, 1:] == 0)


def test_the_share_of_an_infusion_is_a_slope_of_its_own(tiny, events):
    """Cells over two days at 3 a day: dA/dshare is A of a share of one."""
    doses = events(*[(p, 0, "iv", 6.0, 2 * DAY) for p in range(3)])
    found = slopes(tiny, doses, ("share",))[0, :, 0, 0]
    days = TIMES / DAY
    running = np.minimum(days, 2)
    wanted = 3 * -np.expm1(-0.5 * running) / 0.5 * np.exp(-0.5 * (days - running))
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9)


def test_what_depends_on_nothing_has_no_slope(tiny, doses):
    found = slopes(tiny, doses, ("k_blow", "inflow_C"))
    reached = {"k_blow": {"BLOW"}, "inflow_C": {"C"}}
    for place, name in enumerate(reached):
        for column, output in enumerate(OUTPUTS):
            assert np.any(found[..., column, place] != 0) == (output in reached[name])


def test_constants_and_parameters_as_outputs_have_slopes(tiny, doses):
    found = slopes(tiny, doses)
    gain, rate = OUTPUTS.index("gain_iv_P"), OUTPUTS.index("k_die")
    assert np.all(found[:, :, gain, NAMES.index("share")] == -1)
    assert np.all(found[:, :, rate, NAMES.index("k_die")] == 1)
    assert np.all(np.delete(found[:, :, rate], NAMES.index("k_die"), axis=2) == 0)


@pytest.mark.parametrize("value", [0.0, -0.02])
def test_parameters_that_are_zero_or_negative_have_slopes(tiny, doses, value):
    values = table(k_blow=value)
    found = slopes(tiny, doses, ("k_blow",), values=values)[0, :, OUTPUTS.index("BLOW"), 0]
    days = TIMES / DAY  # y' = k y^2 from 1: y = 1/(1 - kt) and dy/dk = t y^2
    np.testing.assert_allclose(found, days / (1 - value * days) ** 2, rtol=1e-7)


def test_an_exponent_has_a_slope_where_its_base_is_zero(tiny_disease, events):
    """x^n ln x is nothing at x = 0, but 0 times minus infinity is no number."""
    disease = tiny_disease(model=("C' = -k_drug*C;", "C' = -C^(15*k_drug);"))
    model = load_model(disease, core=disease.parents[1] / "core")
    found = slopes(model, events((0, 0, "drug", 20.0, 0)), ("k_drug",))[..., 5, 0]
    days, begin, p = TIMES / DAY, 4.0, 2.0  # C' = -C^(p+1): C^-p = s = C_0^-p + p t
    s = begin**-p + p * days
    by_power = s ** (-1 / p) * (np.log(s) / p - (days - begin**-p * np.log(begin)) / s) / p
    by_start = s ** (-1 / p - 1) * begin ** (-p - 1)
    wanted = np.where(days > 0, 15 * by_power + 20 * by_start, 0.0)
    np.testing.assert_allclose(found[0], wanted, rtol=1e-6, atol=1e-7)
    assert np.all(found[1:] == 0)


@pytest.mark.parametrize("threads", [1, 3])
def test_sensitivities_leave_the_course_as_it_is(tiny, doses, path, threads):
    asked, plain = (
        simulate(tiny, table(), doses, TIMES, forcing=path, sensitivities=names, threads=threads)
        for names in (("k_die",), ())
    )
    assert np.array_equal(asked.values, plain.values)
    assert plain.sensitivities is None


def test_who_failed_has_no_sensitivities(tiny):
    values = ParameterTable(("k_blow",), np.array([[0.01], [10.0]]))
    found = simulate(tiny, values, no_doses(), TIMES, sensitivities=("k_blow",), engine="kernel")
    assert found.failed.tolist() == [False, True]
    assert np.all(np.isnan(found.sensitivities[1]))
    assert np.all(np.isfinite(found.sensitivities[0]))


def test_a_real_disease_has_the_slopes_of_differences(ra, events):
    doses = events((0, 0, "iv", 70.0, 0), (0, 7 * DAY, "iv", 70.0, 120))
    times = np.array([0, 10, 28]) * DAY
    names = tuple(n for n, v in zip(ra.form.parameters, ra.form.defaults, strict=True) if v > 0)
    names = names[:: len(names) // 5]

    def run(values=(), **more):
        columns = ParameterTable(tuple(dict(values)), np.array([list(dict(values).values())]))
        return simulate(ra, columns, doses, times, rtol=1e-10, checked=0,
                        outputs=("DAS28_CRP_true",), **more)  # fmt: skip

    found = run(sensitivities=names).sensitivities
    for place, name in enumerate(names):
        value = ra.form.defaults[ra.form.parameters.index(name)]
        low, high = (run({name: value * (1 + s * 1e-4)}).values for s in (-1, 1))
        wanted = (high - low) / (2e-4 * value)
        scale = 1e-4 / value
        np.testing.assert_allclose(found[..., place], wanted, rtol=1e-4, atol=scale)
