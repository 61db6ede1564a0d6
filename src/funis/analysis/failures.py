"""Whether computations failed alike in all arms."""

from funis.analysis.results import Results
from funis.checks import Issue, IssueList


def check_failures(results: Results) -> IssueList:
    """Check that no arm lost a larger share of patients to failed computations than another.

    Failures are never chance: whoever cannot be solved differs from the others, so a different
    rate between arms biases every comparison and is an error, however small it is.
    """
    issues: list[Issue] = []
    for index, arm in enumerate(results.arms):
        for other in results.arms[:index]:
            total, total_other = arm.n + arm.n_failed, other.n + other.n_failed
            if arm.n_failed * total_other == other.n_failed * total:
                continue
            message = (
                f"the computation failed for {arm.n_failed} of {total} patients in arm "
                f"'{arm.arm}' and {other.n_failed} of {total_other} in arm '{other.arm}'"
            )
            expected = "the same failure rate in all arms"
            issues.append(Issue(None, None, "status", message, expected))
    return IssueList(issues)
