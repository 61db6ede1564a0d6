"""What a person sees: tables on standard output, progress and warnings on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from funis.checks import IssueList
    from funis.pipeline.processes import Progress
    from funis.pipeline.simulate import CohortCourse
    from funis.pipeline.stream import StreamedCohort
    from funis.pipeline.tables import Table
    from funis.population import Pool

Item = TypeVar("Item")
Put = Callable[..., int]

SUCCESS, NOT_PASSED, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: fine; a gate not passed or biased failures; wrong input; Ctrl-C."""

WIDTH = 110
LABEL, CELL = 37, 23
SMALL = 1e-6


@contextmanager
def one_document(wanted: bool) -> Iterator[Put]:
    """Keep standard output for one JSON document: whatever else is printed goes to standard error.

    It works below Python, so that the engines written in C are caught too.
    """
    kept: list[str] = []

    def put(document: Any, issues: IssueList | None = None) -> int:
        kept.append(json.dumps(_stated(document), indent=2, ensure_ascii=False, allow_nan=False))
        return SUCCESS if issues is None else warn(issues)

    if not wanted:
        yield put
        return
    with _everything_to_stderr():
        yield put
    for text in kept:
        typer.echo(text)


def _stated(document: Any) -> Any:
    """Return a document that begins with the statement of use; a list has no place for it."""
    if not isinstance(document, dict) or "research_use" in document:
        return document
    from funis.report.statement import RESEARCH_USE

    return {"research_use": RESEARCH_USE, **document}


def standard_input() -> str:
    """Return the text that is piped in: UTF-8 on every system."""
    return sys.stdin.buffer.read().decode("utf-8-sig")


def failure_document(lines: Sequence[str]) -> str:
    """Return the JSON document of a run that failed."""
    return json.dumps({"error": list(lines)}, indent=2, ensure_ascii=False)


def progress(quiet: bool = False) -> Progress:
    """Return bars on standard error, or nothing where nobody watches."""
    from funis.pipeline.processes import silent

    return silent if quiet or not sys.stderr.isatty() else _bar


def warn(issues: IssueList) -> int:
    """Print issues of a run on standard error; an error among them makes the exit status 1."""
    for issue in issues:
        typer.echo(str(issue), err=True)
    return NOT_PASSED if issues.errors else SUCCESS


def failed_text(failed: Mapping[str, Mapping[str, int]]) -> str:
    """Return how many patients failed in each arm and why, as one line."""
    parts = [
        f"{arm} {number} ({reason})"
        for arm, reasons in failed.items()
        for reason, number in reasons.items()
    ]
    total = sum(number for reasons in failed.values() for number in reasons.values())
    return f"! {total} virtual patients failed: {', '.join(parts)}"


def show_tables(tables: Iterable[Table]) -> None:
    """Print tables one after the other."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for table in tables:
        grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in table.columns:
            grid.add_column(Text(column), overflow="fold")
        for row in table.rows:
            grid.add_row(*(Text(cell) for cell in row))
        console.print(Text(table.title), soft_wrap=True)
        console.print(grid)


def show_entries(entries: Sequence[Mapping[str, Any]]) -> None:
    """Print entries of the library, a line each, under their kinds."""
    width = max((len(str(entry["id"])) for entry in entries), default=0)
    several = len({entry["kind"] for entry in entries}) > 1
    kind = ""
    for entry in entries:
        if several and entry["kind"] != kind:
            typer.echo(f"{chr(10) if kind else ''}{entry['kind']}s")
            kind = str(entry["kind"])
        typer.echo(f"{'  ' if several else ''}{entry['id']:<{width}}  {entry['name']}")


def show_pool(pool: Pool) -> None:
    """Print what the gate did to the raw draws, and what the weights reached."""
    from funis.pipeline.tables import Table

    rows = [
        (row.reason.replace("_", " "), str(row.n), f"{100 * row.share:.1f} %") for row in pool.gate
    ]
    moments = [
        (f"{row.name}, {row.moment}", f"{row.unweighted:.4g}", f"{row.weighted:.4g}",
         f"{row.target:.4g}")
        for row in pool.moments
    ]  # fmt: skip
    title = (
        f"{len(pool)} plausible patients, as informative as {pool.effective_size:.0f} equal ones"
    )
    columns = ("statistic", "unweighted", "weighted", "target")
    show_tables(
        [
            Table("Raw draws", ("outcome", "draws", "share"), tuple(rows)),
            Table(title, columns, tuple(moments)),
        ]
    )


def show_course(course: CohortCourse) -> None:
    """Print the main quantities at a few weeks, treated beside untreated."""
    weeks = course.weekly()
    typer.echo(
        f"{' and '.join(course.doses)}: median (10 % to 90 %) of {course.patients} virtual"
        f" patients, seed {course.seed}.\nDisease does not fluctuate here: no noise, no placebo"
        f" response, no drop-out."
    )
    if course.failed:
        typer.echo(f"! {course.failed} more virtual patients failed and are left out")
    for one in (series for series in course.series if series.main):
        heads = "".join(f"{f'week {week:g}':<{CELL}}" for week, _ in weeks)
        typer.echo(f"\n{f'{one.name} [{one.unit}]':<{LABEL}}{heads}".rstrip())
        for words, group in (("treated", one.treated), ("untreated", one.untreated)):
            cells = "".join(f"{_band(group, row):<{CELL}}" for _, row in weeks)
            typer.echo(f"{f'  {words}':<{LABEL}}{cells}".rstrip())
        pairs = zip(one.treated["typical"], one.untreated["typical"], strict=True)
        both = [f"{_short(treated)} / {_short(untreated)}" for treated, untreated in pairs]
        cells = "".join(f"{both[row]:<{CELL}}" for _, row in weeks)
        typer.echo(f"{'  typical patient, both':<{LABEL}}{cells}".rstrip())
    others = ", ".join(series.id for series in course.series if not series.main)
    typer.echo(f"\nIn --csv and --json also: {others}." if others else "")
    typer.echo(f"{course.evidence}\n{course.research_use}")


def show_streamed(done: StreamedCohort) -> None:
    """Print the share of responders at the same weeks, and where the files lie."""
    weeks = done.course.weekly()
    heads = "".join(f"{f'week {week:g}':<{CELL}}" for week, _ in weeks)
    typer.echo(f"\n{'Responders, treated / untreated [%]':<{LABEL}}{heads}".rstrip())
    rows = [row for _, row in weeks]
    for one in done.responders:
        counts = [(one.treated[row], one.untreated[row]) for row in rows]
        if any(map(any, counts)):
            pairs = (" / ".join(_short(100 * count / one.n) for count in pair) for pair in counts)
            cells = "".join(f"{pair:<{CELL}}" for pair in pairs)
            typer.echo(f"{f'  {one.rule}':<{LABEL}}{cells}".rstrip())
    typer.echo(
        "Judged on the true course, without noise. Quantiles are within 0.2 %.\nPatients are drawn"
        f" with replacement from a pool of {done.pool_patients} virtual patients."
    )
    again = done.second_solutions
    if again["courses"]:
        typer.echo(
            f"{again['courses']} courses were solved a second time at a hundredth of the tolerance;"
            f"\nthe worst differs by {again['largest_deviation_in_rtol']:g} times the tolerance."
        )
    kept = f" ({done.kept} kept from an earlier run)" if done.kept else ""
    typer.echo(f"\nPatients: {done.folder}/chunks, {done.files} files{kept}")
    typer.echo(f"Summaries: {done.folder}/summary.parquet, responders.parquet, summary.json")


def _band(group: Mapping[str, Any], row: int) -> str:
    low, high = (_short(group[key][row]) for key in ("low", "high"))
    return f"{_short(group['median'][row])} ({low}..{high})"


def _short(value: float) -> str:
    return "0" if abs(value) < SMALL else f"{value:.3g}"


def _bar(label: str, items: Iterable[Item], total: int) -> Iterable[Item]:
    """Show a bar on standard error while items go through."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, description=label, total=total, console=console, transient=True)


@contextmanager
def _everything_to_stderr() -> Iterator[None]:
    sys.stdout.flush()
    try:
        saved = os.dup(1)
    except OSError:  # no standard output at all
        yield
        return
    try:
        os.dup2(2, 1)
        kept, sys.stdout = sys.stdout, sys.stderr
        try:
            yield
        finally:
            sys.stdout = kept
    finally:
        os.dup2(saved, 1)
        os.close(saved)
