from collections.abc import Callable
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.protocol import CONTINUOUS, load_protocol

Write = Callable[..., Path]

PLACEBO = "    control: placebo\n"
PRODUCT = "      - product: uc_msc_reference\n        dose_cell_per_kg: 1.0e+6\n"
FIRST = "arms[1].interventions[0]: "


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_protocol(path)
    return str(caught.value)


def test_the_small_trial_is_read(write_trial: Write) -> None:
    protocol = load_protocol(write_trial())
    placebo, msc = protocol.arms
    assert (protocol.id, protocol.disease, protocol.seed) == ("small", "ra", 1)
    assert placebo.reference
    assert not msc.reference
    assert protocol.reference == placebo
    cells, ifn = msc.interventions
    assert cells.days == (0, 28, 56, 84)
    assert (cells.id, cells.input, cells.dose_cell_per_kg) == ("uc_msc_reference", "iv", 1e6)
    assert cells.per_kg
    assert (ifn.input, ifn.dose, ifn.duration_day) == ("ifn", 0.5, 7)
    assert protocol.visits.weeks == (0, 4, 12, 24)
    assert [request.key for request in protocol.endpoints] == ["ACR20@12", "DAS28_CRP_change@24"]
    assert protocol.success is not None
    assert (protocol.success.reference, protocol.success.alpha) == ("placebo", 0.05)
    assert protocol.population.criteria[0].expression.names == {"tjc68"}


def test_defaults_are_those_documented(write_trial: Write) -> None:
    population = load_protocol(write_trial()).population
    assert population.patients_per_site == round(8406 / 88)
    assert (population.screening_day, population.run_in_week) == (-14, 10)


def test_a_mean_has_no_composite_strategy(write_trial: Write) -> None:
    estimand = load_protocol(write_trial()).estimand
    assert estimand.intercurrent_events["discontinuation"] == "composite"
    assert estimand.continuous_events["discontinuation"] == "hypothetical"
    assert estimand.continuous_events["rescue"] == "treatment_policy"


def test_a_rule_is_read_as_data(write_trial: Write) -> None:
    (rule,) = load_protocol(write_trial()).rules
    assert rule.when.names == {"DAS28_CRP", "doses_given"}
    assert rule.applies_to("msc")
    assert not rule.applies_to("placebo")
    assert rule.asked_at(12)
    assert not rule.asked_at(4)
    assert (rule.action.stop, rule.at_most, rule.min_gap_week) == (("ifn",), 1, 4)
    assert not rule.action.rescue


@pytest.mark.parametrize("interval", ["4 weeks", "28 d", "28d"])
def test_days_may_be_text_with_a_unit(write_trial: Write, interval: str) -> None:
    path = write_trial(("every_day: 28, times: 4", f"every_day: {interval}, times: 4"))
    assert load_protocol(path).arms[1].interventions[0].days == (0, 28, 56, 84)


def test_a_continuous_drug_lasts_until_the_end(write_trial: Write) -> None:
    path = write_trial(("{days: [0], duration_day: 7}", "{start_day: 0, continuous: true}"))
    assert load_protocol(path).arms[1].interventions[1].duration_day == CONTINUOUS


def test_repeated_products_get_names_of_their_own(write_trial: Write) -> None:
    again = PRODUCT + "        route: it\n        schedule: {days: [0]}\n"
    path = write_trial((PRODUCT, again + PRODUCT))
    names = [given.id for given in load_protocol(path).arms[1].interventions]
    assert names == ["uc_msc_reference", "uc_msc_reference_2", "ifn"]


def test_placebo_may_be_empty_and_no_other_arm(write_trial: Write) -> None:
    path = write_trial((PLACEBO, "    reference: true\n"))
    assert message(path) == (
        f"{path}:10: arms[0]: arm 'placebo' is empty; "
        "expected at least one intervention, or control: placebo | standard_of_care"
    )


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    text = message(tmp_path / "absent.yaml")
    assert "absent.yaml" in text
    assert "no such file" in text
    assert "\n" not in text


def test_a_misspelt_key_has_its_line_and_the_nearest_key(write_trial: Write) -> None:
    text = message(write_trial(("patients_per_arm: 20", "patient_per_arm: 20")))
    assert ":6: population.patient_per_arm: " in text
    assert "did you mean 'patients_per_arm'?" in text
    assert "\n" not in text


@pytest.mark.parametrize("number", ["0", "-1.0e+6", "0.0"])
def test_a_dose_of_nothing_is_an_error(write_trial: Write, number: str) -> None:
    text = message(write_trial(("dose_cell_per_kg: 1.0e+6", f"dose_cell_per_kg: {number}")))
    assert ":17: arms[1].interventions[0].dose_cell_per_kg: " in text
    assert "expected a number greater than 0" in text


def test_an_infinite_dose_is_an_error(write_trial: Write) -> None:
    text = message(write_trial(("dose_cell_per_kg: 1.0e+6", "dose_cell_per_kg: .inf")))
    assert ":17: arms[1].interventions[0].dose_cell_per_kg: " in text


@pytest.mark.parametrize("number", ["4.0e7", "1e6", "1.0e6"])
def test_a_number_that_some_readers_take_for_text_is_an_error(
    write_trial: Write, number: str
) -> None:
    text = message(write_trial(("dose_cell_per_kg: 1.0e+6", f"dose_cell_per_kg: {number}")))
    assert ":17: arms[1].interventions[0].dose_cell_per_kg: " in text
    assert "e+" in text


def test_a_quoted_number_is_an_error(write_trial: Write) -> None:
    text = message(write_trial(("dose_cell_per_kg: 1.0e+6", "dose_cell_per_kg: '4.0e7'")))
    assert ":17: arms[1].interventions[0].dose_cell_per_kg: '4.0e7' is text" in text
    assert "expected a number" in text


def test_a_quoted_day_is_an_error(write_trial: Write) -> None:
    text = message(write_trial(("every_day: 28", "every_day: '28'")))
    assert ":19: arms[1].interventions[0].schedule.every_day: '28' is text" in text


def test_a_day_in_a_unit_of_weight_is_an_error(write_trial: Write) -> None:
    text = message(write_trial(("every_day: 28", "every_day: 28 kg")))
    assert ":19: arms[1].interventions[0].schedule.every_day: " in text
    assert "28 kg" in text


def test_visits_out_of_order(write_trial: Write) -> None:
    path = write_trial(("weeks: [0, 4, 12, 24]", "weeks: [0, 12, 4, 24]"))
    assert message(path) == (
        f"{path}:24: visits.weeks[2]: visits out of order: 4 after 12; expected weeks that rise"
    )


@pytest.mark.parametrize("weeks", ["[4, 12, 24]", "[]"])
def test_visits_start_at_week_0(write_trial: Write, weeks: str) -> None:
    text = message(write_trial(("weeks: [0, 4, 12, 24]", f"weeks: {weeks}")))
    assert ":24: visits.weeks: visits do not start at week 0" in text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "route: iv\n        schedule: {start",
            "schedule: {start",
            ":16: " + FIRST + "a product w",
        ),
        ("        dose: 0.5\n", "", ":20: arms[1].interventions[1]: a drug without a dose"),
        (", duration_day: 7", "", ":20: arms[1].interventions[1]: a drug without a duration"),
        ("dose: 0.5", "dose: 0.5\n        product: p", "product and drug stand together"),
        ("      - drug: ifn\n        dose: 0.5", "      - dose: 0.5", "neither product nor drug"),
        ("dose: 0.5", "dose: 0.0", ":21: arms[1].interventions[1].dose: "),
        ("every_day: 28, times: 4", "every_day: 28", "every_day and times stand together"),
        ("every_day: 28, times: 4", "days: [0], every_day: 28, times: 4", "days stand beside"),
        ("days: [0], duration", "days: [28, 0], duration", "days: days out of order: 28, 0"),
        ("duration_day: 7", "duration_day: 7, duration_week: 1", "several durations"),
        ("{days: [0], duration_day: 7}", "{days: [-1], duration_day: 7}", "schedule.days[0]: -1"),
        ("{days: [0], duration_day: 7}", "{duration_day: 7}", "no days"),
        ("{days: [0], duration_day: 7}", "{days: [], duration_day: 7}", "schedule.days: is empty"),
        ("every_day: 28, times: 4", "continuous: true", "a product cannot be continuous"),
    ],
)
def test_a_faulty_intervention_names_its_line(
    write_trial: Write, old: str, new: str, expected: str
) -> None:
    text = message(write_trial((old, new)))
    assert expected in text
    assert text.count("\n") == 0


def test_two_doses_in_one_intervention_are_an_error(write_trial: Write) -> None:
    text = message(write_trial((PRODUCT, PRODUCT + "        dose_cell: 7.0e+7\n")))
    assert ":16: arms[1].interventions[0]: both of dose_cell and dose_cell_per_kg" in text
    text = message(write_trial(("        dose_cell_per_kg: 1.0e+6\n", "")))
    assert "neither of dose_cell and dose_cell_per_kg; expected exactly one of them" in text


def test_an_unknown_strategy_has_the_nearest_one(write_trial: Write) -> None:
    text = message(write_trial(("rescue: treatment_policy", "rescue: treatment-policy")))
    assert "did you mean 'treatment_policy'?" in text


def test_a_broken_expression_names_its_line(write_trial: Write) -> None:
    text = message(write_trial(("expression: tjc68 >= 6,", "expression: tjc68 >=,")))
    assert ":8: population.criteria[0].expression: " in text


def test_an_unknown_function_has_the_nearest_one(write_trial: Write) -> None:
    text = message(write_trial(("change(DAS28_CRP)", "chnge(DAS28_CRP)")))
    assert ":46: rules[0].when: " in text
    assert "did you mean 'change'?" in text


def test_every_broken_expression_is_reported(write_trial: Write) -> None:
    path = write_trial(("tjc68 >= 6,", "tjc68 >=,"), ("change(DAS28_CRP)", "chnge(DAS28_CRP)"))
    assert len(message(path).splitlines()) == 2


def test_the_only_placebo_arm_is_the_reference_by_default(write_trial: Write) -> None:
    path = write_trial((PLACEBO, "    control: standard_of_care\n"))
    text = message(path)
    assert ":9: arms: no reference arm" in text
    assert len(text.splitlines()) == 1


def test_a_trial_of_one_arm_needs_no_reference(trial_text: str, tmp_path: Path) -> None:
    start, end = trial_text.index("  - id: placebo"), trial_text.index("  - id: msc")
    success, dropout = trial_text.index("success:"), trial_text.index("dropout:")
    text = trial_text[:start] + trial_text[end:success] + trial_text[dropout:]
    path = tmp_path / "single.yaml"
    path.write_text(text, encoding="utf-8")
    protocol = load_protocol(path)
    assert protocol.reference is None
    assert protocol.success is None
