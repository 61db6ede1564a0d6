"""Two files of runs held against each other: by their bytes, then by what the tables say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funis.store import hash_file

if TYPE_CHECKING:
    import polars

IDENTICAL, SAME_NUMBERS, DIFFERENT, MISSING, NEW = (
    "identical", "same numbers", "different", "missing", "new",
)  # fmt: skip
MOST_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class FileMatch:
    """One file of a run beside the same file of another.

    Attributes
    ----------
    name
        Relative to the folder of the run.
    match
        identical (byte for byte) | same numbers (a table of equal content in other bytes) |
        different | missing (in the second) | new (in the second).
    told
        How they differ, in words; empty where they do not.
    """

    name: str
    match: str
    told: str = ""

    @property
    def same(self) -> bool:
        """Whether both say the same."""
        return self.match in (IDENTICAL, SAME_NUMBERS)

    @property
    def is_table(self) -> bool:
        """Whether it is a table of patients, visits or events."""
        return self.name.endswith(".parquet")


def match_files(names: tuple[str, ...], first: Path, second: Path) -> tuple[FileMatch, ...]:
    """Hold files of two folders against each other, in the order of their names."""
    return tuple(_match(name, first / name, second / name) for name in sorted(names))


def _match(name: str, first: Path, second: Path) -> FileMatch:
    if not second.is_file():
        return FileMatch(name, MISSING, "the second has no such file")
    if not first.is_file():
        return FileMatch(name, NEW, "the first has no such file")
    if hash_file(first) == hash_file(second):
        return FileMatch(name, IDENTICAL)
    if name.endswith(".parquet"):
        told = _table_difference(first, second)
        return FileMatch(name, DIFFERENT if told else SAME_NUMBERS, told)
    sizes = f"{first.stat().st_size:,} and {second.stat().st_size:,} bytes"
    return FileMatch(name, DIFFERENT, sizes)


def _table_difference(first: Path, second: Path) -> str:
    """Say how two tables differ; nothing where every cell is equal."""
    from funis.store import read_table

    one, other = read_table(first), read_table(second)
    if one.columns != other.columns:
        return f"other columns: {len(one.columns)} and {len(other.columns)}"
    if one.height != other.height:
        return f"{one.height:,} and {other.height:,} rows"
    changed = [name for name in one.columns if not one[name].equals(other[name], null_equal=True)]
    if not changed:
        return ""
    more = f" and {len(changed) - MOST_COLUMNS} more" if len(changed) > MOST_COLUMNS else ""
    return (
        f"other values in {', '.join(changed[:MOST_COLUMNS])}{more}{_largest(one, other, changed)}"
    )


def _largest(one: polars.DataFrame, other: polars.DataFrame, changed: list[str]) -> str:
    numbers = [name for name in changed if one[name].dtype.is_numeric()]
    apart: list[Any] = [(one[name] - other[name]).abs().max() for name in numbers]
    known = [float(value) for value in apart if value is not None]
    return f"; largest difference {max(known):.3g}" if known else ""
