"""What methods, multiplicity and sensitivity analyses of a protocol must satisfy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from funis.checks import Issue, IssueList, nearest
from funis.protocol.analyses import DEFAULT_METHOD, METHOD_USES, TIME_METHODS, Sensitivity
from funis.protocol.lines import Lines, Path

if TYPE_CHECKING:
    from funis.protocol.values import EndpointRequest, Success

IMPUTING = ("multiple_imputation", "jump_to_reference", "delta")


def check_methods(endpoints: Sequence[EndpointRequest], where: Lines) -> IssueList:
    """Methods of endpoints exist and suit the measure; only a win ratio has a hierarchy."""
    issues: list[Issue] = []
    for index, request in enumerate(endpoints):
        path: Path = ("endpoints", index)
        issues += check_method(request.method, request.measure, request.endpoint, path, where)
        if request.hierarchy and request.method != "win_ratio":
            message = f"a hierarchy for {request.method or 'the default method'}"
            expected = "method: win_ratio"
            issues.append(where.issue((*path, "hierarchy"), message, expected=expected))
    return IssueList(issues)


def check_method(
    method: str | None, measure: str, endpoint: str, path: Path, where: Lines
) -> list[Issue]:
    """Check that a method exists and takes what the endpoint is reported as."""
    if method is None:
        return []
    at = (*path, "method")
    if method not in METHOD_USES:
        names = sorted(METHOD_USES)
        expected, near = "one of " + ", ".join(names), nearest(method, names)
        return [where.issue(at, f"unknown method '{method}'", expected=expected, nearest=near)]
    if measure in METHOD_USES[method][0]:
        return []
    suits = [name for name, (measures, _) in METHOD_USES.items() if measure in measures]
    message = f"'{endpoint}' is reported as {measure}, which {method} cannot analyse"
    return [where.issue(at, message, expected="one of " + ", ".join(suits))]


def check_multiplicity(success: Success | None, where: Lines) -> IssueList:
    """A graph has a weight and a row for each hypothesis, none of them above 1 in sum."""
    if success is None or success.multiplicity is None:
        return IssueList()
    chosen, count = success.multiplicity, len(success.arms) * (1 + len(success.further))
    path: Path = ("success", "multiplicity")
    if chosen.method != "graphical":
        if not chosen.weights and not chosen.transitions:
            return IssueList()
        message = f"weights or transitions for {chosen.method}"
        return IssueList([where.issue(path, message, expected="method: graphical")])
    issues = []
    if len(chosen.weights) != count or sum(chosen.weights) > 1 + 1e-9:
        message = f"{len(chosen.weights)} weights that add up to {sum(chosen.weights):g}"
        expected = f"{count} (arms times endpoints) that add up to at most 1"
        issues.append(where.issue((*path, "weights"), message, expected=expected))
    if not _is_graph(chosen.transitions, count):
        expected = f"{count} rows of {count}, each adding up to at most 1, zero on the diagonal"
        issues.append(
            where.issue((*path, "transitions"), "transitions do not fit", expected=expected)
        )
    return IssueList(issues)


def _is_graph(rows: Sequence[Sequence[float]], count: int) -> bool:
    whole = len(rows) == count and all(len(row) == count for row in rows)
    return whole and all(sum(row) <= 1 + 1e-9 and row[i] == 0 for i, row in enumerate(rows))


def check_sensitivity(
    analyses: Sequence[Sensitivity], endpoints: Sequence[EndpointRequest], where: Lines
) -> IssueList:
    """Sensitivity analyses name an endpoint of the trial and what can be done with it."""
    issues: list[Issue] = []
    for index, one in enumerate(analyses):
        path: Path = ("sensitivity", index)
        asked = [r for r in endpoints if r.endpoint == one.endpoint and r.week == one.week]
        if not asked:
            keys = sorted({f"{r.endpoint} at week {r.week:g}" for r in endpoints})
            message = f"{one.endpoint} at week {one.week:g} is no endpoint of this trial"
            expected = "one of " + ", ".join(keys)
            issues.append(where.issue((*path, "endpoint"), message, expected=expected))
            continue
        issues += _check_sensitivity(one, asked[0], path, where)
    return IssueList(issues)


def _check_sensitivity(
    one: Sensitivity, request: EndpointRequest, path: Path, where: Lines
) -> list[Issue]:
    measure = request.measure
    issues = check_method(one.method, measure, one.endpoint, path, where)
    if one.delta is not None and one.missing != "delta":
        issues.append(where.issue((*path, "delta"), "a delta", expected="missing: delta"))
    if one.missing == "nonresponder" and measure != "responder":
        message = f"'{one.endpoint}' is no response, so nobody is a non-responder"
        expected = "missing: multiple_imputation, jump_to_reference or delta"
        issues.append(where.issue((*path, "missing"), message, expected=expected))
    if one.missing in IMPUTING:
        issues += _check_imputing(one, request, path, where)
    return issues


def _check_imputing(
    one: Sensitivity, request: EndpointRequest, path: Path, where: Lines
) -> list[Issue]:
    method = one.method or request.method or DEFAULT_METHOD[request.measure]
    if request.measure == "rate" or method in TIME_METHODS:
        message = f"{one.missing} of {request.endpoint}, whose time at risk ends with the visits"
        return [where.issue((*path, "missing"), message, expected="missing: observed")]
    able = ("newcombe",) if request.measure == "responder" else ("welch", "ancova")
    if method in able:
        return []
    message = f"{method} with {one.missing}"
    return [where.issue((*path, "method"), message, expected="method: " + " or ".join(able))]
