"""What a lane does between steps: begin a patient, begin a segment, look for the next sample."""

from __future__ import annotations

from funis.solver.kernel.code import Code, Value, literal
from funis.solver.kernel.context import DriverCode
from funis.solver.segments import CELL_FLOOR

SOLVED, FAILED = 0, 3
"""Statuses that the driver writes, as in `funis.solver.values`."""

AT_KNOT = 1e-9
"""Distance from a knot, as a share of the spacing, that counts as none."""


def lane_functions(width: int) -> list[Code]:
    """Return the functions that the step calls."""
    writers = (_moving, _next_sample, _begin_segment, _begin_patient, _end_step)
    return [writer(width) for writer in writers]


def _moving(width: int) -> Code:
    """Evaluate what moves with time at t + alpha h, and its slope, for every lane."""
    code = DriverCode("moving", width, ("double", "alpha"))
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


def _cubic(code: DriverCode, lane: Value, day: Value) -> None:
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


def _until_knot(code: DriverCode, lane: Value, x: Value, at_last: Value) -> None:
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
    code = DriverCode("begin_segment", width, ("i64", "lane"))
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


def _mark_fresh(code: DriverCode, segment: Value) -> None:
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


def _apply_floor(code: DriverCode) -> None:
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


def _add_entries(
    code: DriverCode, segment: Value, fields: tuple[str, str, str], target: str
) -> None:
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
    code = DriverCode("next_sample", width, ("i64", "lane"))
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
    code = DriverCode("begin_patient", width, ("i64", "lane"))
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
    code = DriverCode("end_step", width, ("i64", "lane"), ("i64", "failed"))
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
