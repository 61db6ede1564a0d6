"""Numbers of a claim in few words: what was published, what the model says, what potency 0 says."""

from __future__ import annotations

import math
from collections.abc import Sequence

from funis.analysis.intervals import Interval
from funis.claims.register import EffectPart, SharePart
from funis.claims.values import Pool, Statement
from funis.pipeline.claims.judge import PartResult
from funis.pipeline.claims.model import Lasting, Mechanism
from funis.pipeline.claims.published import RANGE

SHARES = ("proportion", "proportion of patients", "risk difference")


def number(value: float) -> str:
    """Return a number with three significant digits."""
    if not math.isfinite(value):
        return "not known"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def percent(value: float) -> str:
    """Return a share in percent."""
    return f"{100 * value:.0f} %" if math.isfinite(value) else "not known"


def pool_words(pool: Pool) -> str:
    """Return the numbers of one kind of study: type, measure, estimate, studies, patients."""
    show = percent if pool.measure in SHARES else number
    ends = "" if math.isnan(pool.low) else f" ({show(pool.low)} to {show(pool.high)})"
    size = "1 study" if len(pool.studies) == 1 else f"{len(pool.studies)} studies"
    many = f"{pool.patients} patients" if pool.patients else "patients not stated"
    if pool.study_type == "control arms":
        source = "; ".join(pool.studies)
        at = f"control arms without cells, week {pool.week:g}"
        ends = ends.replace("(", "(range ") if pool.label == RANGE else ends
        return f"{at}: {show(pool.estimate)}{ends}, {many} ({source})"
    estimate = f"{show(pool.estimate)}{ends}" if math.isfinite(pool.estimate) else "not pooled"
    alone = "" if pool.contrast else ", no comparison"
    chance = f", {pool.randomised} randomised" if pool.randomised else ""
    return (
        f"{pool.study_type}{alone}, week {pool.week:g}: {pool.measure} {estimate}; {size}"
        f" ({', '.join(pool.studies)}), {many}{chance}; {pool.cells}"
    )


def published_lines(part: PartResult) -> list[str]:
    """Return everything that was published on a part, a sentence a line."""
    lines = [pool_words(pool) for pool in part.pools]
    if part.unusable:
        reasons = dict.fromkeys(f"{one.study} ({one.reason})" for one in part.unusable)
        lines.append(f"published without a number that could be used: {'; '.join(reasons)}")
    lines += [
        f"{one.study} ({one.study_type}, {_people(one.n)}): {one.words}"
        for one in part.measurements
    ]
    lines += [f"{one.direction.replace('_', ' ')}: {one.source}" for one in part.comparisons]
    lines += [
        f"{one.term.replace('_', ' ')}: {one.kind.replace('_', ' ')} {one.estimate:.2f}"
        f" ({one.low:.2f} to {one.high:.2f}); pool of {one.trials} trials, {one.patients} patients,"
        f" {one.route} ({one.study})"
        for one in part.harms
    ]
    if part.rate is not None:
        share, n = part.rate
        lines.append(f"{interval_percent(share)} of {n} patients, any cells")
    return lines


def _people(n: int | None) -> str:
    return "patients not stated" if n is None else f"{n} patients"


def interval_percent(share: Interval) -> str:
    """Return a share with its interval."""
    return f"{100 * share.estimate:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"


def model_words(part: PartResult) -> str:
    """Return what the model says if cells act, with its interval, and whether they may not."""
    if part.statement is not None:
        return _statement(part, part.statement)
    if part.lasting is not None:
        return _lasting(part.lasting)
    if part.mechanisms:
        return _mechanisms([one for _, one in part.mechanisms])
    return ""


def zero_words(part: PartResult) -> str:
    """Return what the model says at potency 0."""
    if part.statement is not None:
        one = part.statement
        return "no difference" if one.silent_at_zero else _difference(part, one.at_zero.estimate)
    if part.lasting is not None:
        return interval_percent(part.lasting.at_zero)
    if part.mechanisms:
        silent = all(one.silent_at_zero for _, one in part.mechanisms)
        return "no difference" if silent else "a difference too"
    return ""


def _is_share(part: PartResult) -> bool:
    one = part.part
    return isinstance(one, SharePart) or (
        isinstance(one, EffectPart) and one.measure == "responder"
    )


def _difference(part: PartResult, value: float) -> str:
    if _is_share(part):
        points = f"{100 * value:.0f}"
        return "0 points" if points == "-0" else f"{points} point{'s' * (abs(int(points)) != 1)}"
    small = abs(value) < 1e-4
    return "0" if small else number(value)


def _statement(part: PartResult, one: Statement) -> str:
    ends = (one.low80, one.high80)
    span = f"80 %: {_difference(part, min(ends))} to {_difference(part, max(ends))}"
    unit = f" {part.unit}" if part.unit and not _is_share(part) else ""
    show = percent if _is_share(part) else number
    text = (
        f"{_difference(part, one.middle.estimate)}{unit} ({span}): {show(one.treated)} with cells,"
        f" {show(one.control)} without; P(no effect) {percent(one.no_effect)}"
    )
    if isinstance(part.part, EffectPart) and part.part.stops and one.control:
        slowed = -one.middle.estimate / one.control
        text += f"; {percent(slowed)} of the worsening prevented"
    return text


def _lasting(one: Lasting) -> str:
    ends = f"weak {percent(one.low.estimate)}, strong {percent(one.high.estimate)}"
    return f"still better a year later: {interval_percent(one.middle)} of {one.patients}; {ends}"


def _mechanisms(found: Sequence[Mechanism]) -> str:
    """Return the range over diseases, since a mechanism is asked of each."""
    moved = sorted(one.middle.estimate for one in found)
    unit = found[0].unit.replace("pg_per_mL", "pg/mL") or "fold of untreated"
    ends = sorted(end for one in found for end in (one.low80, one.high80))
    text = (
        f"{number(moved[0])} to {number(moved[-1])} {unit} over {len(found)} diseases, mean of four"
        f" weeks (weak to strong cells: {number(ends[0])} to {number(ends[-1])})"
    )
    shares = sorted(one.by_cells for one in found if one.by_cells is not None)
    if shares:
        text += f"; made by the cells themselves: {percent(shares[0])} to {percent(shares[-1])}"
    return text
