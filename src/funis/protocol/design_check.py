"""What a design must satisfy across its keys, and with the arms, visits and endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from funis.checks import Issue, IssueList, nearest
from funis.protocol.designs import Crossover, Design, Escalation, Missing, Randomisation
from funis.protocol.lines import Lines, Path
from funis.protocol.values import (
    ALL,
    Arm,
    Dropout,
    EndpointRequest,
    Rule,
    Success,
    Visits,
)
from funis.units import DAYS_PER_WEEK

LATER = frozenset({"change", "percent_change", "previous"})
"""Functions that need a visit after baseline."""


def check_design(
    design: Design | None, arms: Sequence[Arm], population_size: int, where: Lines
) -> IssueList:
    """Parts of a design fit its kind, and its allocation is possible."""
    if design is None:
        return IssueList()
    issues = _check_kind(design, where)
    names = [arm.id for arm in arms]
    if design.crossover is not None:
        names = list(design.crossover.sequences)
    issues += _check_allocation(design, names, population_size, where)
    if design.escalation is not None:
        issues += _check_escalation(design.escalation, [arm.id for arm in arms], where)
    return IssueList([*issues, *_check_masking(design, where)])


def _check_kind(design: Design, where: Lines) -> list[Issue]:
    parts = {"crossover": design.crossover, "dose_escalation": design.escalation}
    keys = {"crossover": "crossover", "dose_escalation": "escalation"}
    issues = []
    for kind, part in parts.items():
        key = keys[kind]
        if part is None and design.kind == kind:
            message = f"kind {kind} without the block '{key}'"
            issues.append(where.issue(("design", "kind"), message, expected=f"the key '{key}'"))
        if part is not None and design.kind != kind:
            message = f"the block '{key}' in a design of kind {design.kind}"
            issues.append(where.issue(("design", key), message, expected=f"kind: {kind}"))
    return issues


def _check_allocation(
    design: Design, arms: Sequence[str], population_size: int, where: Lines
) -> list[Issue]:
    allocation, path = design.allocation, ("design", "allocation")
    if design.kind == "dose_escalation" and allocation != Randomisation():
        message = "an allocation beside an escalation"
        expected = "no allocation: the dose follows from the toxicities"
        return [where.issue(path, message, expected=expected)]
    issues = _check_ratio(allocation, arms, (*path, "ratio"), where)
    if not issues:
        issues += _check_block(allocation, tuple(arms), population_size, path, where)
    return issues + _check_strata(allocation, (*path, "strata"), where)


def _check_ratio(
    allocation: Randomisation, arms: Sequence[str], path: Path, where: Lines
) -> list[Issue]:
    issues = [
        _unknown("arm", name, arms, (*path, name), where)
        for name in allocation.ratio
        if name not in arms
    ]
    left_out = [arm for arm in arms if allocation.ratio and arm not in allocation.ratio]
    if left_out and not issues:
        message = f"no ratio for the arm '{left_out[0]}'"
        issues.append(where.issue(path, message, expected="a whole number for every arm"))
    return issues


def _check_block(
    allocation: Randomisation, arms: tuple[str, ...], population_size: int, path: Path, where: Lines
) -> list[Issue]:
    total = sum(allocation.shares(arms))
    if allocation.block is not None and allocation.block % total:
        message = f"a block of {allocation.block} cannot hold a ratio that sums to {total}"
        expected = f"a multiple of {total}"
        return [where.issue((*path, "block"), message, expected=expected)]
    if population_size < total and allocation.ratio:
        message = f"{population_size} patients cannot be split by a ratio that sums to {total}"
        return [where.issue((*path, "ratio"), message, expected=f"{total} patients or more")]
    return []


def _check_strata(allocation: Randomisation, path: Path, where: Lines) -> list[Issue]:
    issues = []
    for place, one in enumerate(allocation.strata):
        later = sorted(LATER & one.functions)
        if later:
            message = f"'{one.text}' cannot be judged at baseline: {later[0]} needs a later visit"
            expected = "a condition on what is known at baseline"
            issues.append(where.issue((*path, place), message, expected=expected))
        elif not one.is_truth and not one.text.isidentifier():
            message, expected = f"'{one.text}' is a number", "a condition, e.g. crp >= 15"
            issues.append(where.issue((*path, place), message, expected=expected))
    return issues


def _check_escalation(plan: Escalation, arms: Sequence[str], where: Lines) -> list[Issue]:
    path: Path = ("design", "escalation")
    issues = [
        _unknown("arm", name, arms, (*path, "levels", place), where)
        for place, name in enumerate(plan.levels)
        if name not in arms
    ]
    for name in arms:
        if not issues and name not in plan.levels:
            message = f"the arm '{name}' is no level of the escalation"
            issues.append(where.issue((*path, "levels"), message, expected="every arm once"))
    if len(set(plan.levels)) < max(2, len(plan.levels)):
        message = f"levels: {', '.join(plan.levels) or 'none'}"
        issues.append(where.issue((*path, "levels"), message, expected="two or more, each once"))
    if plan.most < plan.cohort:
        message = f"{plan.most} patients at most are fewer than a cohort of {plan.cohort}"
        issues.append(where.issue((*path, "most"), message, expected=f"{plan.cohort} or more"))
    if plan.method == "three_plus_three" and plan.cohort != 3:
        message = f"a cohort of {plan.cohort} in the 3+3 design"
        issues.append(where.issue((*path, "cohort"), message, expected="cohort: 3"))
    return issues


def _check_masking(design: Design, where: Lines) -> list[Issue]:
    path: Path = ("design", "unmasking")
    if design.kind == "crossover" and (design.masking == "open_label" or design.unmasking):
        message = "a crossover whose patients know or guess their period"
        expected = "masking: double_blind without unmasking (what they know is modelled by arm)"
        return [where.issue(("design", "masking"), message, expected=expected)]
    if design.bias is not None and design.masking == "double_blind" and not design.unmasking:
        message = "a bias by knowing the arm in a double-blind trial without unmasking"
        expected = "masking: open_label or single_blind, or the key 'unmasking'"
        return [where.issue(("design", "bias"), message, expected=expected)]
    if design.unmasking is None:
        return []
    if design.masking == "open_label":
        message = "unmasking in an open-label trial"
        return [where.issue(path, message, expected="masking: double_blind or single_blind")]
    if not design.unmasking.by:
        expected = "at least one adverse event, e.g. [fever]"
        return [where.issue((*path, "by"), "no event by which patients guess", expected=expected)]
    return []


def check_crossover(
    crossover: Crossover | None,
    arms: Sequence[Arm],
    visits: Visits,
    endpoints: Sequence[EndpointRequest],
    where: Lines,
) -> IssueList:
    """Sequences name arms, and every period fits between the visits with its doses."""
    if crossover is None:
        return IssueList()
    issues = _check_sequences(crossover, arms, where)
    if issues:
        return IssueList(issues)
    issues += _check_periods(crossover, visits, endpoints, where)
    return IssueList([*issues, *_check_period_arms(crossover, arms, where)])


def _check_sequences(crossover: Crossover, arms: Sequence[Arm], where: Lines) -> list[Issue]:
    path: Path = ("design", "crossover", "sequences")
    names, issues = [arm.id for arm in arms], []
    for sequence, order in crossover.sequences.items():
        for place, name in enumerate(order):
            if name not in names:
                issues.append(_unknown("arm", name, names, (*path, sequence, place), where))
        if len(order) != crossover.periods or len(order) < 2:
            message = f"the sequence '{sequence}' has {len(order)} periods"
            expected = f"{max(crossover.periods, 2)} in every sequence"
            issues.append(where.issue((*path, sequence), message, expected=expected))
    if len(crossover.sequences) < 2 and not issues:
        issues.append(where.issue(path, "a single sequence", expected="two or more"))
    return issues


def _check_periods(
    crossover: Crossover, visits: Visits, endpoints: Sequence[EndpointRequest], where: Lines
) -> list[Issue]:
    path: Path = ("design", "crossover", "period_week")
    issues = []
    end = crossover.starts[-1] + crossover.period_week
    if end > visits.last_week:
        message = f"the last period ends at week {end:g}, beyond the last visit"
        issues.append(where.issue(path, message, expected=f"week {visits.last_week:g} at most"))
        return issues
    for number, start in enumerate(crossover.starts, 1):
        if start not in visits.weeks:
            message = f"period {number} starts at week {start:g}, which has no visit"
            issues.append(where.issue(path, message, expected=_weeks(visits)))
    for index, one in enumerate(endpoints):
        absent = [start for start in crossover.starts if start + one.week not in visits.weeks]
        at: Path = ("endpoints", index, "week")
        if one.week > crossover.period_week:
            message = f"{one.endpoint} at week {one.week:g} of a period"
            issues.append(where.issue(at, message, expected=f"{crossover.period_week:g} at most"))
        elif absent:
            message = f"{one.endpoint} needs a visit at week {absent[0] + one.week:g}"
            issues.append(where.issue(at, message, expected=_weeks(visits)))
    return issues


def _check_period_arms(crossover: Crossover, arms: Sequence[Arm], where: Lines) -> list[Issue]:
    issues = []
    for index, arm in enumerate(arms):
        if arm.altered:
            message = f"the arm '{arm.id}' of a crossover changes the model"
            expected = "scenario and structures of the whole trial"
            issues.append(where.issue(("arms", index), message, expected=expected))
        for place, one in enumerate(arm.interventions):
            if max(one.days) >= crossover.period_week * DAYS_PER_WEEK:
                message = f"a dose on day {max(one.days):g}, after the end of the period"
                at: Path = ("arms", index, "interventions", place, "schedule")
                expected = f"days before {crossover.period_week * DAYS_PER_WEEK:g}"
                issues.append(where.issue(at, message, expected=expected))
    return issues


def check_period_methods(
    crossover: Crossover | None,
    success: Success | None,
    endpoints: Sequence[EndpointRequest],
    where: Lines,
) -> IssueList:
    """A crossover is analysed within patients: no other method can be named."""
    if crossover is None:
        return IssueList()
    expected = "no method: a crossover is analysed within patients"
    issues = [
        where.issue(("endpoints", index, "method"), f"method '{one.method}'", expected=expected)
        for index, one in enumerate(endpoints)
        if one.method is not None
    ]
    named = success is not None and (success.method or success.further or success.multiplicity)
    if named:
        message = "a method, further endpoints or multiplicity of a crossover"
        issues.append(where.issue(("success",), message, expected=expected))
    return IssueList(issues)


def check_period_rules(
    crossover: Crossover | None, rules: Sequence[Rule], dropout: Dropout, where: Lines
) -> IssueList:
    """Rules and drop-out of a crossover hold for every sequence."""
    if crossover is None:
        return IssueList()
    issues = [
        where.issue(
            ("rules", index, "arms"),
            f"rule '{rule.id}' for some arms of a crossover",
            expected="arms: all, since every patient goes through the arms",
        )
        for index, rule in enumerate(rules)
        if rule.arms != (ALL,)
    ]
    if dropout.arms:
        message = "drop-out of single arms in a crossover"
        issues.append(where.issue(("dropout", "arms"), message, expected="one rate_per_year"))
    return IssueList(issues)


def check_missing(missing: Sequence[Missing], where: Lines) -> IssueList:
    """Rows of what is missing stand once each and judge a condition."""
    names = [one.id for one in missing]
    issues = []
    for index, one in enumerate(missing):
        if one.id in names[:index]:
            message = f"missing '{one.id}' stands twice"
            issues.append(where.issue(("missing", index), message, expected="one row a name"))
        when = one.when
        if when is not None and not when.is_truth and not when.text.isidentifier():
            message, expected = f"'{when.text}' is a number", "a condition, e.g. tjc68 >= 6"
            issues.append(where.issue(("missing", index, "when"), message, expected=expected))
    return IssueList(issues)


def _unknown(kind: str, name: str, names: Iterable[str], path: Path, where: Lines) -> Issue:
    known = sorted(names)
    expected = "one of " + ", ".join(known)
    return where.issue(
        path, f"unknown {kind} '{name}'", expected=expected, nearest=nearest(name, known)
    )


def _weeks(visits: Visits) -> str:
    return "a visit week: " + ", ".join(f"{week:g}" for week in visits.weeks)
