"""What the driver is told: an array of 64-bit words that points to everything."""

from __future__ import annotations

from funis.solver.kernel.code import Code, Value

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


class DriverCode(Code):
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
