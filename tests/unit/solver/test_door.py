"""The door: what it refuses, what a status says, and what may not change a patient's numbers."""

from dataclasses import replace

import numpy as np
import pytest

from funis.protocol import no_doses
from funis.solver import (
    FAILED,
    SOLVED,
    Forcing,
    ParameterTable,
    Start,
    UnreliableError,
    fixed_values,
    jacobian,
    observe,
    simulate,
    untreated,
)

ENGINES = ("ladder", "kernel", "roadrunner", "lsoda", "radau")
DAY = 1440
WEEKS = np.arange(0, 9) * 7 * DAY


def patients(n=6):
    rng = np.random.default_rng(1)
    return ParameterTable(("k_die", "share"), rng.uniform(0.2, 0.9, (n, 2)))


def path(n=6, knots=12):
    rng = np.random.default_rng(2)
    return Forcing("xi", 0.0, 7.0, rng.normal(size=(n, knots)), rng.normal(size=(n, knots)) / 7)


@pytest.fixture
def doses(events):
    rows = [(p, minute, "iv", 10.0 + p, 0) for p in range(6) for minute in (0, 1000 * p, 20 * DAY)]
    return events(*rows, (3, 5 * DAY, "drug", 4.0, 9 * DAY), (0, 20 * DAY, "local", 3.0, 700))


def one(doses, events, row):
    """Doses of one patient alone, numbered 0."""
    mine = doses.patient == row
    columns = [column[mine] for column in doses.columns()]
    return events(*zip(np.zeros(mine.sum(), int), *columns[1:5], strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_output_grid_changes_no_byte(tiny, doses, engine):
    grids = ([0, 8 * 7 * DAY], [0, 333, 20 * DAY, 30 * DAY + 1, 8 * 7 * DAY], WEEKS)
    found = [
        simulate(tiny, patients(), doses, np.array(g), forcing=path(), engine=engine) for g in grids
    ]
    assert all(np.array_equal(found[0].end, other.end) for other in found)
    shared = [one.values[:, -1] for one in found]
    assert all(np.array_equal(shared[0], other) for other in shared)


@pytest.mark.parametrize("engine", ENGINES)
def test_neither_neighbours_nor_their_order_change_a_byte(tiny, doses, events, engine):
    together = simulate(tiny, patients(), doses, WEEKS, forcing=path(), engine=engine)
    for row in (3, 0, 5):
        index = np.array([row])
        alone = simulate(
            tiny, patients().rows(index), one(doses, events, row), WEEKS,
            forcing=path().rows(index), engine=engine,
        )  # fmt: skip
        assert np.array_equal(alone.values[0], together.values[row])


def test_an_engine_that_is_used_again_remembers_nothing(tiny, doses, events):
    """libRoadRunner keeps states, parameters, inflows and the forcing's window between runs."""

    def run():
        return simulate(tiny, patients(), doses, WEEKS, forcing=path(), engine="roadrunner").values

    first = run()
    simulate(tiny, patients(), doses, WEEKS, forcing=path(6, 30), engine="roadrunner", rtol=1e-3)
    simulate(
        tiny, ParameterTable(("k_die", "k_driven"), np.array([[9.0, 2.0]])),
        events((0, 100, "iv", 1e4, 40 * DAY), (0, 100, "drug", 1e3, 40 * DAY)),
        np.array([0, 20 * DAY]),
        forcing=Forcing("xi", 0.0, 3.0, np.full((1, 9), 8.0), np.ones((1, 9))), engine="roadrunner",
    )  # fmt: skip
    blown = ParameterTable(("k_blow",), np.array([[1.0]]))
    failed = simulate(tiny, blown, no_doses(), WEEKS, forcing=path(1), engine="roadrunner")
    assert failed.status.tolist() == [FAILED]
    assert np.array_equal(run(), first)


@pytest.mark.parametrize("engine", ["ladder", "roadrunner", "lsoda"])
@pytest.mark.parametrize("split", [20 * DAY, 20 * DAY + 1, 12345, 7 * DAY])
def test_two_pieces_are_one_run(tiny, doses, engine, split):
    rtol = 1e-8
    whole = simulate(
        tiny, patients(), doses, WEEKS, forcing=path(), engine=engine, rtol=rtol
    ).values[:, -1]
    first = simulate(
        tiny, patients(), doses, np.array([0, split]), forcing=path(), engine=engine, rtol=rtol
    )
    second = simulate(
        tiny, patients(), doses, WEEKS[-1:], forcing=path(), engine=engine, rtol=rtol,
        start=Start(split, first.end),
    ).values[:, -1]  # fmt: skip
    np.testing.assert_allclose(second, whole, rtol=1e-5, atol=3e-6)


@pytest.mark.parametrize("name", ["k_die", "share", "k_driven"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_parameter_that_is_no_number_fails_its_patient_alone(tiny, doses, name, value):
    table = patients()
    good = simulate(tiny, table, doses, WEEKS, forcing=path())
    names = (*table.names, "k_driven")
    values = np.column_stack([table.values, np.full(6, 0.1)])
    values[2, names.index(name)] = value
    found = simulate(tiny, ParameterTable(names, values), doses, WEEKS, forcing=path())
    assert found.status.tolist() == [SOLVED, SOLVED, FAILED, SOLVED, SOLVED, SOLVED]
    assert np.all(np.isnan(found.values[2]))
    others = [0, 1, 3, 4, 5]
    assert np.array_equal(found.values[others], good.values[others])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "value"), [("k_blow", 1.0), ("k_blow", 1e300), ("k_die", -1e4)])
def test_what_no_engine_can_solve_is_a_status_and_no_exception(tiny, events, engine, name, value):
    table = ParameterTable((name,), np.array([[value], [0.1]]))
    doses = events((0, 0, "iv", 1.0, 0), (1, 0, "iv", 1.0, 0))
    found = simulate(tiny, table, doses, np.array([0, 5 * DAY]), engine=engine)
    assert found.failed.tolist() == [True, False]
    assert np.all(np.isnan(found.values[0]))
    assert np.all(np.isfinite(found.values[1]))


def test_a_start_that_is_no_number_fails(tiny):
    states = np.array([[np.nan] * len(tiny.form.states), [0.0] * len(tiny.form.states)])
    found = simulate(tiny, patients(2), no_doses(), np.array([0]), start=Start(0, states))
    assert found.status.tolist() == [FAILED, SOLVED]


def test_no_patient_is_no_error(tiny):
    found = simulate(tiny, patients(0), no_doses(), WEEKS, outputs=("A", "D_half"))
    assert found.values.shape == (0, 9, 2)
    assert found.status.shape == (0,)


def test_a_single_time_is_the_start(tiny):
    found = simulate(tiny, patients(2), no_doses(), np.array([-500]))
    assert np.array_equal(found.values[:, 0], untreated(tiny, patients(2)))
    assert np.array_equal(found.end, found.values[:, 0])


def test_outputs_are_states_constants_assignments_and_parameters(tiny, doses):
    names = ("D_half", "gain_iv_P", "A", "share", "DRIVEN")
    found = simulate(tiny, patients(), doses, WEEKS, forcing=path(), outputs=names)
    states = simulate(tiny, patients(), doses, WEEKS, forcing=path())
    assert found.outputs == names
    assert np.array_equal(found.output("A"), states.output("A"))
    assert np.array_equal(found.output("D_half"), 0.5 * found.output("DRIVEN"))
    share = np.repeat(patients().values[:, [1]], 9, axis=1)
    assert np.array_equal(found.output("share"), share)
    np.testing.assert_allclose(found.output("gain_iv_P"), 1 - share, rtol=1e-15)


def test_the_jacobian_is_that_of_the_rates(tiny):
    table = patients(3)
    state = np.random.default_rng(4).uniform(0.5, 2, (3, len(tiny.form.states)))
    fixed = fixed_values(tiny.form, table)
    found = jacobian(tiny, table, state)
    step = 1e-6
    for column in range(state.shape[1]):
        moved = state.copy()
        moved[:, column] += step
        slope = (tiny.form.rates_at(moved, fixed) - tiny.form.rates_at(state, fixed)) / step
        np.testing.assert_allclose(found[:, :, column], slope, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_count_however_they_lie_in_memory(tiny, doses, engine):
    """The kernel read a grid with gaps, and whole numbers, as something else."""
    names = len(tiny.form.states)
    plain = simulate(
        tiny, patients(), doses, WEEKS[::2].copy(), forcing=path(), engine=engine,
        start=Start(0, np.ones((6, names))),
    )  # fmt: skip
    moved = path()
    moved = Forcing(
        "xi", 0, 7, np.repeat(moved.values, 2, 1)[:, ::2], np.asfortranarray(moved.slopes)
    )
    found = simulate(
        tiny, patients(), doses, WEEKS[::2], forcing=moved, engine=engine,
        start=Start(0, np.ones((6, names), dtype=np.int64)),
    )  # fmt: skip
    assert np.array_equal(found.values, plain.values)


def test_observe_needs_no_simulation(tiny):
    state = untreated(tiny, patients(2))
    found = observe(tiny, patients(2), state, ("D_half", "DRIVEN"))
    assert found.tolist() == [[0.5, 1.0], [0.5, 1.0]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": np.array([5, 5])}, "times must increase"),
        ({"times": np.array([], dtype=np.int64)}, "no times"),
        ({"sensitivities": ("k_dye",)}, "unknown parameter 'k_dye'"),
        ({"outputs": ("A", "nothing")}, "unknown output 'nothing'"),
        ({"parameters": ParameterTable(("k_dye",), np.ones((1, 1)))}, "unknown parameter 'k_dye'"),
        ({"start": Start(9, np.zeros((1, 7)))}, "the first time lies before the start"),
        ({"start": Start(0, np.zeros((2, 7)))}, r"states must be \(1, 7\), not \(2, 7\)"),
        ({"forcing": path(3)}, "a forcing of 3 patients for 1"),
        ({"forcing": path(1, 2)}, "the forcing does not span the simulated time"),
        ({"forcing": replace(path(1), name="k_die")}, "no parameter 'k_die' that moves with time"),
        ({"forcing": replace(path(1), slopes=np.ones((1, 3)))}, r"slopes must be \(1, 12\)"),
        ({"engine": "euler"}, "unknown engine 'euler'"),
    ],
)
def test_wrong_arguments_are_refused(tiny, change, words):
    given = {"parameters": patients(1), "doses": no_doses(), "times": np.array([0, 30 * DAY])}
    with pytest.raises(ValueError, match=words):
        simulate(tiny, **(given | change))


@pytest.mark.parametrize("row", [1, -1])
def test_a_dose_for_nobody_is_refused(tiny, events, row):
    with pytest.raises(ValueError, match="a dose for a patient outside 0 to 0"):
        simulate(tiny, patients(1), events((row, 0, "iv", 1.0, 0)), np.array([0, 10]))


def test_an_unknown_input_is_refused(tiny, events):
    with pytest.raises(ValueError, match="unknown input 'ivv'"):
        simulate(tiny, patients(1), events((0, 0, "ivv", 1.0, 0)), np.array([0, 10]))


def test_blocks_on_threads_change_no_byte(tiny, events, monkeypatch):
    """Blocks with a patient that only SciPy, or nothing, can solve are among them."""
    import funis.solver.door as door
    from funis.solver.sensitivity import tangents

    table = ParameterTable(("k_die", "k_blow"), np.column_stack(
        [np.linspace(0.2, 0.9, 60), np.where(np.arange(60) % 13 == 5, 1.0, 0.0)]
    ))  # fmt: skip
    doses = events(*[(p, 1000 * (p % 7), "iv", 10.0 + p, 0) for p in range(60)])
    given = {"forcing": path(60), "checked": 0.2, "sensitivities": ("k_die",)}
    whole = simulate(tiny, table, doses, WEEKS, **given)
    assert whole.failed.tolist() == [p % 13 == 5 for p in range(60)]
    for block, threads in ((7, 1), (7, 3), (16, 2)):
        monkeypatch.setattr(door, "BLOCK", block)
        tangents.cache_clear()  # made by the threads themselves
        parts = simulate(tiny, table, doses, WEEKS, threads=threads, **given)
        for name in ("values", "end", "status", "deviation", "sensitivities"):
            assert np.array_equal(getattr(parts, name), getattr(whole, name), equal_nan=True), name


def test_an_error_in_one_block_is_that_of_the_whole(tiny, monkeypatch):
    import funis.solver.check as check
    import funis.solver.door as door

    monkeypatch.setattr(door, "BLOCK", 40)
    monkeypatch.setattr(check, "MOST_DEVIATION", 0.0)
    with pytest.raises(UnreliableError, match="patient 50: "):
        simulate(tiny, patients(60), no_doses(), WEEKS, forcing=path(60), threads=2)
