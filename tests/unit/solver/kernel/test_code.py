"""The text of functions: exponential and logarithm to the last bits, and the flow."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from funis.solver.kernel.code import Code
from funis.solver.kernel.machine import WIDTHS, load

LEAST = 5e-324


@pytest.fixture(scope="module")
def evaluate(room, call):
    """Evaluate a method of `Code` on numbers, W at a time."""

    def run(name, width, x):
        code = Code("f", [("ptr", "x"), ("ptr", "y"), ("i64", "count")], width)
        with code.loop("%count") as i:
            code.store(getattr(code, name)(code.load("%x", i)), "%y", i)
        text = "\n".join([*sorted(code.needs), code.text()])
        rows = -(-len(x) // width)
        given, found = room(rows, width), room(rows, width)
        given.ravel()[: len(x)] = x
        call(load(text, optimise=False), "f", given, found, rows)
        return found.ravel()[: len(x)].copy()

    return run


def numbers(name):
    rng = np.random.default_rng(1)
    if name == "exp":
        wide, near = rng.uniform(-745, 709.7, 100_000), rng.normal(size=50_000)
        tiny = rng.choice([-1, 1], 20_000) * 10.0 ** rng.uniform(-320, 0, 20_000)
        return np.concatenate([wide, near, tiny])
    wide = 10.0 ** rng.uniform(-323, 308, 100_000)
    near = 1 + rng.normal(size=50_000) * 10.0 ** rng.uniform(-16, -1, 50_000)
    return np.concatenate([wide, near, rng.uniform(0.5, 2, 50_000), [LEAST, 2.3e-308, 1.79e308]])


def ulps(name, x, found):
    """Error in units of the last place of the true value, which has forty digits."""
    with localcontext(prec=40):
        true = [getattr(Decimal(value), name)() for value in x.tolist()]
        unit = np.spacing([abs(float(value)) for value in true]).tolist()
        pairs = zip(found.tolist(), true, unit, strict=True)
        return np.array([float(abs(Decimal(one) - value) / Decimal(u)) for one, value, u in pairs])


@pytest.mark.parametrize(("name", "most"), [("exp", 1.0), ("ln", 2.5)])
def test_exp_and_ln_are_right_to_the_last_bits(evaluate, name, most):
    x = numbers(name)[::10]
    error = ulps(name, x, evaluate(name, 8, x))
    print(f"{name}: {error.max():.3f} ulp at {x[error.argmax()]!r}, mean {error.mean():.3f}")
    assert error.max() <= most


@pytest.mark.parametrize("name", ["exp", "ln"])
def test_every_width_gives_the_same_bytes(evaluate, name):
    x = np.concatenate([numbers(name)[::7], [0.0, -0.0, np.inf, -np.inf, -1.0, LEAST]])
    found = [evaluate(name, width, x).view(np.int64) for width in WIDTHS]
    assert all(np.array_equal(found[0], other) for other in found)


EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, -LEAST, 709.782712893384, 709.7827128933841,
         710.0, 1e300, -745.1332191019411, -745.1332191019412, -746.0, -1e300, -708.5, LEAST,
         2.2250738585072014e-308, 1.7976931348623157e308, 1.0]  # fmt: skip


@pytest.mark.parametrize("name", ["exp", "ln"])
def test_edges_are_those_of_numpy(evaluate, name):
    x = np.array(EDGES)
    with np.errstate(all="ignore"):
        wanted = np.exp(x) if name == "exp" else np.log(x)
    found = evaluate(name, 8, x)
    special = ~np.isfinite(wanted) | (wanted == 0)
    assert np.array_equal(found[special], wanted[special], equal_nan=True)
    np.testing.assert_array_max_ulp(found[~special], wanted[~special], 3)


def test_exp_and_ln_undo_each_other_on_powers_of_two(evaluate):
    x = 2.0 ** np.arange(-1022, 1024)
    np.testing.assert_allclose(evaluate("ln", 4, x), np.arange(-1022, 1024) * np.log(2), rtol=3e-16)


# ---- flow


def made(code, call, *given):
    call(load("\n".join([*sorted(code.needs), code.text()]), optimise=False), "f", *given)


@pytest.mark.parametrize("count", [-3, 0, 1, 7])
def test_a_loop_takes_every_index_once_in_order(call, count):
    code = Code("f", [("ptr", "x"), ("i64", "count")], 2)
    with code.loop("%count") as i:
        seen = code.get("%x", 0, "i64")
        code.put(code.new(f"add i64 {seen}, 1"), "%x", 0, "i64")
        at = code.new(f"add i64 {i}, 1")
        code.put(seen, "%x", at, "i64")
    found = np.zeros(9, dtype=np.int64)
    made(code, call, found, count)
    many = max(count, 0)
    assert found.tolist() == [many, *range(many), *[0] * (8 - many)]


def test_loops_and_conditions_stand_in_each_other(call):
    """Count the pairs 0 <= j < i < 6 with i odd, then once more after the loops."""
    code = Code("f", [("ptr", "x")], 2)
    with code.loop(6) as i:
        odd = code.new(f"trunc i64 {i} to i1")
        with code.when(odd), code.loop(i) as j:
            value = code.new(f"add i64 {code.get('%x', 0, 'i64')}, 1")
            code.put(value, "%x", 0, "i64")
            code.put(j, "%x", 1, "i64")
    with code.loop(2):
        code.put(code.new(f"add i64 {code.get('%x', 2, 'i64')}, 1"), "%x", 2, "i64")
    found = np.zeros(3, dtype=np.int64)
    made(code, call, found)
    assert found.tolist() == [1 + 3 + 5, 4, 2]


def test_what_is_repeated_for_ever_is_left_at_the_first_time_asked_for(call):
    """Collatz: 27 takes 111 steps to 1."""
    code = Code("f", [("ptr", "x")], 2)
    with code.forever() as mark:
        n = code.get("%x", 0, "i64")
        code.leave(mark, code.new(f"icmp eq i64 {n}, 1"))
        three = code.new(f"add i64 {code.new(f'mul i64 {n}, 3')}, 1")
        half = code.new(f"sdiv i64 {n}, 2")
        odd = code.new(f"trunc i64 {n} to i1")
        code.put(code.new(f"select i1 {odd}, i64 {three}, i64 {half}"), "%x", 0, "i64")
        code.put(code.new(f"add i64 {code.get('%x', 1, 'i64')}, 1"), "%x", 1, "i64")
    found = np.array([27, 0], dtype=np.int64)
    made(code, call, found)
    assert found.tolist() == [1, 111]


@pytest.mark.parametrize("width", WIDTHS)
def test_masks_as_integers_have_lane_0_lowest(call, room, width):
    code = Code("f", [("ptr", "x"), ("ptr", "y")], width)
    low = code.compare("olt", code.load("%x"), code.number(0.0))
    nan = code.compare("uno", code.load("%x"), code.load("%x"))
    for place, mask in enumerate((low, code.either(low, nan), code.but(nan), code.both(low, nan))):
        code.put(code.bits(mask), "%y", place, "i64")
    x, found = room(1, width), np.zeros(4, dtype=np.int64)
    x[0, 0], x[0, 1] = -1.0, np.nan
    made(code, call, x, found)
    assert found.tolist() == [1, 3, (1 << width) - 3, 0]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["sin", "tanh", "acosh", "tgamma"])
def test_functions_of_the_c_library_are_found(call, room, width, name):
    code = Code("f", [("ptr", "x"), ("ptr", "y")], width)
    code.store(code.lanes(name, code.load("%x")), "%y")
    x, found = room(1, width), room(1, width)
    x[0] = 1.5 + np.arange(width)
    made(code, call, x, found)
    wanted = [getattr(math, name.replace("tgamma", "gamma"))(one) for one in x[0].tolist()]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-15)


@pytest.mark.parametrize("value", [0.1, -0.0, 5e-324, 1e308, float("inf"), float("nan")])
def test_numbers_are_exact_to_the_bit(call, room, value):
    code = Code("f", [("ptr", "x")], 2)
    code.store(code.number(value), "%x")
    found = room(1, 2)
    made(code, call, found)
    assert found[0].tobytes() == np.array([value, value]).tobytes()
