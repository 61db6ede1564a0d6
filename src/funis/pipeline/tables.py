"""Plain tables of text, for a terminal or a Markdown file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from funis.checks import InputError, Issue
from funis.report.content import Interval
from funis.store import write_text


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, columns, and rows of text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        body = "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)
        return f"{self.title}\n\n{body}\n"


def interval_text(interval: Interval, percent: bool = False) -> str:
    """Return an estimate with its interval; what is not known is left out."""
    parts = [_number(x, percent) for x in (interval.estimate, interval.low, interval.high)]
    estimate, low, high = parts
    ends = f"{low} to {high}" if low and high else ""
    if not estimate:
        return ends or "not known"
    return f"{estimate} ({ends})" if ends else estimate


def fill_marked(path: Path, mark: str, text: str) -> None:
    """Replace what stands between ``<!-- generated: MARK -->`` and the next ``<!-- end -->``.

    Raises
    ------
    InputError
        The file cannot be read or has no such place.
    """
    before, after = marked_place(path, mark)
    write_text(path, f"{before}\n\n{text.strip()}\n\n{after}")


def marked_place(path: Path, mark: str) -> tuple[str, str]:
    """Return the text up to and with the mark, and the text from its end on.

    Raises
    ------
    InputError
        As for `fill_marked`.
    """
    begin, end = f"<!-- generated: {mark} -->", "<!-- end -->"
    try:
        whole = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        expected = "a Markdown file"
        raise InputError(Issue(str(path), None, None, "cannot be read", expected)) from None
    at = whole.find(begin)
    stop = whole.find(end, at)
    if at < 0 or stop < 0:
        message = f"no place for '{mark}'"
        raise InputError(Issue(str(path), None, None, message, f"the lines {begin} and {end}"))
    return whole[: at + len(begin)], whole[stop:]


def _number(value: float | None, percent: bool) -> str:
    if value is None:
        return ""
    return f"{100 * value:.1f} %" if percent else f"{value:.2f}"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
