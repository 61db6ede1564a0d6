"""The driver: takes patients through their segments, W at a time, as LLVM text.

It is the same for every model: a model's functions and all sizes come through the context, an
array of 64-bit words. Each lane steps with its own step size; a lane that is done takes the next
patient of its range at once.
"""

from __future__ import annotations

from funis.solver.kernel.code import INFINITY, Code, Value, literal
from funis.solver.kernel.rodas5p import ALPHA, GAMMA, GAMMAS, STAGES, WEIGHTS, A, C, H
from funis.solver.segments import CELL_FLOOR

FIELDS = (
    # a model's functions
    "rates", "slopes", "factor", "solve",
    # sizes: states, rows of assignments that move with time, columns of the table, inflows
    "states", "extra", "columns", "inflows",
    # memory of the lanes, rows of W doubles
    "y", "argument", "r", "timed", "u", "fixed", "inflow", "matrix", "lu", "shift", "moving",
    "buffer",
    # of each lane, doubles: time in the segment and its length [day], step, the one that the
    # controller wanted, next sample, day at the segment's start, steps taken, 1 after a rejected
    # step, 1 at the start of a segment
    "t", "length", "h", "wanted", "next", "day", "taken", "rejected", "fresh",
    # of each lane, integers
    "patient", "segment", "sample",
    # the range of patients: next and last; lanes at work
    "coming", "last", "active",
    # of each patient
    "start", "table", "end", "status", "steps", "first_segment",
    # of each segment
    "segment_length", "segment_day", "segment_start", "segment_end", "first_jump", "first_flow",
    "jump_state", "jump_amount", "flow_slot", "flow_rate",
    # the floor: states, whether counted, their number, the sink or -1
    "floor_state", "floor_counted", "floors", "sink",
    # the output grid [minute] and the states that are written
    "times", "time_count", "first_time", "out", "out_state", "outs",
    # what moves with time: 0 nothing, 1 a cubic, 2 time itself
    "mode", "knot_value", "knot_slope", "knots",
    # doubles; minutes are the unit of times, days that of rates
    "first_day", "spacing", "rtol", "atol", "most_steps", "minutes_per_day", "tiny",
)  # fmt: skip

SOLVED, FAILED = 0, 3

SAFETY, LEAST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 8.0
"""Of the step size controller."""

AT_KNOT = 1e-9
"""Distance from a knot, as a share of the spacing, that counts as none."""

LEAST_STEP = 1e-14
"""Shortest step as a share of a segment before a lane gives up."""


class _Driver(Code):
    """A function with the context at hand."""

    def __init__(self, name: str, width: int, *more: tuple[str, str]) -> None:
        super().__init__(name, [("ptr", "context"), *more], width)
        self._fields: dict[str, Value] = {}

    def take(self, *names: str, kind: str = "ptr") -> None:
        """Load fields of the context, to be had by `at`."""
        for name in names:
            self._fields[name] = self.get("%context", FIELDS.index(name), kind)

    def at(self, name: str) -> Value:
        """Return a field that was loaded."""
        return self._fields[name]

    def again(self, name: str, kind: str = "i64") -> Value:
        """Load a field that changes."""
        return self.get("%context", FIELDS.index(name), kind)

    def keep(self, name: str, value: Value, kind: str = "i64") -> None:
        """Store a field that changes."""
        self.put(value, "%context", FIELDS.index(name), kind)

    def lane(self, row: Value | int, lane: Value) -> Value:
        """Return the index of a lane's number in a row."""
        return self.new(f"add i64 {self.times(row, self.width)}, {lane}")

    def times(self, a: Value | int, b: Value | int) -> Value:
        """Return a product of integers."""
        return self.new(f"mul i64 {a}, {b}")

    def plus(self, a: Value | int, b: Value | int) -> Value:
        """Return a sum of integers."""
        return self.new(f"add i64 {a}, {b}")

    def run(self, function: Value, *pointers: Value) -> None:
        """Call one of the model's functions."""
        self.say(f"call void {function}({', '.join(f'ptr {one}' for one in pointers)})")


def driver_code(width: int) -> str:
    """Return the text of the driver for W lanes."""
    writers = (_moving, _next_sample, _begin_segment, _begin_patient, _end_step, _run)
    functions = [writer(width) for writer in writers]
    needs = sorted(frozenset().union(*(code.needs for code in functions)))
    return "\n".join([*needs, "", *(code.text() for code in functions)])


def _moving(width: int) -> Code:
    """Evaluate what moves with time at t + alpha h, and its slope, for every lane."""
    code = _Driver("moving", width, ("double", "alpha"))
    code.take("t", "h", "day", "moving", "patient", "knot_value", "knot_slope")
    code.take("mode", "knots", kind="i64")
    code.take("first_day", "spacing", kind="double")
    is_time = code.new(f"icmp eq i64 {code.at('mode')}, 2")
    with code.loop(width) as lane:
        ahead = code.new(f"fmul double %alpha, {code.get(code.at('h'), lane)}")
        time = code.new(f"fadd double {code.get(code.at('t'), lane)}, {ahead}")
        day = code.new(f"fadd double {time}, {code.get(code.at('day'), lane)}")
        code.put(day, code.at("moving"), lane)
        code.put("1.0", code.at("moving"), code.lane(1, lane))
        code.put("0x7FF0000000000000", code.at("moving"), code.lane(2, lane))
        with code.when(code.new(f"xor i1 {is_time}, true")):
            _cubic(code, lane, day)
    return code


def _cubic(code: _Driver, lane: Value, day: Value) -> None:
    """Evaluate the cubic between two knots and its slope by day."""

    def flop(name: str, a: Value, b: Value) -> Value:
        return code.new(f"f{name} double {a}, {b}")

    u = flop("div", flop("sub", day, code.at("first_day")), code.at("spacing"))
    low = code.call("double", "llvm.floor.f64", ("double", u))
    whole = code.new(f"fptosi double {low} to i64")
    most = code.plus(code.at("knots"), -2)
    whole = code.call("i64", "llvm.smin.i64", ("i64", whole), ("i64", most))
    whole = code.call("i64", "llvm.smax.i64", ("i64", whole), ("i64", "0"))
    x = flop("sub", u, code.new(f"sitofp i64 {whole} to double"))
    _until_knot(code, lane, x, code.new(f"icmp eq i64 {whole}, {most}"))
    patient = code.get(code.at("patient"), lane, "i64")
    place = code.plus(code.times(patient, code.at("knots")), whole)
    after = code.plus(place, 1)
    left, right = (code.get(code.at("knot_value"), one) for one in (place, after))
    leaving, arriving = (
        flop("mul", code.get(code.at("knot_slope"), one), code.at("spacing"))
        for one in (place, after)
    )
    rise = flop("sub", right, left)
    both = flop("add", leaving, arriving)
    cube = flop("sub", both, flop("mul", "2.0", rise))
    square = flop("sub", flop("sub", flop("mul", "3.0", rise), both), leaving)
    value = flop("add", flop("mul", cube, x), square)
    value = flop("add", flop("mul", value, x), leaving)
    code.put(flop("add", flop("mul", value, x), left), code.at("moving"), lane)
    slope = flop("add", flop("mul", flop("mul", "3.0", cube), x), flop("mul", "2.0", square))
    slope = flop("add", flop("mul", slope, x), leaving)
    code.put(flop("div", slope, code.at("spacing")), code.at("moving"), code.lane(1, lane))


def _until_knot(code: _Driver, lane: Value, x: Value, at_last: Value) -> None:
    """Store the time to the next knot, or to the one after if it is reached but for rounding.

    After the last knot there is none.
    """
    left = code.new(f"fsub double 1.0, {x}")
    there = code.new(f"fcmp olt double {left}, {literal(AT_KNOT)}")
    after = code.new(f"fadd double {left}, 1.0")
    after = code.new(f"select i1 {at_last}, double 0x7FF0000000000000, double {after}")
    left = code.new(f"select i1 {there}, double {after}, double {left}")
    until = code.new(f"fmul double {left}, {code.at('spacing')}")
    code.put(until, code.at("moving"), code.lane(2, lane))


def _begin_segment(width: int) -> Code:
    """Begin a lane's segment: floor, jumps, inflows, clock, next sample."""
    code = _Driver("begin_segment", width, ("i64", "lane"))
    code.take(
        "y", "inflow", "t", "length", "day", "fresh", "segment", "sample", "segment_length",
        "segment_day", "first_jump", "first_flow", "jump_state", "jump_amount", "flow_slot",
        "flow_rate",
    )  # fmt: skip
    code.take("states", "inflows", kind="i64")
    segment = code.get(code.at("segment"), "%lane", "i64")
    _apply_floor(code)
    _add_entries(code, segment, ("first_jump", "jump_state", "jump_amount"), "y")
    with code.loop(code.at("inflows")) as slot:
        code.put("0.0", code.at("inflow"), code.lane(slot, "%lane"))
    _add_entries(code, segment, ("first_flow", "flow_slot", "flow_rate"), "inflow")
    code.put("0.0", code.at("t"), "%lane")
    _mark_fresh(code, segment)
    for source, target in (("segment_length", "length"), ("segment_day", "day")):
        code.put(code.get(code.at(source), segment), code.at(target), "%lane")
    code.say("call void @next_sample(ptr %context, i64 %lane)")
    return code


def _mark_fresh(code: _Driver, segment: Value) -> None:
    """A cut without jump or flow, before and after it, leaves the step size as it is."""
    before = code.plus(segment, -1)
    first = code.call("i64", "llvm.smax.i64", ("i64", before), ("i64", "0"))
    jumps = code.new(
        f"sub i64 {code.get(code.at('first_jump'), code.plus(segment, 1), 'i64')}, "
        f"{code.get(code.at('first_jump'), segment, 'i64')}"
    )
    flows = code.new(
        f"sub i64 {code.get(code.at('first_flow'), code.plus(segment, 1), 'i64')}, "
        f"{code.get(code.at('first_flow'), first, 'i64')}"
    )
    changed = code.new(f"icmp sgt i64 {code.plus(jumps, flows)}, 0")
    with code.when(changed):
        code.put("1.0", code.at("fresh"), "%lane")


def _apply_floor(code: _Driver) -> None:
    """Set what is left of less than one cell, and any tiny state, to zero."""
    code.take("floor_state", "floor_counted")
    code.take("floors", "sink", kind="i64")
    code.take("tiny", kind="double")
    with code.loop(code.at("floors")) as number:
        state = code.get(code.at("floor_state"), number, "i64")
        place = code.lane(state, "%lane")
        value = code.get(code.at("y"), place)
        small = code.new(f"fcmp olt double {value}, {literal(CELL_FLOOR)}")
        with code.when(small):
            code.put("0.0", code.at("y"), place)
            counted = code.get(code.at("floor_counted"), number, "i64")
            with code.when(code.new(f"icmp ne i64 {counted}, 0")):
                sink = code.lane(code.at("sink"), "%lane")
                total = code.new(f"fadd double {code.get(code.at('y'), sink)}, {value}")
                code.put(total, code.at("y"), sink)
    with code.loop(code.at("states")) as state:
        place = code.lane(state, "%lane")
        size = code.call("double", "llvm.fabs.f64", ("double", code.get(code.at("y"), place)))
        with code.when(code.new(f"fcmp olt double {size}, {code.at('tiny')}")):
            code.put("0.0", code.at("y"), place)


def _add_entries(code: _Driver, segment: Value, fields: tuple[str, str, str], target: str) -> None:
    """Add a segment's list of (row, amount) to the lane."""
    first, row, amount = (code.at(name) for name in fields)
    begin = code.get(first, segment, "i64")
    end = code.get(first, code.plus(segment, 1), "i64")
    with code.loop(code.new(f"sub i64 {end}, {begin}")) as number:
        entry = code.plus(begin, number)
        place = code.lane(code.get(row, entry, "i64"), "%lane")
        total = code.new(
            f"fadd double {code.get(code.at(target), place)}, {code.get(amount, entry)}"
        )
        code.put(total, code.at(target), place)


def _next_sample(width: int) -> Code:
    """Store the time in the segment of the next sample, or infinity if it comes later."""
    code = _Driver("next_sample", width, ("i64", "lane"))
    code.take("next", "sample", "segment", "segment_start", "segment_end", "times")
    code.take("minutes_per_day", kind="double")
    code.take("time_count", kind="i64")
    code.put("0x7FF0000000000000", code.at("next"), "%lane")
    sample = code.get(code.at("sample"), "%lane", "i64")
    with code.when(code.new(f"icmp slt i64 {sample}, {code.at('time_count')}")):
        segment = code.get(code.at("segment"), "%lane", "i64")
        minute = code.get(code.at("times"), sample)
        end = code.get(code.at("segment_end"), segment)
        with code.when(code.new(f"fcmp ole double {minute}, {end}")):
            away = code.new(f"fsub double {minute}, {code.get(code.at('segment_start'), segment)}")
            day = code.new(f"fdiv double {away}, {code.at('minutes_per_day')}")
            code.put(day, code.at("next"), "%lane")
    return code


def _begin_patient(width: int) -> Code:
    """Give a lane the next patient of the range, or put it to rest."""
    code = _Driver("begin_patient", width, ("i64", "lane"))
    code.take(
        "y", "fixed", "start", "table", "first_segment", "patient", "segment", "sample", "taken",
        "rejected", "length", "next", "h", "t", "fresh",
    )  # fmt: skip
    code.take("states", "columns", "last", "first_time", kind="i64")
    patient = code.again("coming")
    more = code.new(f"icmp slt i64 {patient}, {code.at('last')}")
    with code.when(more):
        code.keep("coming", code.plus(patient, 1))
        code.put(patient, code.at("patient"), "%lane", "i64")
        for source, count, target in (("start", "states", "y"), ("table", "columns", "fixed")):
            base = code.times(patient, code.at(count))
            with code.loop(code.at(count)) as number:
                value = code.get(code.at(source), code.plus(base, number))
                code.put(value, code.at(target), code.lane(number, "%lane"))
        segment = code.get(code.at("first_segment"), patient, "i64")
        code.put(segment, code.at("segment"), "%lane", "i64")
        code.put(code.at("first_time"), code.at("sample"), "%lane", "i64")
        code.put("0.0", code.at("taken"), "%lane")
        code.put("0.0", code.at("rejected"), "%lane")
        code.put("1.0", code.at("h"), "%lane")
        code.put("1.0", code.at("fresh"), "%lane")
        code.say("call void @begin_segment(ptr %context, i64 %lane)")
    with code.when(code.new(f"xor i1 {more}, true")):
        code.keep("active", code.plus(code.again("active"), -1))
        for name, value in (("t", "0.0"), ("fresh", "0.0"), ("h", "1.0")):
            code.put(value, code.at(name), "%lane")
        code.put("-1.0", code.at("length"), "%lane")  # a lane at rest
        code.put("0x7FF0000000000000", code.at("next"), "%lane")
    return code


def _end_step(width: int) -> Code:
    """Go on with a lane whose segment ended (1) or that failed (2)."""
    code = _Driver("end_step", width, ("i64", "lane"), ("i64", "failed"))
    code.take("y", "end", "status", "steps", "taken", "patient", "segment", "first_segment")
    code.take("states", kind="i64")
    patient = code.get(code.at("patient"), "%lane", "i64")
    last = code.get(code.at("first_segment"), code.plus(patient, 1), "i64")
    segment = code.plus(code.get(code.at("segment"), "%lane", "i64"), 1)
    good = code.new("icmp eq i64 %failed, 0")
    more = code.new(f"and i1 {good}, {code.new(f'icmp slt i64 {segment}, {last}')}")
    with code.when(more):
        code.put(segment, code.at("segment"), "%lane", "i64")
        code.say("call void @begin_segment(ptr %context, i64 %lane)")
    with code.when(code.new(f"xor i1 {more}, true")):
        base = code.times(patient, code.at("states"))
        with code.loop(code.at("states")) as state:
            value = code.get(code.at("y"), code.lane(state, "%lane"))
            code.put(value, code.at("end"), code.plus(base, state))
        status = code.new(f"select i1 {good}, i8 {SOLVED}, i8 {FAILED}")
        code.put(status, code.at("status"), patient, "i8")
        taken = code.get(code.at("taken"), "%lane")
        code.put(code.new(f"fptosi double {taken} to i64"), code.at("steps"), patient, "i64")
        code.say("call void @begin_patient(ptr %context, i64 %lane)")
    return code


def _run(width: int) -> Code:
    """Take a range of patients through their segments."""
    code = _Driver("run", width)
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


def _start_of_step(code: _Driver, moves: Value, rtol: Value, atol: Value) -> None:
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


def _choose_step(code: _Driver) -> tuple[Value, Value]:
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


def _stage(code: _Driver, stage: int, moves: Value, inverse: Value, h: Value) -> None:
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


def _add_timed(code: _Driver, stage: int, h: Value) -> None:
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


def _error(code: _Driver, rtol: Value, atol: Value) -> Value:
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


def _accept(code: _Driver, error: Value, h: Value, last: Value, inverse: Value) -> None:
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


def _next_step(code: _Driver, h: Value, proposed: Value, taken: Value) -> Value:
    """Return the next step: after one that was cut short, at least what had been wanted before."""
    wanted = code.load(code.at("wanted"))
    cut = code.both(taken, code.compare("olt", h, wanted))
    larger = code.select(code.compare("ogt", proposed, wanted), proposed, wanted)
    return code.select(cut, larger, proposed)


def _end_lanes(code: _Driver, failed: Value, ended: Value) -> None:
    """Go on with the lanes whose segment ended, or that failed."""
    bad, any_ = code.bits(failed), code.bits(code.either(failed, ended))
    with code.when(code.new(f"icmp ne i64 {any_}, 0")), code.loop(code.width) as lane:
        mine = code.new(f"and i64 {code.new(f'lshr i64 {any_}, {lane}')}, 1")
        with code.when(code.new(f"icmp ne i64 {mine}, 0")):
            wrong = code.new(f"and i64 {code.new(f'lshr i64 {bad}, {lane}')}, 1")
            code.say(f"call void @end_step(ptr %context, i64 {lane}, i64 {wrong})")


def _sample(code: _Driver, taken: Value, then: Value, t: Value, inverse: Value) -> None:
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


def _write(code: _Driver, lane: Value) -> None:
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
