"""Batches: what may not change a byte, what a lane that fails leaves alone, odd models, arrays."""

from dataclasses import replace

import numpy as np
import pytest

import funis.solver.kernel.batch as batch_module
from funis.solver import Forcing, fixed_values, simulate
from funis.solver.kernel.batch import Batch, load_kernel, solve_batch
from funis.solver.kernel.machine import WIDTHS
from funis.solver.kernel.timetable import timetable
from funis.solver.ladder import Problem, gains, run_kernel
from funis.solver.segments import Floor, Gains
from funis.solver.values import DoseRows, ParameterTable

DAY = 1440
TIMES = np.array([0, 1, 77, 3 * DAY, 10 * DAY + 1, 30 * DAY])
COUNT = 37


@pytest.fixture
def patients(tiny, events):
    """A batch of the tiny disease: random doses, infusions, forcing; and whose doses they are."""
    rng = np.random.default_rng(7)
    rows = [
        (int(p), int(m), str(rng.choice(["iv", "local", "drug"])), float(a), int(d))
        for p, m, a, d in zip(
            rng.integers(0, COUNT, 150), rng.integers(-5, 32, 150) * DAY // 2,
            rng.uniform(0, 50, 150), rng.choice([0, 0, 90, 5 * DAY], 150), strict=True,
        )
    ]  # fmt: skip
    table = ParameterTable(
        ("k_die", "share", "k_driven"), rng.uniform([0.1, 0.1, 0.01], [3, 0.9, 9], (COUNT, 3))
    )
    path = Forcing("xi", -7.0, 7.0, rng.normal(size=(COUNT, 9)), rng.normal(size=(COUNT, 9)) / 7)
    return made(tiny, fixed_values(tiny.form, table), events(*rows), path)


def made(model, fixed, doses, forcing, times=TIMES, rtol=1e-6):
    form = model.form
    inflows = [n.removeprefix("inflow_") for n in form.parameters if n.startswith("inflow_")]
    slots = {form.states.index(name): slot for slot, name in enumerate(inflows)}
    reach = {
        name: tuple(
            (form.states.index(t), form.fixed_names.index(f"gain_{name}_{t}"))
            for t in model.input(name).targets
        )
        for name in ("iv", "local", "drug")
    }
    plan = timetable(doses, Gains(reach), slots, fixed, int(times[0]), int(times[-1]))
    a, b, p = (form.states.index(name) for name in "ABP")
    floor = Floor(np.array([a, b]), np.array([a]), p)
    wanted = np.array([0, 3, 1, 5])
    return Batch(form.start(fixed), fixed, plan, times, wanted, forcing, floor, rtol), doses


def solved(model, batch, width=None, threads=1):
    return solve_batch(load_kernel(model.form, batch.forcing is not None, width), batch, threads)


def same(a, b):
    return all(
        getattr(a, name).tobytes() == getattr(b, name).tobytes()
        for name in ("values", "end", "failed", "steps")
    )


def picked(model, batch, doses, index):
    """Return a batch of some patients of another, numbered anew."""
    place = {int(row): number for number, row in enumerate(index)}
    mine = [n for n, p in enumerate(doses.patient) if int(p) in place]
    some = DoseRows(
        np.array([place[int(doses.patient[n])] for n in mine], dtype=np.int64),
        doses.minute[mine], np.asarray(doses.input, dtype=object)[mine], doses.amount[mine],
        doses.duration_minute[mine],
    )  # fmt: skip
    return made(model, batch.fixed[index], some, batch.forcing.rows(index))[0]


# ---- the same bytes


def test_the_width_of_a_vector_changes_no_byte(tiny, patients):
    found = [solved(tiny, patients[0], width) for width in WIDTHS]
    assert not found[0].failed.any()
    assert found[0].steps.min() > 0
    assert np.all(np.isfinite(found[0].values))
    assert all(same(found[0], other) for other in found[1:])


def test_a_real_disease_has_the_same_bytes_at_every_width(ra, events):
    rng = np.random.default_rng(3)
    names = ra.form.parameters[:40]
    values = np.asarray(ra.form.defaults[:40]) * rng.uniform(0.8, 1.25, (11, 40))
    fixed = fixed_values(ra.form, ParameterTable(names, values))
    doses = events(*[(p, 0, "iv", 70.0, 0) for p in range(11)])
    form = ra.form
    reach = {"iv": tuple(
        (form.states.index(t), form.fixed_names.index(f"gain_iv_{t}"))
        for t in ra.input("iv").targets
    )}  # fmt: skip
    plan = timetable(doses, Gains(reach), {}, fixed, 0, int(TIMES[-1]))
    nobody = np.array([], dtype=np.int64)
    batch = Batch(form.start(fixed), fixed, plan, TIMES, np.arange(len(form.states)), None,
                  Floor(nobody, nobody, None), 1e-5)  # fmt: skip
    found = [solved(ra, batch, width) for width in WIDTHS]
    assert not found[0].failed.any()
    assert all(same(found[0], other) for other in found[1:])


@pytest.mark.parametrize("chunk", [1, 5, 8, 36, 37, 512])
@pytest.mark.parametrize("threads", [1, 3])
def test_neither_chunks_nor_threads_change_a_byte(tiny, patients, monkeypatch, chunk, threads):
    """A last chunk of one patient read its parameters from the wrong place."""
    whole = solved(tiny, patients[0])
    monkeypatch.setattr(batch_module, "CHUNK", chunk)
    assert same(solved(tiny, patients[0], threads=threads), whole)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_patient_of_a_second_chunk_is_like_any_other(ra, threads):
    table = ParameterTable((), np.empty((batch_module.CHUNK + 1, 0)))
    empty = DoseRows(*[np.array([], dtype=np.int64)] * 5)
    found = simulate(ra, table, empty, TIMES, engine="kernel", threads=threads, checked=0)
    assert not found.failed.any()
    assert np.array_equal(found.values[0], found.values[-1])


def test_neighbours_and_their_order_change_no_byte(tiny, patients):
    batch, doses = patients
    whole = solved(tiny, batch)
    order = np.random.default_rng(1).permutation(COUNT)
    for index in (order, np.arange(COUNT)[::-1], *np.arange(0, COUNT, 7)[:, None]):
        found = solved(tiny, picked(tiny, batch, doses, index))
        assert np.array_equal(found.values, whole.values[index])
        assert np.array_equal(found.end, whole.end[index])
        assert np.array_equal(found.steps, whole.steps[index])


@pytest.mark.parametrize("grid", [[0, 30 * DAY], range(0, 30 * DAY + 1, 7 * DAY // 2 + 180)])
def test_the_output_grid_changes_no_byte(tiny, patients, grid):
    batch, doses = patients
    whole = solved(tiny, batch)
    times = np.unique([*grid, 30 * DAY])
    found = solved(tiny, made(tiny, batch.fixed, doses, batch.forcing, times)[0])
    assert np.array_equal(found.end, whole.end)
    assert np.array_equal(found.steps, whole.steps)
    assert np.array_equal(found.values[:, [0, -1]], whole.values[:, [0, -1]])


@pytest.mark.parametrize("offset", [8, 24, 40])
def test_where_arrays_lie_changes_no_byte(tiny, patients, offset):
    def moved(array):
        room = np.empty(array.nbytes + 128, dtype=np.uint8)
        first = -room.ctypes.data % 64 + offset
        found = room[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
        found[...] = array
        return found

    batch, _ = patients
    plan = batch.timetable
    path = replace(
        batch.forcing, values=moved(batch.forcing.values), slopes=moved(batch.forcing.slopes)
    )
    elsewhere = replace(
        batch, start=moved(batch.start), fixed=moved(batch.fixed), times=moved(batch.times),
        timetable=replace(plan, **{name: moved(getattr(plan, name)) for name in plan.__slots__}),
        forcing=path,
    )  # fmt: skip
    assert same(solved(tiny, elsewhere), solved(tiny, batch))


def test_what_the_memory_held_before_changes_no_byte(tiny, patients, monkeypatch):
    whole, make = solved(tiny, patients[0]), batch_module._memory

    def dirty(kernel, outs):
        addresses, memory = make(kernel, outs)
        memory[:] = np.nan
        return addresses, memory

    monkeypatch.setattr(batch_module, "_memory", dirty)
    assert same(solved(tiny, patients[0]), whole)


@pytest.mark.parametrize("width", WIDTHS)
def test_rows_of_the_lanes_memory_are_aligned_and_apart(tiny, width):
    kernel = load_kernel(tiny.form, True, width)
    addresses, memory = batch_module._memory(kernel, 4)
    places = sorted(addresses.values())
    assert all(place % 64 == 0 for place in places)
    assert len(set(places)) == len(places)
    assert places[0] >= memory.ctypes.data
    assert places[-1] + 8 * width <= memory.ctypes.data + memory.nbytes


# ---- arrays as they come


def test_arrays_of_other_kinds_and_strides_are_the_same_numbers(tiny, patients):
    """A time grid with gaps in memory was read as if it had none: wrong numbers, no error."""
    batch, _ = patients
    path = batch.forcing
    whole = solved(tiny, replace(batch, start=np.ones_like(batch.start), forcing=replace(
        path, values=np.round(path.values), slopes=np.zeros_like(path.slopes))))  # fmt: skip
    twice = np.repeat(np.round(path.values), 2, axis=1)[:, ::2]
    odd = replace(
        batch,
        start=np.ones(batch.start.shape, dtype=np.int32),
        times=np.repeat(batch.times, 2)[::2],
        wanted=np.repeat(batch.wanted.astype(np.int32), 2)[::2],
        fixed=np.asfortranarray(batch.fixed),
        forcing=replace(path, values=twice.astype(np.float32), slopes=0 * twice.astype(np.int8)),
    )
    assert same(solved(tiny, odd), whole)


def test_a_tolerance_is_any_kind_of_number(tiny, patients):
    batch = replace(patients[0], rtol=np.float32(2.0**-17))
    assert same(solved(tiny, batch), solved(tiny, replace(batch, rtol=2.0**-17)))


def test_nothing_that_is_given_is_changed(tiny, patients):
    batch, _ = patients
    given = [
        batch.start,
        batch.fixed,
        batch.times,
        batch.forcing.values,
        batch.timetable.first_jump,
    ]
    before = [one.copy() for one in given]
    solved(tiny, batch)
    assert all(np.array_equal(a, b) for a, b in zip(before, given, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
def test_nobody_is_solved_at_once(tiny, patients, threads):
    batch = picked(tiny, *patients, np.array([], dtype=np.int64))
    found = solved(tiny, batch, threads=threads)
    assert found.values.shape == (0, len(TIMES), 4)
    assert found.end.shape == (0, 7)


def test_no_state_may_be_asked_for(tiny, patients):
    found = solved(tiny, replace(patients[0], wanted=np.array([], dtype=np.int64)))
    assert found.values.shape == (COUNT, len(TIMES), 0)
    assert np.array_equal(found.end, solved(tiny, patients[0]).end)


def test_without_a_sink_counted_cells_go_nowhere(tiny, patients):
    batch = replace(patients[0], floor=replace(patients[0].floor, sink=None))
    assert not solved(tiny, batch).failed.any()


# ---- lanes that fail


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("k_driven", np.nan), ("k_blow", np.inf), ("k_blow", 1.0), ("k_blow", 1e300), ("k_die", -1e4)],
)
def test_a_lane_that_fails_leaves_the_others_alone(tiny, patients, name, wrong):
    batch, _ = patients
    whole = solved(tiny, batch)
    fixed = batch.fixed.copy()
    fixed[[0, 5, COUNT - 1], tiny.form.fixed_names.index(name)] = wrong
    found = solved(tiny, replace(batch, fixed=fixed))
    bad = found.failed
    assert np.flatnonzero(bad).tolist() == [0, 5, COUNT - 1]
    assert np.all(found.steps > 0)
    for name in ("values", "end", "steps"):
        assert np.array_equal(getattr(found, name)[~bad], getattr(whole, name)[~bad])


def test_who_takes_too_many_steps_has_failed(tiny, patients, monkeypatch):
    whole = solved(tiny, patients[0])
    most = int(np.median(whole.steps))
    monkeypatch.setattr(batch_module, "MOST_STEPS", most)
    found = solved(tiny, patients[0])
    assert np.array_equal(found.failed, whole.steps > most)
    good = ~found.failed
    assert 0 < good.sum() < COUNT
    assert np.array_equal(found.values[good], whole.values[good])
    assert np.all(found.steps[found.failed] == most + 1)


def test_an_end_that_is_no_number_is_a_failure(tiny, events):
    """A state that nothing depends on took an infinite value without an error."""
    doses = events((0, 0, "iv", 1e308, 0), (0, 0, "iv", 1e308, 0), (1, 0, "iv", 1e3, 0))
    table = ParameterTable(("share",), np.zeros((2, 1)))
    found = simulate(tiny, table, doses, TIMES, engine="kernel")
    assert found.failed.tolist() == [True, False]


# ---- odd models


def only(form, batch_of, minutes=(0, DAY, 10 * DAY), forcing=None, rtol=1e-8, fixed=None):
    fixed = [form.defaults] if fixed is None else fixed
    found = solve_batch(
        load_kernel(form, forcing is not None), batch_of(form, fixed, minutes, rtol, forcing)
    )
    assert not found.failed.any()
    return found.values


def test_one_state_without_any_parameter(ode, batch_of):
    found = only(ode({"x": "-x"}, {"x": 1}), batch_of, fixed=np.empty((3, 0)))
    np.testing.assert_allclose(found[:, :, 0], np.exp([[0, -1, -10]] * 3), rtol=1e-7)


def test_rates_that_are_constant(ode, batch_of):
    found = only(ode({"x": "2", "y": "k", "z": "0"}, {"z": 3}, {"k": -1.0}), batch_of)
    np.testing.assert_allclose(found[0], [[0, 0, 3], [2, -1, 3], [20, -10, 3]], rtol=1e-12)


@pytest.mark.parametrize("first", [-3 * DAY, 0, 10**9])
def test_rates_that_hold_time_count_it_from_day_0(ode, batch_of, first):
    minutes = first + np.array([0, DAY // 2, 3 * DAY])
    t = minutes / DAY
    found = only(ode({"x": "cos(time)", "y": "2*time - t0"}, {}, {"t0": 2 * t[0]}), batch_of,
                 minutes)  # fmt: skip
    np.testing.assert_allclose(found[0, :, 0], np.sin(t) - np.sin(t[0]), atol=1e-6)
    np.testing.assert_allclose(found[0, :, 1], (t - t[0]) ** 2, rtol=1e-5, atol=1e-6)


def test_steps_in_the_rates_are_met(ode, batch_of):
    """x' = 1 until x = 2.5, then -x."""
    form = ode({"x": "piecewise(1, time < 2.5, -x)", "n": "floor(time) - n*0"})
    found = only(form, batch_of, np.array([0, 2, 4, 6]) * DAY, rtol=1e-6)
    np.testing.assert_allclose(found[0, :, 0], [0, 2, 2.5 * np.exp(-1.5), 2.5 * np.exp(-3.5)],
                               rtol=1e-3)  # fmt: skip
    np.testing.assert_allclose(found[0, :, 1], [0, 1, 6, 15], rtol=1e-3)


def test_functions_of_the_c_library_serve_a_whole_run(ode, batch_of):
    form = ode({"x": "1 - tanh(x)^2 - tanh(x) + tanh(x)", "y": "sin(y) - sin(y) - y"}, {"y": 1})
    found = only(form, batch_of)
    x = found[0, -1, 0]
    assert 0.5 * (x + np.sinh(2 * x) / 2) == pytest.approx(10, rel=1e-6)  # cosh^2 x dx = dt
    np.testing.assert_allclose(found[0, :, 1], np.exp([0, -1, -10]), rtol=1e-7)


def test_stiff_and_quick_patients_share_a_vector(ode, batch_of):
    rates = 10.0 ** np.linspace(-6, 8, 40)
    found = only(ode({"x": "k*(1 - x)"}, {}, {"k": 1.0}), batch_of, fixed=rates[:, None])
    np.testing.assert_allclose(found[:, 1, 0], -np.expm1(-rates), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("spacing", [7.0, 1 / 3, 0.1])
def test_a_forcing_is_met_up_to_its_last_knot(ode, batch_of, spacing):
    knots = round(10 / spacing) + 1
    days = spacing * np.arange(knots)
    path = Forcing("xi", 0.0, spacing, np.sin(days)[None], np.cos(days)[None])
    form = ode({"x": "xi"}, {}, {"xi": 0.0}, forcing=("xi",))
    end = int(days[-1] * DAY)
    found = only(form, batch_of, [0, end // 2, end], path)[0, :, 0]
    fine = np.linspace(0, end / DAY, 20_001)
    wanted = np.trapezoid(path.at(0, fine), fine)
    assert found[-1] == pytest.approx(wanted, abs=1e-7)


def test_beyond_its_last_knot_a_forcing_goes_on_as_the_same_cubic(ode, batch_of):
    """The door lets nobody go there; time once ran backwards in the kernel."""
    path = Forcing("xi", 0.0, 1.0, np.array([[0.0, 1.0, 2.0]]), np.ones((1, 3)))
    form = ode({"x": "xi"}, {}, {"xi": 0.0}, forcing=("xi",))
    minutes = np.array([0, 1, 2, 3, 4, 9]) * DAY
    found = only(form, batch_of, minutes, path)[0, :, 0]
    np.testing.assert_allclose(found, np.array([0, 1, 2, 3, 4, 9]) ** 2 / 2, rtol=1e-7)


def test_steps_end_at_the_knots_whatever_the_first_day(ode, batch_of):
    """Beginning and ending between knots, at knots, before the first one."""
    path = Forcing("xi", -1.5, 2.0, np.random.default_rng(0).normal(size=(1, 9)), np.zeros((1, 9)))
    form = ode({"x": "xi"}, {}, {"xi": 0.0}, forcing=("xi",))
    for first, last in ((-1.5, 14.5), (0.0, 9.3), (0.5, 8.5), (-3.0, 2.0)):
        minutes = (np.array([first, last]) * DAY).astype(int)
        found = only(form, batch_of, minutes, path)[0, -1, 0]
        fine = np.linspace(first, last, 40_001)
        assert found == pytest.approx(np.trapezoid(path.at(0, fine), fine), abs=1e-6)


# ---- doses at the edges, against SciPy


EDGES = {
    "before the start": [(0, -10, "iv", 5.0, 0), (0, -10, "local", 5.0, 9)],
    "under way at the start": [(0, -10, "iv", 5.0, DAY), (0, -5, "iv", 3.0, 5)],
    "beyond the end": [(0, DAY, "iv", 5.0, 9 * DAY), (0, 2 * DAY - 1, "local", 5.0, 1)],
    "at the last minute": [(0, 2 * DAY, "iv", 5.0, 0), (0, 2 * DAY, "iv", 5.0, 60)],
    "over everything": [(0, -DAY, "iv", 5.0, 9 * DAY), (0, 0, "local", 2.0, 2 * DAY)],
    "many at one minute": [(0, 0, "iv", 1.0, 0)] * 3 + [(0, 7, "drug", 1.0, d) for d in (0, 0, 3)],
    "minute by minute": [(0, m, "iv", 1.0, m % 2) for m in range(-2, 6)],
}


@pytest.mark.parametrize("name", sorted(EDGES))
def test_doses_at_the_edges_are_those_of_scipy(tiny, events, name):
    times = np.array([0, 3, DAY, 2 * DAY])
    table = ParameterTable((), np.empty((1, 0)))
    found, wanted = (
        simulate(tiny, table, events(*EDGES[name]), times, engine=engine, rtol=1e-9)
        for engine in ("kernel", "lsoda")
    )
    assert not found.failed.any()
    np.testing.assert_allclose(found.values, wanted.values, rtol=1e-7, atol=1e-8)


def test_gains_of_the_ladder_are_those_of_these_tests(tiny, patients):
    batch, doses = patients
    problem = Problem(tiny, tiny.form, batch.fixed, doses, batch.times, batch.forcing, batch.floor,
                      batch.wanted, False)  # fmt: skip
    assert set(gains(problem).columns) == {"iv", "local", "drug"}
    found = run_kernel(problem, 0, batch.start, batch.rtol, 1)
    assert np.array_equal(found.values, solved(tiny, batch).values)
