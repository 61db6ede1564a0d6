"""Whether computations failed alike in all arms."""

from funis.analysis.results import Results
from funis.checks import Issue, IssueList

CHANCE = 0.05


def check_failures(results: Results) -> IssueList:
    """Check that no arm lost more patients to failed computations than another.

    A different failure rate between arms biases every comparison: it is an error where chance
    does not explain it (exact test of Fisher, p below 0.05), and a warning where it may.
    """
    issues: list[Issue] = []
    for index, arm in enumerate(results.arms):
        for other in results.arms[:index]:
            total, total_other = arm.n + arm.n_failed, other.n + other.n_failed
            if arm.n_failed * total_other == other.n_failed * total:
                continue
            from scipy.stats import fisher_exact  # slow to load, and seldom needed

            table = [[arm.n_failed, arm.n], [other.n_failed, other.n]]
            p_value = float(fisher_exact(table).pvalue)
            message = (
                f"the computation failed for {arm.n_failed} of {total} patients in arm "
                f"'{arm.arm}' and {other.n_failed} of {total_other} in arm '{other.arm}'"
            )
            severe = p_value < CHANCE
            expected = "the same failure rate in all arms"
            issue = Issue(
                None, None, "status", message, expected, None, "error" if severe else "warning"
            )
            issues.append(issue)
    return IssueList(issues)
