"""Events of one run: what was triggered, what waits, and in which order it is executed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b

from funis.solver.scalar.equations import Equations, Happening

MOST_AT_ONCE = 10_000
"""Executions at one moment after which a run counts as endless."""


class HopelessError(RuntimeError):
    """What no method of solving can help: it lies in the model."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A triggered event: when it is executed, and its values where the trigger fixed them."""

    place: int
    time: float
    values: tuple[float, ...] | None


@dataclass(slots=True, eq=False)
class Events:
    """The events of one run.

    Attributes
    ----------
    held : value of each trigger at the last moment looked at.
    waiting : triggered events, in the order in which they were triggered.
    executed : how many were executed.
    snapped : puts the end of a delay on the output that it means to meet.
    """

    equations: Equations
    snapped: Callable[[float], float] = float
    held: list[bool] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    executed: int = 0

    def __post_init__(self) -> None:
        self.held = [one.event.holds_before for one in self.equations.happenings]

    @property
    def next_time(self) -> float:
        """When the next waiting event is executed."""
        return min((one.time for one in self.waiting), default=math.inf)

    def settle(self, time: float, kept: list[float]) -> bool:
        """Trigger and execute everything that happens at a moment; `kept` is changed.

        Returns
        -------
        bool : whether anything was executed.

        Raises
        ------
        HopelessError
            Events without end, or a delay that is negative or no number.
        """
        if not self.equations.happenings:
            return False
        for count in range(MOST_AT_ONCE):
            self._look(time, kept)
            due = [one for one in self.waiting if one.time <= time]
            if not due:
                return count > 0
            chosen = self._first(due, time, kept)
            self.waiting.remove(chosen)
            self._execute(chosen, time, kept)
        raise HopelessError(f"events trigger each other without end at time {time:g}")

    def _look(self, time: float, kept: list[float]) -> None:
        """Note triggers that became true or false."""
        found = [value != 0 for value in self.equations.triggers([time, *kept])]
        for place, (now, before) in enumerate(zip(found, self.held, strict=True)):
            if now and not before:
                self.waiting.append(self._triggered(place, time, kept))
        self.held = found
        self.waiting = [
            one
            for one in self.waiting
            if found[one.place] or self.equations.happenings[one.place].event.persistent
        ]

    def _triggered(self, place: int, time: float, kept: list[float]) -> Waiting:
        item = self.equations.happenings[place]
        now = [time, *kept]
        delay = 0.0 if item.delay is None else item.delay(now)[0]
        if math.isnan(delay) or delay < 0:
            message = f"the delay of the event '{item.event.name}' is {delay:g} at time {time:g}"
            raise HopelessError(message)
        values = tuple(item.values(now)) if item.event.values_at_trigger else None
        end = after(time, delay)
        return Waiting(place, self.snapped(end) if delay > 0 else end, values)

    def _first(self, due: list[Waiting], time: float, kept: list[float]) -> Waiting:
        """Return the event of the highest priority; among equal ones chance decides.

        Chance is keyed by how many events were executed, so it is the same in every run. Without
        priorities the first that was triggered comes first.
        """

        def priority(one: Waiting) -> float:
            function = self.equations.happenings[one.place].priority
            value = -math.inf if function is None else function([time, *kept])[0]
            return -math.inf if math.isnan(value) else value

        ranks = [priority(one) for one in due]
        best = [one for one, rank in zip(due, ranks, strict=True) if rank == max(ranks)]
        return best[0] if max(ranks) == -math.inf else best[_chance(self.executed, len(best))]

    def _execute(self, chosen: Waiting, time: float, kept: list[float]) -> None:
        """Assign all values of an event; concentrations with the sizes that then hold."""
        item = self.equations.happenings[chosen.place]
        values = item.values([time, *kept]) if chosen.values is None else chosen.values
        _assign(item, values, time, kept)
        self.executed += 1


def _assign(item: Happening, values: tuple[float, ...] | list[float], time: float,
            kept: list[float]) -> None:  # fmt: skip
    pairs = list(zip(item.targets, values, strict=True))
    for target, value in pairs:
        if not target.sized:
            kept[target.place] = value
    if any(target.sized for target, _ in pairs):
        sizes = item.sizes([time, *kept])
        for (target, value), size in zip(pairs, sizes, strict=True):
            if target.sized:
                kept[target.place] = value * size


def _chance(key: int, among: int) -> int:
    """Return a place below `among`, uniform over keys."""
    digest = blake2b(str(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % among


def after(time: float, delay: float) -> float:
    """Return time + delay as the decimals read: 0.1 + 0.2 is 0.3, and meets an output there."""
    if math.isinf(delay) or delay == 0:
        return time + delay
    return float(Decimal(repr(time)) + Decimal(repr(delay)))
