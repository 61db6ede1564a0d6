import pytest

from funis.report import render_trial
from funis.report.alerts import (
    alerts,
    failed_checks,
    failure_rates_differ,
    not_told_from_none,
)
from funis.report.content import ArmSummary, DrawGate


def arms(*failed: tuple[int, int]) -> tuple[ArmSummary, ...]:
    return tuple(
        ArmSummary(f"a{i}", f"Arm {i}", "x", n, "placebo" if i == 0 else None,
                   failed={"not solved": number} if number else {})
        for i, (number, n) in enumerate(failed)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("failed", "differ"),
    [
        (((0, 100), (0, 100)), False),
        (((1, 100), (1, 100)), False),
        (((1, 100), (2, 200)), False),
        (((0, 100), (1, 100)), True),
        (((1, 100), (1, 200)), True),
        (((0, 0), (1, 100)), False),
        ((), False),
    ],
)
def test_failure_rates(failed, differ):
    assert failure_rates_differ(arms(*failed)) is differ


def test_a_different_failure_rate_is_an_error_on_top(bare):
    report = bare(arms=arms((0, 100), (3, 100)), reference="a0")
    first = alerts(report)[0]
    assert first.level == "error"
    assert "3 of 100 (not solved: 3)" in first.text
    page = render_trial(report)
    assert page.index("ERROR: the share of failed patients differs") < page.index("The answer</h2>")
    assert page.count("ERROR: the share of failed patients differs") == 2


def test_the_same_failure_rate_is_a_warning(bare):
    found = alerts(bare(arms=arms((2, 100), (2, 100)), reference="a0"))
    assert [alert.level for alert in found] == ["warning"]


def test_no_failure_no_banner(bare):
    report = bare(arms=arms((0, 100), (0, 100)), reference="a0")
    assert alerts(report) == ()
    assert "No simulation failed in any arm." in render_trial(report)


def test_a_missing_control_is_a_warning(bare):
    assert "No control arm" in alerts(bare(reference=None))[0].title


def test_checks_that_were_not_passed_are_named(report, bare):
    names = failed_checks(report)
    assert names == (
        "Change in pain at week 12, placebo",
        "Anti-IL-6R, DAS28-CRP, week 24",
        "He 2020, UC-MSC, ACR20 at week 48",
    )
    assert alerts(report)[-1].title == "3 checks were not passed"
    assert failed_checks(bare(draw_gate=DrawGate(100, 60))) == ("raw draws accepted (60.0%)",)
    assert alerts(bare(draw_gate=DrawGate(100, 60)))[0].title == "1 check was not passed"


@pytest.mark.parametrize(
    ("basis", "told"),
    [("borrowed", "7% after them and what other diseases say"), ("own", "4% after them,")],
)
def test_the_probability_of_no_effect_is_that_of_the_cells_that_were_drawn(basis, told):
    text = not_told_from_none(basis, {"borrowed": 0.07, "own": 0.04, "prior": 0.3}).text
    assert told in text
    assert text.endswith("from which the cells here are drawn, and 30% before.")
    assert text.count("%") == 2


def test_cells_drawn_before_any_study_have_one_probability():
    text = not_told_from_none("prior", {"own": 0.04, "prior": 0.3}).text
    assert text.endswith("30% before them, from which the cells here are drawn.")
