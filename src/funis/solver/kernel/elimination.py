"""Static sparse LU: which entries arise, in which order, decided once for a pattern.

Pivots are taken from the diagonal: next comes the one that makes the fewest new entries, of equals
the one with the smallest product of remaining entries (Markowitz). Nothing is searched later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Entry = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Elimination:
    """The plan of a factorisation of a square matrix.

    Attributes
    ----------
    order : unknowns in the order in which they are pivots.
    lower : of each pivot in order: its row's columns left of the diagonal, in elimination order.
    upper : of each pivot in order: its row's columns right of the diagonal, in elimination order.
    changed : entries that earlier pivots change or make; the others keep their first value.
    """

    order: tuple[int, ...]
    lower: tuple[tuple[int, ...], ...]
    upper: tuple[tuple[int, ...], ...]
    changed: frozenset[Entry]


def eliminate(size: int, entries: Iterable[Entry]) -> Elimination:
    """Plan the elimination of a matrix whose off-diagonal pattern is given.

    Parameters
    ----------
    size : number of unknowns; the diagonal is always there.
    entries : (row, column) of what is not zero.
    """
    rows: list[set[int]] = [{i} for i in range(size)]
    columns: list[set[int]] = [{i} for i in range(size)]
    for row, column in entries:
        rows[row].add(column)
        columns[column].add(row)
    pattern = [set(row) for row in rows]
    changed: set[Entry] = set()
    left = set(range(size))
    order: list[int] = []
    while left:
        pivot = min(left, key=lambda k: (*_cost(k, rows, columns), k))
        _remove(pivot, rows, columns, pattern, changed)
        left.remove(pivot)
        order.append(pivot)
    place = {unknown: number for number, unknown in enumerate(order)}
    sort = [sorted(pattern[unknown], key=place.__getitem__) for unknown in order]
    return Elimination(
        tuple(order),
        tuple(tuple(c for c in row if place[c] < number) for number, row in enumerate(sort)),
        tuple(tuple(c for c in row if place[c] > number) for number, row in enumerate(sort)),
        frozenset(changed),
    )


def _cost(pivot: int, rows: list[set[int]], columns: list[set[int]]) -> tuple[int, int]:
    """Return the entries that a pivot would make, and the product of those beside and below it."""
    beside, below = rows[pivot], columns[pivot]
    made = sum(len(beside - rows[row]) for row in below if row != pivot)
    return made, (len(beside) - 1) * (len(below) - 1)


def _remove(
    pivot: int,
    rows: list[set[int]],
    columns: list[set[int]],
    pattern: list[set[int]],
    changed: set[Entry],
) -> None:
    """Take a pivot out of what remains and note the entries that its elimination touches."""
    beside = rows[pivot] - {pivot}
    below = columns[pivot] - {pivot}
    for row in below:
        rows[row].discard(pivot)
        for column in beside:
            rows[row].add(column)
            columns[column].add(row)
            pattern[row].add(column)
            changed.add((row, column))
    for column in beside:
        columns[column].discard(pivot)
