"""Blocks ``design`` and ``missing``: what is read, what is refused in one line, what is hashed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.protocol import Design, Protocol, Randomisation, load_protocol

Write = Callable[..., Path]

END = "dropout:\n  rate_per_year: 0.1\n"
RATIO = "design: {allocation: {ratio: {placebo: 1, msc: 2}, block: 6, strata: [crp >= 15]}}\n"
CROSSOVER = (
    "design: {{kind: crossover, crossover: {{period_week: {period}, washout_week: {washout},"
    " sequences: {{first: [msc, {second}], last: [placebo, msc]}}}}}}\n"
)


def load(write: Write, block: str, *changes: tuple[str, str]) -> Protocol:
    return load_protocol(write((END, END + block), *changes))


def refused(write: Write, block: str, *changes: tuple[str, str]) -> str:
    with pytest.raises(InputError) as caught:
        load(write, block, *changes)
    (line,) = str(caught.value).splitlines()
    return line


def test_an_allocation_is_read(write_trial: Write) -> None:
    design = load(write_trial, RATIO).design
    assert design is not None
    assert design.allocation.shares(("placebo", "msc")) == (1, 2)
    assert design.allocation.strata[0].names == {"crp"}
    assert (design.kind, design.masking) == ("parallel", "double_blind")


def test_a_trial_without_a_design_keeps_its_hash_and_one_with_it_has_another(
    write_trial: Write,
) -> None:
    plain = load_protocol(write_trial())
    assert replace(plain, design=None, missing=()).hash == plain.hash
    assert replace(plain, design=Design()).hash != plain.hash


def test_the_plan_is_hashed_apart_from_patients_and_arms(write_trial: Write) -> None:
    plain = load_protocol(write_trial())
    larger = load_protocol(write_trial(("patients_per_arm: 20", "patients_per_arm: 30")))
    assert larger.hash != plain.hash
    assert larger.plan_hash == plain.plan_hash
    other = load_protocol(write_trial(("direction: greater", "direction: less")))
    assert other.plan_hash != plain.plan_hash


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("block: 6", "block: 4", "block of 4 cannot hold a ratio that sums to 3; expected a mult"),
        ("msc: 2", "mscs: 2", "unknown arm 'mscs'; expected one of msc, placebo"),
        ("{placebo: 1, msc: 2}", "{msc: 2}", "no ratio for the arm 'placebo'"),
        ("msc: 2", "msc: 0", "0 is too small; expected a number of at least 1"),
        ("msc: 2}, block: 6", "msc: 90}", "40 patients cannot be split by a ratio that sums to"),
        ("crp >= 15", "change(crp) > 1", "cannot be judged at baseline: change needs a later"),
        ("crp >= 15", "crp + 1", "'crp + 1' is a number; expected a condition"),
        ("block: 6", "block: 6, method: complete", "complete randomisation has no blocks"),
        ("{allocation", "{kind: crossover, allocation", "without the block 'crossover'"),
        (
            "{allocation",
            "{masking: open_label, unmasking: {by: [fever], share: 0.5, source: x}, allocation",
            "unmasking in an open-label trial",
        ),
        (
            "{allocation",
            "{bias: {sd: 0.1, source: x}, allocation",
            "a bias by knowing the arm in a double-blind trial",
        ),
    ],
)
def test_an_impossible_allocation_is_one_line(
    write_trial: Write, old: str, new: str, said: str
) -> None:
    assert old in RATIO
    line = refused(write_trial, RATIO.replace(old, new))
    assert said in line
    assert ".yaml:" in line


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("mechanism: at_random, probability: 0.3", "at_random without a condition"),
        (
            "mechanism: completely_at_random, probability: 1.3",
            "1.3 is too large; expected a number of at most 1",
        ),
        (
            "mechanism: completely_at_random, probability: -0.1",
            "-0.1 is too small; expected a number of at least 0",
        ),
        (
            "mechanism: completely_at_random, probability: 0.1, when: tjc68 > 1",
            "a condition of what is missing by chance",
        ),
        ("mechanism: by_chance, probability: 0.3", "expected"),
    ],
)
def test_what_is_missing_is_checked(write_trial: Write, missing: str, said: str) -> None:
    block = f"missing:\n  - {{id: one, source: assumed, {missing}}}\n"
    assert said in refused(write_trial, block)


@pytest.mark.parametrize(
    ("period", "washout", "second", "said"),
    [
        (12, 0, "nobody", "unknown arm 'nobody'"),
        (12, 6, "placebo", "the last period ends at week 30, beyond the last visit"),
        (12, 0, "placebo", "DAS28_CRP at week 24 of a period"),
        (4, 0, "placebo", "a dose on day 84, after the end of the period"),
    ],
)
def test_periods_and_sequences_fit_the_trial(
    write_trial: Write, period: int, washout: int, second: str, said: str
) -> None:
    block = CROSSOVER.format(period=period, washout=washout, second=second)
    rules = ("    arms: [msc]\n    visits: [12]", "    visits: [12]")
    with pytest.raises(InputError) as caught:
        load(write_trial, block, rules)
    assert said in str(caught.value)


def test_a_crossover_names_no_other_method(write_trial: Write) -> None:
    block = CROSSOVER.format(period=12, washout=0, second="placebo")
    end = ("DAS28_CRP, week: 24", "DAS28_CRP, week: 12")
    days = ("start_day: 0, every_day: 28, times: 4", "days: [0, 28]")
    rules = ("    arms: [msc]\n    visits: [12]", "    visits: [12]")
    method = (
        "measure: change, role: secondary",
        "measure: change, role: secondary, method: ancova",
    )
    line = refused(write_trial, block, end, days, rules, method)
    assert "a crossover is analysed within patients" in line


def test_sequences_give_their_arms_in_their_periods(write_trial: Write) -> None:
    block = CROSSOVER.format(period=12, washout=0, second="placebo")
    end = ("DAS28_CRP, week: 24", "DAS28_CRP, week: 12")
    days = ("start_day: 0, every_day: 28, times: 4", "days: [0, 28]")
    rules = ("    arms: [msc]\n    visits: [12]", "    visits: [12]")
    first, last = load(write_trial, block, end, days, rules).conducted
    assert [(one.id, one.days) for one in first.interventions] == [
        ("uc_msc_reference", (0, 28)),
        ("ifn", (0,)),
    ]
    assert last.interventions[0].days == (84, 112)
    assert last.id == "last"


def test_an_endpoint_after_the_last_visit_is_one_line(write_trial: Write) -> None:
    line = refused(write_trial, "", ("DAS28_CRP, week: 24", "DAS28_CRP, week: 30"))
    assert "DAS28_CRP at week 30, which has no visit; expected a visit week: 0, 4, 12, 24" in line


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("{days: [0], duration_day: 7}", "{days: [0]}"), "a drug without a duration"),
        (
            ("drug: ifn\n        dose: 0.5", "sham: true\n        route: iv"),
            "a sham with a duration",
        ),
        (("drug: ifn\n        dose: 0.5\n", "sham: true\n        dose: 1\n"), "a sham with a prod"),
    ],
)
def test_a_sham_has_a_route_and_days_alone(
    write_trial: Write, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        load_protocol(write_trial(change))


def test_a_rule_may_withdraw_by_chance(write_trial: Write) -> None:
    changes = ("    at_most: 1\n", "    chance: 0.5\n    at_most: 1\n")
    action = ("      stop: [ifn]\n", "      stop: [ifn]\n      withdraw: true\n")
    (rule,) = load_protocol(write_trial(changes, action)).rules
    assert (rule.chance, rule.action.withdraw) == (0.5, True)
    with pytest.raises(InputError, match="chance"):
        load_protocol(write_trial((changes[0], changes[1].replace("0.5", "1.5"))))


def test_a_default_allocation_is_equal_shares() -> None:
    assert Randomisation().shares(("a", "b")) == (1, 1)
