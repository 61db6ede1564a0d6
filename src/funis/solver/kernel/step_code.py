"""One step of all lanes: stages, error, samples, and the next step size."""

from __future__ import annotations

from funis.solver.kernel.code import INFINITY, Code, Value, literal
from funis.solver.kernel.context import DriverCode
from funis.solver.kernel.lane_code import AT_KNOT
from funis.solver.kernel.rodas5p import ALPHA, GAMMA, GAMMAS, STAGES, WEIGHTS, A, C, H

SAFETY, LEAST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 8.0
"""Of the step size controller."""

LEAST_STEP = 1e-14
"""Shortest step as a share of a segment before a lane gives up."""


def run_function(width: int) -> Code:
    """Take a range of patients through their segments."""
    code = DriverCode("run", width)
    code.take(
        "rates", "slopes", "factor", "solve", "y", "argument", "r", "timed", "u", "fixed",
        "inflow", "matrix", "lu", "shift", "moving", "buffer", "t", "length", "h", "wanted",
        "next", "taken", "rejected", "fresh", "patient", "sample", "out", "out_state",
    )  # fmt: skip
    code.take("states", "extra", "mode", "outs", "time_count", kind="i64")
    code.take("rtol", "atol", "most_steps", kind="double")
    rtol, atol = code.spread(code.at("rtol")), code.spread(code.at("atol"))
    moves = code.new(f"icmp ne i64 {code.at('mode')}, 0")
    code.store(INFINITY, code.at("moving"), 2)
    with code.loop(width) as lane:
        code.say(f"call void @begin_patient(ptr %context, i64 {lane})")
    with code.forever() as mark:
        code.leave(mark, code.new(f"icmp eq i64 {code.again('active')}, 0"))
        _start_of_step(code, moves, rtol, atol)
        h, last = _choose_step(code)
        inverse = code.div(code.number(1.0), h)
        code.store(code.mul(inverse, code.number(1.0 / GAMMA)), code.at("shift"))
        code.run(code.at("factor"), *(code.at(n) for n in ("fixed", "matrix", "shift", "lu")))
        for stage in range(STAGES):
            _stage(code, stage, moves, inverse, h)
        error = _error(code, rtol, atol)
        _accept(code, error, h, last, inverse)
    return code


def _start_of_step(code: DriverCode, moves: Value, rtol: Value, atol: Value) -> None:
    """Evaluate rates and slopes at y; choose the first step of lanes that begin a segment."""
    with code.when(moves):
        code.say("call void @moving(ptr %context, double 0.0)")
    names = ("y", "fixed", "inflow", "moving", "r", "matrix", "timed")
    code.run(code.at("slopes"), *(code.at(name) for name in names))
    fresh = code.compare("ogt", code.load(code.at("fresh")), code.number(0.5))
    with code.when(code.new(f"icmp ne i64 {code.bits(fresh)}, 0")):
        zero = code.number(0.0)
        with code.fold(code.at("states"), zero, zero) as (state, held):
            y = code.load(code.at("y"), state)
            scale = code.fma(rtol, code.unary("fabs", y), atol)
            for row, value in enumerate((y, code.load(code.at("r"), state))):
                share = code.div(value, scale)
                held[row] = code.fma(share, share, held[row])
        size, speed = (code.unary("sqrt", total) for total in held)
        first = code.mul(code.number(FIRST_SHARE), code.div(size, speed))
        least = code.number(FIRST_STEP)
        usable = code.both(code.compare("ogt", first, least), code.compare("olt", first, INFINITY))
        first = code.select(usable, first, least)
        h = code.select(fresh, first, code.load(code.at("h")))
        code.store(h, code.at("h"))
        code.store(zero, code.at("fresh"))


FIRST_SHARE = 0.01
FIRST_STEP = 5e-3
"""First step of a segment [day], where the state and its rates suggest no longer one."""


def _choose_step(code: DriverCode) -> tuple[Value, Value]:
    """Return the step of every lane, and the lanes that it takes to the end of the segment.

    A step ends at a knot of the forcing, whose second derivative jumps there; the next one goes on
    with the step size that the controller chose.
    """
    h, zero = code.load(code.at("h")), code.number(0.0)
    rest = code.sub(code.load(code.at("length")), code.load(code.at("t")))
    resting = code.compare("ole", rest, zero)
    rest = code.select(resting, code.number(1.0), rest)
    until = code.load(code.at("moving"), 2)
    nearer = code.mul(rest, code.number(1.0 - AT_KNOT))
    at_end = code.compare("ole", nearer, until)
    rest = code.select(at_end, rest, until)
    whole = code.compare("oge", code.mul(h, code.number(1.01)), rest)
    nearly = code.compare("ogt", code.mul(h, code.number(2.0)), rest)
    code.store(h, code.at("wanted"))
    h = code.select(nearly, code.mul(rest, code.number(0.5)), h)
    h = code.select(whole, rest, h)
    code.store(h, code.at("h"))
    return h, code.both(code.both(whole, at_end), code.but(resting))


def _stage(code: DriverCode, stage: int, moves: Value, inverse: Value, h: Value) -> None:
    """Solve one stage: u of the stage, and the argument that the next one starts from."""
    states, u = code.at("states"), code.at("u")
    if stage:
        a = A[stage] if stage < len(A) else None
        with code.loop(states) as state:
            before = [code.load(u, code.plus(code.times(j, states), state)) for j in range(stage)]
            if a is None:
                total = code.add(code.load(code.at("argument"), state), before[-1])
            else:
                total = code.load(code.at("y"), state)
                for share, one in zip(a, before, strict=True):
                    total = code.fma(code.number(share), one, total)
            code.store(total, code.at("argument"), state)
            right = code.mul(code.number(C[stage][0]), before[0])
            for share, one in zip(C[stage][1:], before[1:], strict=True):
                right = code.fma(code.number(share), one, right)
            code.store(code.mul(right, inverse), code.at("r"), state)
        with code.when(moves):
            code.say(f"call void @moving(ptr %context, double {literal(ALPHA[stage])})")
        names = ("argument", "fixed", "inflow", "moving", "r")
        code.run(code.at("rates"), *(code.at(name) for name in names))
    with code.when(moves):
        _add_timed(code, stage, h)
    target = code.row(u, code.times(stage, states))
    code.run(code.at("solve"), *(code.at(n) for n in ("fixed", "matrix", "lu", "r")), target)


def _add_timed(code: DriverCode, stage: int, h: Value) -> None:
    """Add h gamma_i f_t; the slope is that at the start of the step, kept in `timed`."""
    if stage == 0:  # timed holds derivatives by what moves: make them derivatives by time
        rows = code.plus(code.at("states"), code.at("extra"))
        slope = code.load(code.at("moving"), 1)
        with code.loop(rows) as row:
            code.store(code.mul(code.load(code.at("timed"), row), slope), code.at("timed"), row)
    step = code.mul(h, code.number(GAMMAS[stage]))
    if GAMMAS[stage]:
        with code.loop(code.at("states")) as state:
            total = code.fma(
                step, code.load(code.at("timed"), state), code.load(code.at("r"), state)
            )
            code.store(total, code.at("r"), state)
    with code.loop(code.at("extra")) as row:
        place = code.plus(code.at("states"), row)
        code.store(code.mul(step, code.load(code.at("timed"), place)), code.at("r"), place)


def _error(code: DriverCode, rtol: Value, atol: Value) -> Value:
    """Store the new state in `argument` and return the error in units of what is allowed.

    It is that of the worst state: a mean over states would forgive one what others do not need.
    """
    last = code.row(code.at("u"), code.times(STAGES - 1, code.at("states")))
    with code.fold(code.at("states"), code.number(0.0)) as (state, held):
        u = code.load(last, state)
        new = code.add(code.load(code.at("argument"), state), u)
        code.store(new, code.at("argument"), state)
        old = code.unary("fabs", code.load(code.at("y"), state))
        size = code.unary("fabs", new)
        larger = code.select(code.compare("ogt", old, size), old, size)
        share = code.unary("fabs", code.div(u, code.fma(rtol, larger, atol)))
        less, none = code.compare("ole", share, held[0]), code.compare("uno", held[0], held[0])
        held[0] = code.select(code.either(less, none), held[0], share)
    error = held[0]
    wrong = code.but(code.compare("olt", error, code.number(1e10)))
    return code.select(wrong, code.number(1e10), error)


def _accept(code: DriverCode, error: Value, h: Value, last: Value, inverse: Value) -> None:
    """Take or refuse the step of every lane, sample, and choose the next step."""
    one, zero = code.number(1.0), code.number(0.0)
    t, length = code.load(code.at("t")), code.load(code.at("length"))
    taken = code.compare("ole", error, one)
    then = code.select(last, length, code.add(t, h))
    _sample(code, taken, then, t, inverse)
    with code.loop(code.at("states")) as state:
        new, old = code.load(code.at("argument"), state), code.load(code.at("y"), state)
        code.store(code.select(taken, new, old), code.at("y"), state)
    code.store(code.select(taken, then, t), code.at("t"))
    least = code.select(code.compare("ogt", error, code.number(1e-10)), error, code.number(1e-10))
    factor = code.mul(code.number(SAFETY), code.exp(code.mul(code.number(-0.2), code.ln(least))))
    again = code.compare("ogt", code.load(code.at("rejected")), code.number(0.5))
    most = code.select(again, one, code.number(LARGEST_FACTOR))
    factor = code.select(code.compare("olt", factor, most), factor, most)
    low = code.number(LEAST_FACTOR)
    factor = code.select(code.compare("ogt", factor, low), factor, low)
    h = _next_step(code, h, code.mul(h, factor), taken)
    code.store(h, code.at("h"))
    code.store(code.select(taken, zero, one), code.at("rejected"))
    steps = code.add(code.load(code.at("taken")), one)
    code.store(steps, code.at("taken"))
    resting = code.compare("olt", length, zero)
    stuck = code.compare("olt", h, code.mul(code.number(LEAST_STEP), length))
    many = code.compare("ogt", steps, code.spread(code.at("most_steps")))
    failed = code.both(code.either(many, code.both(stuck, code.but(taken))), code.but(resting))
    ended = code.both(taken, last)
    _end_lanes(code, failed, ended)


def _next_step(code: DriverCode, h: Value, proposed: Value, taken: Value) -> Value:
    """Return the next step: after one that was cut short, at least what had been wanted before."""
    wanted = code.load(code.at("wanted"))
    cut = code.both(taken, code.compare("olt", h, wanted))
    larger = code.select(code.compare("ogt", proposed, wanted), proposed, wanted)
    return code.select(cut, larger, proposed)


def _end_lanes(code: DriverCode, failed: Value, ended: Value) -> None:
    """Go on with the lanes whose segment ended, or that failed."""
    bad, any_ = code.bits(failed), code.bits(code.either(failed, ended))
    with code.when(code.new(f"icmp ne i64 {any_}, 0")), code.loop(code.width) as lane:
        mine = code.new(f"and i64 {code.new(f'lshr i64 {any_}, {lane}')}, 1")
        with code.when(code.new(f"icmp ne i64 {mine}, 0")):
            wrong = code.new(f"and i64 {code.new(f'lshr i64 {bad}, {lane}')}, 1")
            code.say(f"call void @end_step(ptr %context, i64 {lane}, i64 {wrong})")


def _sample(code: DriverCode, taken: Value, then: Value, t: Value, inverse: Value) -> None:
    """Write what the grid asks for within the step, from the dense output."""
    one = code.number(1.0)
    with code.forever() as mark:
        due = code.load(code.at("next"))
        wanted = code.both(taken, code.compare("ole", due, then))
        bits = code.bits(wanted)
        code.leave(mark, code.new(f"icmp eq i64 {bits}, 0"))
        x = code.mul(code.sub(due, t), inverse)
        x = code.select(wanted, x, one)
        away = code.sub(one, x)
        shares = []
        for stage in range(STAGES):
            share = code.fma(x, code.number(H[2][stage]), code.number(H[1][stage]))
            share = code.fma(x, share, code.number(H[0][stage]))
            share = code.fma(away, share, code.number(WEIGHTS[stage]))
            shares.append(code.mul(x, share))
        with code.loop(code.at("outs")) as number:
            state = code.get(code.at("out_state"), number, "i64")
            value = code.load(code.at("y"), state)
            for stage, share in enumerate(shares):
                place = code.plus(code.times(stage, code.at("states")), state)
                value = code.fma(share, code.load(code.at("u"), place), value)
            code.store(value, code.at("buffer"), number)
        with code.loop(code.width) as lane:
            mine = code.new(f"and i64 {code.new(f'lshr i64 {bits}, {lane}')}, 1")
            with code.when(code.new(f"icmp ne i64 {mine}, 0")):
                _write(code, lane)


def _write(code: DriverCode, lane: Value) -> None:
    """Write a lane's sample to the output and look for the next one."""
    patient = code.get(code.at("patient"), lane, "i64")
    sample = code.get(code.at("sample"), lane, "i64")
    row = code.plus(code.times(patient, code.at("time_count")), sample)
    base = code.times(row, code.at("outs"))
    with code.loop(code.at("outs")) as number:
        value = code.get(code.at("buffer"), code.lane(number, lane))
        code.put(value, code.at("out"), code.plus(base, number))
    code.put(code.plus(sample, 1), code.at("sample"), lane, "i64")
    code.say(f"call void @next_sample(ptr %context, i64 {lane})")
