"""What a protocol must satisfy across its keys; one small function a rule."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from funis.checks import Expression, Issue, IssueList, nearest
from funis.protocol.analyses import FurtherEndpoint
from funis.protocol.check_analyses import check_method
from funis.protocol.lines import Lines, Path
from funis.protocol.values import (
    ALL,
    Arm,
    Dropout,
    EndpointRequest,
    Intervention,
    Population,
    Rule,
    Success,
    Visits,
)


def check_arms(arms: Sequence[Arm], where: Lines, *, compared: bool = True) -> IssueList:
    """Arms exist once each, hold something unless they are controls, and one is the reference.

    Nothing is the reference where arms are not ``compared``, as in a dose escalation.
    """
    if not arms:
        return IssueList([where.issue(("arms",), "no arm", expected="at least one arm")])
    issues = _repeated([arm.id for arm in arms], ("arms",), "arm", where)
    for index, arm in enumerate(arms):
        issues += _check_arm(arm, ("arms", index), where)
    return IssueList([*issues, *(_check_reference(arms, where) if compared else [])])


def _check_arm(arm: Arm, path: Path, where: Lines) -> list[Issue]:
    issues = _repeated(
        [given.id for given in arm.interventions], (*path, "interventions"), "intervention", where
    )
    if not arm.interventions and arm.control is None:
        message = f"arm '{arm.id}' is empty"
        expected = "at least one intervention, or control: placebo | standard_of_care"
        issues.append(where.issue(path, message, expected=expected))
    if arm.control == "placebo":
        for index, given in enumerate(arm.interventions):
            if given.product is not None:
                message = f"placebo arm '{arm.id}' is given the product '{given.product}'"
                at = (*path, "interventions", index, "product")
                issues.append(where.issue(at, message, expected="no product in a placebo arm"))
    return issues


def _check_reference(arms: Sequence[Arm], where: Lines) -> list[Issue]:
    flagged = [index for index, arm in enumerate(arms) if arm.reference]
    if len(flagged) > 1:
        names = ", ".join(arms[index].id for index in flagged)
        path = ("arms", flagged[1], "reference")
        return [where.issue(path, f"several reference arms: {names}", expected="one reference arm")]
    if not flagged and len(arms) > 1:
        expected = "reference: true in one arm (the default is the only placebo arm)"
        return [where.issue(("arms",), "no reference arm", expected=expected)]
    return []


def check_visits(visits: Visits, where: Lines) -> IssueList:
    """Visits start at week 0 and are in order."""
    weeks = visits.weeks
    path: Path = ("visits", "weeks")
    if not weeks or weeks[0] != 0:
        start = f"the first is {weeks[0]:g}" if weeks else "there are none"
        issue = where.issue(path, f"visits do not start at week 0: {start}", expected="0 first")
        return IssueList([issue])
    return IssueList(
        where.issue(
            (*path, index),
            f"visits out of order: {weeks[index]:g} after {weeks[index - 1]:g}",
            expected="weeks that rise",
        )
        for index in range(1, len(weeks))
        if not weeks[index] > weeks[index - 1]
    )


def check_endpoints(
    endpoints: Sequence[EndpointRequest], visits: Visits, where: Lines
) -> IssueList:
    """Endpoints stand once each, at a visit, and at least one of them is primary."""
    issues = _repeated([request.key for request in endpoints], ("endpoints",), "endpoint", where)
    for index, request in enumerate(endpoints):
        path: Path = ("endpoints", index, "week")
        if request.week not in visits.weeks:
            message = f"{request.endpoint} at week {request.week:g}, which has no visit"
            issues.append(where.issue(path, message, expected=_weeks(visits)))
        elif request.week == 0 and request.measure != "value":
            message = f"{request.measure} of {request.endpoint} at week 0"
            issues.append(where.issue(path, message, expected="a week after baseline"))
    if not any(request.role == "primary" for request in endpoints):
        issue = where.issue(("endpoints",), "no primary endpoint", expected="role: primary in one")
        issues.append(issue)
    return IssueList(issues)


def check_rules(
    rules: Sequence[Rule], arms: Sequence[Arm], visits: Visits, where: Lines
) -> IssueList:
    """Rules name arms, visits and interventions that exist, and do something."""
    issues = _repeated([rule.id for rule in rules], ("rules",), "rule", where)
    for index, rule in enumerate(rules):
        path: Path = ("rules", index)
        issues += _check_truth(rule.when, (*path, "when"), where)
        if rule.arms != (ALL,):
            issues += _unknown_arms(rule.arms, arms, (*path, "arms"), where)
        for position, week in enumerate(rule.weeks):
            if week not in visits.weeks:
                message = f"rule '{rule.id}' at week {week:g}, which has no visit"
                at: Path = (*path, "visits", position)
                issues.append(where.issue(at, message, expected=_weeks(visits)))
        issues += _check_action(rule, (*path, "action"), arms, rules, where)
    return IssueList(issues)


def check_criteria(population: Population, where: Lines) -> IssueList:
    """Criteria stand once each and are true or false."""
    path: Path = ("population", "criteria")
    names = [criterion.id for criterion in population.criteria]
    issues = _repeated(names, path, "criterion", where)
    for index, criterion in enumerate(population.criteria):
        issues += _check_truth(criterion.expression, (*path, index, "expression"), where)
    return IssueList(issues)


def _check_truth(expression: Expression, path: Path, where: Lines) -> list[Issue]:
    if expression.is_truth or expression.text.isidentifier():
        return []  # the disease knows whether a name alone is a condition
    message = f"'{expression.text}' is a number"
    return [where.issue(path, message, expected="a condition, e.g. tjc68 >= 6")]


def _check_action(
    rule: Rule, path: Path, arms: Sequence[Arm], rules: Sequence[Rule], where: Lines
) -> list[Issue]:
    if not rule.action.give and not rule.action.stop and not rule.action.withdraw:
        message = f"rule '{rule.id}' does nothing"
        return [where.issue(path, message, expected="give, stop or withdraw")]
    if rule.action.stop == (ALL,):
        return []
    given: list[Intervention] = [g for arm in arms for g in arm.interventions]
    given += [g for other in rules for g in other.action.give]
    names = sorted({intervention.id for intervention in given})
    return [
        where.issue(
            (*path, "stop", index),
            f"rule '{rule.id}' stops the unknown intervention '{name}'",
            expected=_one_of([*names, ALL]),
            nearest=nearest(name, names),
        )
        for index, name in enumerate(rule.action.stop)
        if name not in names
    ]


def check_success(
    success: Success | None,
    arms: Sequence[Arm],
    endpoints: Sequence[EndpointRequest],
    where: Lines,
    *,
    compared: bool = True,
) -> IssueList:
    """Success names arms and an endpoint of the trial, and its measure suits the endpoint."""
    if success is None:
        if len(arms) < 2 or not compared:
            return IssueList()
        return IssueList([where.issue((), "no success rule", expected="the key 'success'")])
    issues = _unknown_arms(success.arms, arms, ("success", "arms"), where)
    names = [arm.id for arm in arms]
    if success.reference and success.reference not in names:
        issues.append(_unknown_arm(success.reference, names, ("success", "reference"), where))
    if success.reference in success.arms:
        message = f"arm '{success.reference}' is compared with itself"
        issues.append(where.issue(("success", "arms"), message, expected="another arm"))
    return IssueList([*issues, *_check_success_endpoint(success, endpoints, where)])


def _check_success_endpoint(
    success: Success, endpoints: Sequence[EndpointRequest], where: Lines
) -> list[Issue]:
    issues = _check_asked(success, endpoints, ("success",), where)
    for index, further in enumerate(success.further):
        issues += _check_asked(further, endpoints, ("success", "further", index), where)
    return issues


def _check_asked(
    rule: Success | FurtherEndpoint, endpoints: Sequence[EndpointRequest], path: Path, where: Lines
) -> list[Issue]:
    """A success rule asks for an endpoint of the trial, by a method and measure that suit it."""
    names = {request.endpoint for request in endpoints}
    if rule.endpoint not in names:
        message = f"'{rule.endpoint}' is no endpoint of this trial"
        expected, near = _one_of(names), nearest(rule.endpoint, names)
        return [where.issue((*path, "endpoint"), message, expected=expected, nearest=near)]
    requests = [request for request in endpoints if request.endpoint == rule.endpoint]
    weeks = sorted({request.week for request in requests})
    if rule.week not in weeks:
        message = f"{rule.endpoint} is not asked for at week {rule.week:g}"
        expected = "one of " + ", ".join(f"{week:g}" for week in weeks)
        return [where.issue((*path, "week"), message, expected=expected)]
    return _check_rule_measure(rule, [r for r in requests if r.week == rule.week], path, where)


def _check_rule_measure(
    rule: Success | FurtherEndpoint, requests: Sequence[EndpointRequest], path: Path, where: Lines
) -> list[Issue]:
    if rule.method is not None:
        faults = [
            check_method(rule.method, request.measure, rule.endpoint, path, where)
            for request in requests
        ]
        if all(faults):
            return faults[0]
    summaries = {
        (request if rule.method is None else replace(request, method=rule.method)).summary
        for request in requests
    }
    if rule.measure in summaries:
        return []
    message = f"{rule.measure} does not suit {rule.endpoint}"
    if rule.method is not None:
        message += f" by {rule.method}"
    return [where.issue((*path, "measure"), message, expected=" or ".join(sorted(summaries)))]


def check_dropout(dropout: Dropout, arms: Sequence[Arm], where: Lines) -> IssueList:
    """Drop-out rates of single arms name arms of the trial."""
    names = [arm.id for arm in arms]
    return IssueList(
        _unknown_arm(name, names, ("dropout", "arms", name), where)
        for name in dropout.arms
        if name not in names
    )


def _unknown_arms(
    named: Sequence[str], arms: Sequence[Arm], path: Path, where: Lines
) -> list[Issue]:
    names = [arm.id for arm in arms]
    return [
        _unknown_arm(name, names, (*path, index), where)
        for index, name in enumerate(named)
        if name not in names
    ]


def _unknown_arm(name: str, names: Sequence[str], path: Path, where: Lines) -> Issue:
    expected, near = _one_of(names), nearest(name, names)
    return where.issue(path, f"unknown arm '{name}'", expected=expected, nearest=near)


def _repeated(names: Sequence[str], path: Path, kind: str, where: Lines) -> list[Issue]:
    return [
        where.issue((*path, index), f"{kind} '{name}' stands twice", expected=f"one {kind} a name")
        for index, name in enumerate(names)
        if name in names[:index]
    ]


def _weeks(visits: Visits) -> str:
    return "a visit week: " + ", ".join(f"{week:g}" for week in visits.weeks)


def _one_of(names: Iterable[str]) -> str:
    return "one of " + ", ".join(sorted(set(names)))
