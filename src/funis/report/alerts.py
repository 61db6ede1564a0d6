"""What a reader must see before any result: failures, missing controls, checks not passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from funis.report.content import ArmSummary, TrialReport
from funis.report.numerals import count, percent, week


@dataclass(frozen=True, slots=True)
class Alert:
    """A banner above the results."""

    level: Literal["error", "warning"]
    title: str
    text: str
    link: str = ""


def failure_rates_differ(arms: Sequence[ArmSummary]) -> bool:
    """Return whether the share of failed patients differs between arms (exactly)."""
    pairs = [(arm.failed_total, arm.n) for arm in arms if arm.n]
    return any(pairs[0][0] * n != failed * pairs[0][1] for failed, n in pairs[1:])


def alerts(report: TrialReport) -> tuple[Alert, ...]:
    """Return the banners of a report, errors first."""
    found = (_failures(report), _control(report), _unidentified(report), _checks(report))
    return tuple(alert for alert in found if alert is not None)


def failed_checks(report: TrialReport) -> tuple[str, ...]:
    """Return the checks that were not passed, in words."""
    drugs = [f"{row.drug}, {row.measure}" for row in report.drug_gate if row.verdict == "failed"]
    targets = [row.name for row in report.targets if not row.inside]
    arms = [
        f"{row.study}, {row.arm}, {row.endpoint} at week {week(row.week)}"
        for row in report.published
        if row.verdict == "failed"
    ]
    gate = report.draw_gate
    draws = []
    if gate is not None and gate.accepted < gate.required_share * gate.raw:
        draws = [f"raw draws accepted ({percent(gate.accepted / gate.raw)})"]
    return (*targets, *drugs, *draws, *arms)


def _failures(report: TrialReport) -> Alert | None:
    failed = [arm for arm in report.arms if arm.failed_total]
    if not failed:
        return None
    each = "; ".join(f"{arm.label}: {_failed_text(arm)}" for arm in failed)
    if failure_rates_differ(report.arms):
        title = "ERROR: the share of failed patients differs between arms"
        text = f"Comparisons between arms may be biased; do not use these results. {each}."
        return Alert("error", title, text, "#patients")
    title = "Some virtual patients failed"
    return Alert("warning", title, f"The same share failed in every arm. {each}.", "#patients")


def _failed_text(arm: ArmSummary) -> str:
    reasons = ", ".join(f"{reason}: {count(number)}" for reason, number in arm.failed.items())
    return f"{count(arm.failed_total)} of {count(arm.n)} ({reasons})"


def _control(report: TrialReport) -> Alert | None:
    if report.reference is not None:
        return None
    text = "Changes in single arms mix treatment with placebo response and regression to the mean."
    return Alert("warning", "No control arm: this trial cannot show an effect", text)


def _unidentified(report: TrialReport) -> Alert | None:
    view = report.uncertainty
    if view is None or view.identified:
        return None
    return not_told_from_none(view.basis, view.no_effect)


_AFTER = {"own": "after them", "borrowed": "after them and what other diseases say"}
"""What a basis of draws has seen; the prior has seen nothing."""


def not_told_from_none(basis: str, no_effect: Mapping[str, float]) -> Alert:
    """Return the banner of a disease whose published rows do not tell an effect from none.

    Parameters
    ----------
    basis
        What the cells are drawn from: borrowed | own | prior.
    no_effect
        Probability that cells do nothing, by basis.
    """
    before = f"{percent(no_effect.get('prior', 0.0), 0)} before"
    chance = f"{before} them, from which the cells here are drawn"
    if basis in _AFTER:
        after = f"{percent(no_effect.get(basis, 0.0), 0)} {_AFTER[basis]}"
        chance = f"{after}, from which the cells here are drawn, and {before}"
    return Alert(
        "warning",
        "Published trials do not tell an effect of these cells from none",
        "Placebo, regression to the mean, background treatment and open label explain the "
        "published arms of this disease nearly as well, and the rest hangs on single studies: no "
        f"effect has a probability of {chance}.",
        "#uncertainty",
    )


def _checks(report: TrialReport) -> Alert | None:
    failed = failed_checks(report)
    if not failed:
        return None
    title = (
        "1 check was not passed" if len(failed) == 1 else f"{len(failed)} checks were not passed"
    )
    return Alert("warning", title, "; ".join(failed) + ".", "#checks")
