"""The page of a design: what a trial would find, how often, and what that rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from funis.report import design_charts as charts
from funis.report.codes import codes_of
from funis.report.content import Interval, Provenance
from funis.report.design_figures import design_figures
from funis.report.numerals import MISSING, count, decimal, percent
from funis.report.statement import RESEARCH_USE, SIMULATED
from funis.report.trial import code_markup, environment
from funis.store import write_text

AS_PLANNED = 0.01
"""Difference to the planned patients that is none."""


@dataclass(frozen=True, slots=True)
class SizeView:
    """A trial of one size; what was not asked for is None or empty.

    Attributes
    ----------
    n, sizes : patients in all arms, and in each.
    type1, power, assurance, if_any_effect : how often at least one arm meets the success rule.
    forms : competing form of the model -> assurance under it.
    arms : arm -> type I error, power and assurance of it alone.
    enrolled, weeks : patients and time to the last outcome that are expected, if cells do nothing
        and over the posterior; no time where the trial does not say how patients arrive.
    """

    n: int
    sizes: tuple[int, ...]
    type1: Interval
    power: Interval | None
    assurance: Interval | None
    if_any_effect: Interval | None
    forms: Mapping[str, Interval]
    arms: Mapping[str, tuple[Interval, Interval | None, Interval | None]]
    enrolled: tuple[float, float | None]
    weeks: tuple[float, float | None] | None


@dataclass(frozen=True, slots=True)
class DotView:
    """One replicate, what it reports, and how it is opened."""

    replicate: int
    interval: Interval
    success: bool
    acting: bool
    command: str


@dataclass(frozen=True, slots=True)
class StripView:
    """Replicates of the largest trial, with what they report of one arm."""

    arm: str
    dots: tuple[DotView, ...]


@dataclass(frozen=True, slots=True)
class BinsView:
    """A distribution: the share in each bin."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TrapView:
    """A series without a control, of cells that do nothing, beside a trial of as many patients."""

    score: str
    how: str
    n: int
    share: float
    inside: Interval
    finds: Interval
    shares: BinsView
    differences: BinsView


@dataclass(frozen=True, slots=True)
class DesignReport:
    """Everything that the page of a design shows.

    Attributes
    ----------
    rule, estimand, fixed_hash : fixed before the first patient.
    measure, unit : what a dot reports.
    limit : beyond which the whole interval has to lie, on the side of ``greater``.
    nominal : type I error that the rule allows each arm.
    no_effect : share of the posterior in which cells do nothing; None without a posterior.
    bank, parts : patients who were followed, in so many parts that share nobody.
    forms : id of a competing form -> what it says.
    disease_id, endpoint : names in the library, for the short codes of figures.
    """

    title: str
    disease: str
    question: str
    estimand: str
    rule: str
    fixed_hash: str
    measure: str
    limit: float
    null: float
    greater: bool
    ratio: bool
    nominal: float
    basis: str
    no_effect: float | None
    replicates: int
    draws: int
    bank: int
    parts: int
    failed: int
    sizes: tuple[SizeView, ...]
    strips: tuple[StripView, ...]
    traps: tuple[TrapView, ...]
    forms: Mapping[str, str]
    provenance: Provenance
    disease_id: str = ""
    endpoint: str = ""

    @property
    def largest(self) -> SizeView:
        """The largest trial."""
        return max(self.sizes, key=lambda size: size.n)


def write_design(report: DesignReport, path: Path) -> None:
    """Write the page to a file, whole or not at all."""
    write_text(path, render_design(report))


def render_design(report: DesignReport) -> str:
    """Return the page as HTML; it loads nothing and has no script."""
    return environment().get_template("design.html.j2").render(
        report=report, research_use=RESEARCH_USE, simulated=SIMULATED, answer=answer(report),
        null_sentence=null_sentence(report), warnings=warnings(report),
        curves=charts.curves(report), errors=charts.errors(report), rows=_rows(report),
        arm_rows=_arm_rows(report), strips=_strips(report), traps=_traps(report),
        trap_rows=_trap_rows(report), code=code_markup(codes_of(design_figures(report))),
    )  # fmt: skip


def answer(report: DesignReport) -> str:
    """Return the one sentence: assurance at the largest size; never power."""
    size = report.largest
    arms = " / ".join(str(one) for one in size.sizes)
    if size.assurance is None:
        return (
            f"Of {count(size.n)} patients ({arms}), {_share(size.type1)} of trials would meet the "
            "success rule although cells do nothing. How often it is met if they act was not asked "
            "or cannot be said: there is no posterior."
        )
    return (
        f"A trial of {count(size.n)} patients ({arms}) would meet its success rule with a "
        f"probability of {_share(size.assurance)}: the mean over all that the posterior holds for "
        "possible of the cells."
    )


def null_sentence(report: DesignReport) -> str:
    """Return what stands beside the answer: no effect, an effect, other forms."""
    size, parts = report.largest, []
    if report.no_effect is not None and size.if_any_effect is not None:
        parts.append(
            f"In {percent(report.no_effect, 0)} of it they do nothing; where they do "
            f"anything, the rule is met in {_share(size.if_any_effect)} of trials."
        )
    if size.forms:
        found = [one.estimate or 0.0 for one in size.forms.values()]
        ends = percent(min(found), 0) if min(found) == max(found) else (
            f"{percent(min(found), 0)} to {percent(max(found), 0)}"
        )  # fmt: skip
        parts.append(f"Under competing forms of the model the probability is {ends}.")
    if size.assurance is not None:
        parts.append(f"If cells do nothing it is {_share(size.type1, 1)}: the type I error.")
    return " ".join(parts)


def warnings(report: DesignReport) -> tuple[tuple[str, str], ...]:
    """Return what a reader must see first: a title and a text each."""
    found = []
    if report.failed:
        text = f"{count(report.failed)} courses of virtual patients could not be solved."
        found.append(("Some virtual patients failed", f"{text} They are left out of every trial."))
    allowed = report.nominal * len(report.sizes[0].arms)
    high = [size for size in report.sizes if (size.type1.low or 0.0) > allowed]
    if high:
        sizes = ", ".join(count(size.n) for size in high)
        text = (
            f"At {sizes} patients the lower end of its interval lies above {percent(allowed)}, "
            "what the rule allows all arms together."
        )
        found.append(("The type I error is above its nominal level", text))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of sizes, as text."""

    n: str
    sizes: str
    cells: tuple[tuple[str, str], ...]


def _rows(report: DesignReport) -> tuple[Row, ...]:
    return tuple(_row(size) for size in report.sizes)


def _row(size: SizeView) -> Row:
    cells = [("Assurance", _text(size.assurance)), ("if cells act", _text(size.if_any_effect))]
    cells += [(f"under {charts.form_words(name)}", _text(one)) for name, one in size.forms.items()]
    cells += [("Type I error", _text(size.type1, 1)), ("Power*", _text(size.power))]
    cells += _costs(size)
    known = tuple((name, text) for name, text in cells if text != MISSING)
    return Row(count(size.n), " / ".join(str(one) for one in size.sizes), known)


def _costs(size: SizeView) -> list[tuple[str, str]]:
    """Return expected patients, where a trial may end early or grow, and weeks, where known."""
    cells = []
    if any(one is not None and abs(one - size.n) > AS_PLANNED for one in size.enrolled):
        cells.append(("Expected patients (no effect / posterior)", _two(size.enrolled)))
    if size.weeks is not None:
        cells.append(("Expected weeks (no effect / posterior)", _two(size.weeks)))
    return cells


def _two(pair: tuple[float, float | None]) -> str:
    first, second = pair
    return count(round(first)) if second is None else f"{first:.0f} / {second:.0f}"


def _arm_rows(report: DesignReport) -> tuple[tuple[str, str, str, str, str], ...]:
    if len(report.sizes[0].arms) < 2:
        return ()
    return tuple(
        (count(size.n), arm, _text(type1, 1), _text(assurance), _text(power))
        for size in report.sizes
        for arm, (type1, power, assurance) in size.arms.items()
    )


@dataclass(frozen=True, slots=True)
class Strip:
    """The figure of the replicates of one arm: wide, narrow, in words and as rows."""

    arm: str
    words: str
    wide: str
    narrow: str
    rows: tuple[tuple[str, str, str, str], ...]


def _strips(report: DesignReport) -> tuple[Strip, ...]:
    found = []
    for place, strip in enumerate(report.strips):
        wide, narrow = charts.dots(report, strip, place)
        found.append(Strip(strip.arm, _dots_words(strip), wide, narrow, _dot_rows(report, strip)))
    return tuple(found)


def _dots_words(strip: StripView) -> str:
    won = sum(dot.success for dot in strip.dots)
    idle = sum(not dot.acting for dot in strip.dots)
    false = sum(dot.success and not dot.acting for dot in strip.dots)
    text = f"{count(won)} of {count(len(strip.dots))} trials meet the rule in this arm"
    return f"{text}; of the {count(idle)} in which cells do nothing, {count(false)}."


def _dot_rows(report: DesignReport, strip: StripView) -> tuple[tuple[str, str, str, str], ...]:
    return tuple(
        (
            str(dot.replicate), charts.interval_words(report, dot.interval),
            ("success" if dot.success else "no success")
            + ("" if dot.acting else ", cells do nothing"), dot.command,
        )
        for dot in charts.in_order(strip)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trap:
    """The figures of the smallest series, for one way of calling patients improved."""

    heading: str
    words: str
    n: str
    series: str
    trials: str


def _traps(report: DesignReport) -> tuple[Trap, ...]:
    least = min((trap.n for trap in report.traps), default=0)
    return tuple(
        Trap(
            f"{trap.score} {trap.how}", _trap_words(trap), count(trap.n), *charts.trap(trap, place)
        )
        for place, trap in enumerate(trap for trap in report.traps if trap.n == least)
    )


def _trap_words(trap: TrapView) -> str:
    return (
        f"Of all patients {percent(trap.share, 0)} are. Of series of {count(trap.n)} patients, "
        f"{_share(trap.inside)} show 60\u201390% improved. As many patients divided into a "
        f"treated and a control arm find a difference in {_share(trap.finds, 1)} of trials."
    )


def _trap_rows(report: DesignReport) -> tuple[tuple[str, str, str, str, str], ...]:
    return tuple(
        (
            count(trap.n), trap.how, percent(trap.share, 0), _text(trap.inside),
            _text(trap.finds, 1),
        )
        for trap in sorted(report.traps, key=lambda trap: trap.how)
    )  # fmt: skip


def _share(one: Interval, digits: int = 0) -> str:
    low, high = decimal(100 * (one.low or 0.0), digits), percent(one.high, digits)
    return f"{percent(one.estimate, digits)} (95% interval {low} to {high})"


def _text(one: Interval | None, digits: int = 0) -> str:
    if one is None or one.estimate is None or one.low is None or one.high is None:
        return MISSING
    low, high = (decimal(100 * end, digits) for end in (one.low, one.high))
    return f"{percent(one.estimate, digits)} ({low} to {high})"
