"""The first page: the answer, the arms and their patients, durability, bars of responders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from funis.report.content import ArmSummary, DurabilityRow, Interval, TrialReport
from funis.report.numerals import MISSING, count, percent
from funis.report.results import contrast_text, estimate_text, interval_text
from funis.report.strips import (
    Axis,
    Mark,
    axis_around,
    axis_strip,
    calendar_axis,
    calendar_strip,
    interval_strip,
)
from funis.report.styles import ArmStyle, arm_styles

_WORDS = {True: "Effect found", False: "No effect found", None: "Not judged"}
_SIGNS = {True: "●", False: "○", None: MISSING}


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """The success rule in one arm."""

    label: str
    style: ArmStyle
    words: str
    sign: str
    kind: str
    statement: str
    estimate: str
    difference: str


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One arm of the protocol with its calendar and its patients."""

    arm: ArmSummary
    style: ArmStyle
    calendar: str
    n: str
    failed: str
    reasons: str
    dropped_out: str
    rescued: str


@dataclass(frozen=True, slots=True)
class DurabilityView:
    """The durability headline of one arm: three numbers, three strips."""

    label: str
    style: ArmStyle
    n: str
    effect: str
    effect_strip: str
    days: str
    days_strip: str
    later: str
    later_strip: str
    note: str


def outcome_rows(report: TrialReport) -> tuple[OutcomeRow, ...]:
    """Return the outcome of the success rule in each arm, with the primary numbers."""
    primary = next((view.key for view in report.endpoints if view.role == "primary"), None)
    estimates = {e.arm: estimate_text(e) for e in report.estimates if e.endpoint == primary}
    differences = {
        c.arm: contrast_text(c)
        for c in report.contrasts
        if c.endpoint == primary and c.reference == report.reference
    }
    styles = arm_styles(report)
    return tuple(
        OutcomeRow(
            label=report.label(outcome.arm),
            style=styles.get(outcome.arm, ArmStyle("a0", "ring")),
            words=outcome.words or _WORDS[outcome.found],
            sign=_SIGNS[outcome.found],
            kind={True: "found", False: "none", None: "open"}[outcome.found],
            statement=outcome.statement,
            estimate=estimates.get(outcome.arm, ""),
            difference=differences.get(outcome.arm, ""),
        )
        for outcome in report.success.outcomes
    )


def short_answer(report: TrialReport) -> str:
    """Return the outcome of the success rule in one sentence."""
    outcomes = report.success.outcomes
    found = [report.label(item.arm) for item in outcomes if item.found]
    if not outcomes:
        return "The success rule was not judged in this run."
    if not found:
        return "No effect found: the success rule was met in none of the arms."
    if len(found) == len(outcomes):
        return f"The success rule was met in every arm judged: {'; '.join(found)}."
    met = f"The success rule was met in {len(found)} of {len(outcomes)} arms: {'; '.join(found)}."
    return f"{met} In the others it was not."


def arm_rows(report: TrialReport) -> tuple[ArmRow, ...]:
    """Return the arms of the protocol, with their calendars on one axis."""
    weeks = calendar_weeks(report)
    styles = arm_styles(report)
    return tuple(
        ArmRow(
            arm=arm,
            style=styles[arm.id],
            calendar=calendar_strip(arm.dose_weeks, arm.drug_weeks, weeks, arm.regimen),
            n=count(arm.n),
            failed=count(arm.failed_total),
            reasons=", ".join(
                f"{reason}: {count(number)}" for reason, number in arm.failed.items()
            ),
            dropped_out=f"{count(arm.dropped_out)} ({_part(arm.dropped_out, arm.n)})",
            rescued=f"{count(arm.rescued)} ({_part(arm.rescued, arm.n)})",
        )
        for arm in report.arms
    )


def arm_calendar_axis(report: TrialReport) -> str:
    """Return the axis of the arms' calendars."""
    return calendar_axis(calendar_weeks(report))


def calendar_weeks(report: TrialReport) -> tuple[float, float]:
    """Return the weeks of the calendar: to the last end point or administration."""
    ends = [estimate.week for estimate in report.estimates]
    ends += [week for arm in report.arms for week in arm.dose_weeks]
    ends += [stop for arm in report.arms for _, stop in arm.drug_weeks]
    return 0.0, max([4.0, *ends])


def durability_views(report: TrialReport) -> tuple[DurabilityView, ...]:
    """Return the durability headline of each arm."""
    axis = _effect_axis(report)
    return tuple(_durability(report, row, axis) for row in report.durability)


def durability_axes(report: TrialReport) -> tuple[str, str]:
    """Return the axes of the durability table: the effect and the shares."""
    return axis_strip(_effect_axis(report), 4), axis_strip(_SHARES, 3)


_SHARES = Axis(0.0, 1.0, factor=100.0, suffix="%")


def _durability(report: TrialReport, row: DurabilityRow, axis: Axis) -> DurabilityView:
    style = arm_styles(report).get(row.arm, ArmStyle("a0", "ring"))

    def strip(interval: Interval | None, where: Axis, text: str) -> str:
        if interval is None:
            return ""
        return interval_strip([Mark(interval, style.shape, style.colour)], where, text)

    effect = interval_text(row.time_averaged_effect)
    days = interval_text(row.share_of_days, as_percent=True)
    later = row.improved_after_12_months
    later_text = "" if later is None else interval_text(later, as_percent=True)
    return DurabilityView(
        label=report.label(row.arm),
        style=style,
        n=count(row.n),
        effect=effect,
        effect_strip=strip(row.time_averaged_effect, axis, effect),
        days=days,
        days_strip=strip(row.share_of_days, _SHARES, days),
        later=later_text or "not reached in this run",
        later_strip=strip(later, _SHARES, later_text),
        note=row.note,
    )


def _effect_axis(report: TrialReport) -> Axis:
    intervals: Sequence[Interval] = [row.time_averaged_effect for row in report.durability]
    axis = axis_around(intervals, zero=0.0)
    return Axis(axis.low, axis.high, 0.0, signed=True)


def _part(number: int, whole: int) -> str:
    return percent(number / whole) if whole else MISSING
