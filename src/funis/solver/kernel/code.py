"""Text of LLVM functions on vectors of doubles: one lane a patient, W lanes a vector.

Every operation adds a line and returns the name of its result. Additions and multiplications may
be fused (`contract`); nothing else is re-ordered, so a lane's bytes depend on that lane alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

Value = str


class Code:
    """One function while it is written.

    Parameters
    ----------
    name : of the function.
    arguments : (type, name) of each argument; pointers do not overlap.
    width : lanes of a vector, W.
    """

    def __init__(self, name: str, arguments: Sequence[tuple[str, str]], width: int) -> None:
        self.width = width
        self.vector = f"<{width} x double>"
        self.mask = f"<{width} x i1>"
        self.block = "entry"
        self._count = 0
        self._needs: set[str] = set()
        given = ", ".join(
            f"{kind} noalias %{word}" if kind == "ptr" else f"{kind} %{word}"
            for kind, word in arguments
        )
        self._lines = [f"define void @{name}({given}) nounwind {{", "entry:"]

    def text(self) -> str:
        """End the function and return it."""
        return "\n".join([*self._lines, "  ret void", "}", ""])

    @property
    def needs(self) -> frozenset[str]:
        """Declarations of the functions that are called."""
        return frozenset(self._needs)

    # ---- lines

    def new(self, text: str) -> Value:
        """Add a line with a result."""
        self._count += 1
        self._lines.append(f"  %v{self._count} = {text}")
        return f"%v{self._count}"

    def say(self, text: str) -> None:
        """Add a line without a result."""
        self._lines.append(f"  {text}")

    def call(self, result: str, function: str, *arguments: tuple[str, Value]) -> Value:
        """Call a function, of LLVM or of the C library, that is declared as it is used."""
        kinds = ", ".join(kind for kind, _ in arguments)
        given = ", ".join(f"{kind} {value}" for kind, value in arguments)
        self._needs.add(f"declare {result} @{function}({kinds})")
        return self.new(f"call {result} @{function}({given})")

    # ---- memory

    def place(self, base: Value, index: Value | int, unit: str = "double") -> Value:
        """Return the address of an element."""
        return self.new(f"getelementptr {unit}, ptr {base}, i64 {index}")

    def row(self, base: Value, index: Value | int) -> Value:
        """Return the address of a row of W doubles."""
        return self.place(base, index, self.vector)

    def load(self, base: Value, index: Value | int = 0) -> Value:
        """Load a row of W doubles."""
        return self.new(f"load {self.vector}, ptr {self.row(base, index)}, align {8 * self.width}")

    def store(self, value: Value, base: Value, index: Value | int = 0) -> None:
        """Store a row of W doubles."""
        self.say(
            f"store {self.vector} {value}, ptr {self.row(base, index)}, align {8 * self.width}"
        )

    def get(self, base: Value, index: Value | int = 0, kind: str = "double") -> Value:
        """Load one number."""
        return self.new(f"load {kind}, ptr {self.place(base, index, kind)}")

    def put(self, value: Value, base: Value, index: Value | int = 0, kind: str = "double") -> None:
        """Store one number."""
        self.say(f"store {kind} {value}, ptr {self.place(base, index, kind)}")

    # ---- vectors of doubles

    def number(self, value: float) -> Value:
        """Return a vector that holds one number in every lane."""
        return f"splat (double {literal(value)})"

    def spread(self, scalar: Value) -> Value:
        """Return a vector that holds a computed number in every lane."""
        one = self.new(f"insertelement {self.vector} poison, double {scalar}, i64 0")
        return self.new(
            f"shufflevector {self.vector} {one}, {self.vector} poison, "
            f"<{self.width} x i32> zeroinitializer"
        )

    def add(self, a: Value, b: Value) -> Value:
        """Return a + b."""
        return self.new(f"fadd contract {self.vector} {a}, {b}")

    def sub(self, a: Value, b: Value) -> Value:
        """Return a - b."""
        return self.new(f"fsub contract {self.vector} {a}, {b}")

    def mul(self, a: Value, b: Value) -> Value:
        """Return a * b."""
        return self.new(f"fmul contract {self.vector} {a}, {b}")

    def div(self, a: Value, b: Value) -> Value:
        """Return a / b."""
        return self.new(f"fdiv {self.vector} {a}, {b}")

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """Return a * b + c, rounded once."""
        kind = self.vector
        return self.call(kind, f"llvm.fma.v{self.width}f64", (kind, a), (kind, b), (kind, c))

    def unary(self, name: str, a: Value) -> Value:
        """Return one of LLVM's functions of one vector: sqrt, fabs, floor, ceil, rint."""
        return self.call(self.vector, f"llvm.{name}.v{self.width}f64", (self.vector, a))

    def binary(self, name: str, a: Value, b: Value) -> Value:
        """Return one of LLVM's functions of two vectors: minnum, maxnum, copysign."""
        kind = self.vector
        return self.call(kind, f"llvm.{name}.v{self.width}f64", (kind, a), (kind, b))

    def lanes(self, function: str, *vectors: Value) -> Value:
        """Return a function of the C library, lane by lane."""
        result = "poison"
        for lane in range(self.width):
            given = [
                ("double", self.new(f"extractelement {self.vector} {one}, i64 {lane}"))
                for one in vectors
            ]
            found = self.call("double", function, *given)
            result = self.new(f"insertelement {self.vector} {result}, double {found}, i64 {lane}")
        return result

    # ---- masks

    def compare(self, relation: str, a: Value, b: Value) -> Value:
        """Return a mask; relations are those of LLVM: olt, ole, ogt, oge, oeq, une, uno."""
        return self.new(f"fcmp {relation} {self.vector} {a}, {b}")

    def select(self, mask: Value, yes: Value, no: Value) -> Value:
        """Return `yes` where the mask holds, else `no`."""
        return self.new(f"select {self.mask} {mask}, {self.vector} {yes}, {self.vector} {no}")

    def both(self, a: Value, b: Value) -> Value:
        """Return the lanes in which both masks hold."""
        return self.new(f"and {self.mask} {a}, {b}")

    def either(self, a: Value, b: Value) -> Value:
        """Return the lanes in which one of two masks holds."""
        return self.new(f"or {self.mask} {a}, {b}")

    def but(self, a: Value) -> Value:
        """Return the lanes in which a mask does not hold."""
        return self.new(f"xor {self.mask} {a}, splat (i1 true)")

    def bits(self, mask: Value) -> Value:
        """Return a mask as an integer, lane 0 its lowest bit."""
        narrow = self.new(f"bitcast {self.mask} {mask} to i{self.width}")
        return self.new(f"zext i{self.width} {narrow} to i64")

    # ---- exponential and logarithm, the same for every width

    def exp(self, x: Value) -> Value:
        """Return the exponential: powers of two and a Taylor polynomial of degree 13."""
        scaled = self.mul(x, self.number(1.4426950408889634))
        clipped = self.binary("minnum", scaled, self.number(1100.0))
        whole = self.unary("rint", self.binary("maxnum", clipped, self.number(-1100.0)))
        rest = self.fma(whole, self.number(-LN2_HIGH), x)
        rest = self.fma(whole, self.number(-LN2_LOW), rest)
        terms, factor = [1.0], 1.0
        for power in range(1, 14):
            factor /= power
            terms.append(factor)
        result = self.number(terms[-1])
        for term in terms[-2::-1]:
            result = self.fma(result, rest, self.number(term))
        half = self.unary("floor", self.mul(whole, self.number(0.5)))
        result = self.mul(self.mul(result, self._two_to(half)), self._two_to(self.sub(whole, half)))
        result = self.select(self.compare("ogt", x, self.number(709.79)), INFINITY, result)
        result = self.select(self.compare("olt", x, self.number(-745.14)), self.number(0.0), result)
        return self.select(self.compare("uno", x, x), x, result)

    def _two_to(self, whole: Value) -> Value:
        integers = f"<{self.width} x i64>"
        shifted = self.add(whole, self.number(1023.0))
        as_integer = self.new(f"fptosi {self.vector} {shifted} to {integers}")
        moved = self.new(f"shl {integers} {as_integer}, splat (i64 52)")
        return self.new(f"bitcast {integers} {moved} to {self.vector}")

    def ln(self, x: Value) -> Value:
        """Return the natural logarithm by the series of the inverse hyperbolic tangent."""
        integers = f"<{self.width} x i64>"
        tiny = self.compare("olt", x, self.number(2.2250738585072014e-308))
        lifted = self.select(tiny, self.mul(x, self.number(2.0**54)), x)
        raw = self.new(f"bitcast {self.vector} {lifted} to {integers}")
        exponent = self.new(f"lshr {integers} {raw}, splat (i64 52)")
        power = self.new(f"sitofp {integers} {exponent} to {self.vector}")
        power = self.sub(power, self.select(tiny, self.number(1077.0), self.number(1023.0)))
        low = self.new(f"and {integers} {raw}, splat (i64 {(1 << 52) - 1})")
        joined = self.new(f"or {integers} {low}, splat (i64 {1023 << 52})")
        share = self.new(f"bitcast {integers} {joined} to {self.vector}")
        large = self.compare("ogt", share, self.number(1.4142135623730951))
        share = self.select(large, self.mul(share, self.number(0.5)), share)
        power = self.select(large, self.add(power, self.number(1.0)), power)
        one = self.number(1.0)
        f = self.div(self.sub(share, one), self.add(share, one))
        square = self.mul(f, f)
        series = self.number(1.0 / 23)
        for odd in range(21, 1, -2):
            series = self.fma(series, square, self.number(1.0 / odd))
        twice = self.add(f, f)
        small = self.fma(power, self.number(LN2_LOW), self.mul(self.mul(twice, square), series))
        result = self.fma(power, self.number(LN2_HIGH), self.add(twice, small))
        result = self.select(self.compare("oeq", x, INFINITY), x, result)
        result = self.select(self.compare("oeq", x, self.number(0.0)), MINUS_INFINITY, result)
        return self.select(self.compare("ult", x, self.number(0.0)), NOT_A_NUMBER, result)

    # ---- flow

    @contextmanager
    def loop(self, count: Value | int) -> Iterator[Value]:
        """Repeat the lines within for 0 <= index < count."""
        self._count += 1
        mark, before = self._count, self.block
        self.say(f"br label %head{mark}")
        self.label(f"head{mark}")
        self.say(f"%i{mark} = phi i64 [0, %{before}], [%n{mark}, %latch{mark}]")
        self.say(f"%c{mark} = icmp slt i64 %i{mark}, {count}")
        self.say(f"br i1 %c{mark}, label %body{mark}, label %exit{mark}")
        self.label(f"body{mark}")
        yield f"%i{mark}"
        self.say(f"br label %latch{mark}")
        self.label(f"latch{mark}")
        self.say(f"%n{mark} = add nsw i64 %i{mark}, 1")
        self.say(f"br label %head{mark}")
        self.label(f"exit{mark}")

    @contextmanager
    def fold(self, count: Value | int, *first: Value) -> Iterator[tuple[Value, list[Value]]]:
        """Repeat as `loop` does with vectors that each turn hands to the next.

        The list holds the vectors of this turn; the lines within replace them by those of the next,
        and after the last turn it holds the results.
        """
        self._count += 1
        mark, before, kind = self._count, self.block, self.vector
        self.say(f"br label %head{mark}")
        self.label(f"head{mark}")
        self.say(f"%i{mark} = phi i64 [0, %{before}], [%n{mark}, %latch{mark}]")
        held = [f"%h{mark}.{place}" for place in range(len(first))]
        for place, value in enumerate(first):
            later = f"%g{mark}.{place}"
            self.say(f"{held[place]} = phi {kind} [{value}, %{before}], [{later}, %latch{mark}]")
        self.say(f"%c{mark} = icmp slt i64 %i{mark}, {count}")
        self.say(f"br i1 %c{mark}, label %body{mark}, label %exit{mark}")
        self.label(f"body{mark}")
        turn = list(held)
        yield f"%i{mark}", turn
        self.say(f"br label %latch{mark}")
        self.label(f"latch{mark}")
        for place, value in enumerate(turn):
            self.say(f"%g{mark}.{place} = bitcast {kind} {value} to {kind}")
        self.say(f"%n{mark} = add nsw i64 %i{mark}, 1")
        self.say(f"br label %head{mark}")
        self.label(f"exit{mark}")
        turn[:] = held

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Do the lines within if an i1 holds."""
        self._count += 1
        mark = self._count
        self.say(f"br i1 {condition}, label %then{mark}, label %after{mark}")
        self.label(f"then{mark}")
        yield
        self.say(f"br label %after{mark}")
        self.label(f"after{mark}")

    @contextmanager
    def forever(self) -> Iterator[str]:
        """Repeat the lines within until `leave` is called with the mark that is given."""
        self._count += 1
        mark = f"{self._count}"
        self.say(f"br label %again{mark}")
        self.label(f"again{mark}")
        yield mark
        self.say(f"br label %again{mark}")
        self.label(f"left{mark}")

    def leave(self, mark: str, condition: Value) -> None:
        """Leave the repetition of a mark if an i1 holds."""
        self._count += 1
        self.say(f"br i1 {condition}, label %left{mark}, label %on{self._count}")
        self.label(f"on{self._count}")

    def label(self, name: str) -> None:
        """Begin a block."""
        self.block = name
        self._lines.append(f"{name}:")


def literal(value: float) -> str:
    """Return a double as LLVM writes it, exact to the bit."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


INFINITY = f"splat (double {literal(float('inf'))})"
MINUS_INFINITY = f"splat (double {literal(float('-inf'))})"
NOT_A_NUMBER = f"splat (double {literal(float('nan'))})"
LN2_HIGH = 0.693147180369123816490
"""ln 2 to 33 bits, so that its products with exponents are exact; the rest is LN2_LOW."""
LN2_LOW = 1.9082149292705877e-10
