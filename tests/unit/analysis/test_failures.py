"""Failed computations: alike in all arms, or an error."""

from funis.analysis import ArmCount, Results, check_failures


def results(*arms: tuple[str, int, int]) -> Results:
    counts = tuple(
        ArmCount(arm, n, (("step too small", failed),) if failed else ()) for arm, n, failed in arms
    )
    return Results((), (), counts, ())


def test_equal_rates_are_no_issue() -> None:
    assert not check_failures(results(("a", 100, 0), ("b", 50, 0)))
    assert not check_failures(results(("a", 90, 10), ("b", 45, 5)))


def test_a_large_difference_is_an_error() -> None:
    issues = check_failures(results(("a", 100, 0), ("b", 80, 20)))
    assert len(issues.errors) == 1
    assert "20 of 100 patients in arm 'b' and 0 of 100 in arm 'a'" in str(issues)


def test_the_smallest_difference_is_an_error_too() -> None:
    issues = check_failures(results(("a", 100, 0), ("b", 99, 1)))
    assert len(issues.errors) == 1
    assert not issues.warnings
