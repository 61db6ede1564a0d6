import numpy as np
import pytest

from funis.checks import InputError
from funis.protocol import (
    CONTINUOUS,
    Arm,
    DoseEvents,
    Intervention,
    dose_events,
    end_doses,
    merge_doses,
    no_doses,
)

DAY = 1440
PER_KG = Intervention("a", product="p", dose_cell_per_kg=1e6, route="iv", days=(0.0, 28.0))
TOTAL = Intervention("b", product="q", dose_cell=70e6, route="it", days=(0.0,))
DRUG = Intervention("c", drug="anti_tnf", dose=0.5, days=(0.0,), duration_day=14.0)


def test_a_regimen_becomes_rows_sorted_by_patient_and_minute() -> None:
    events = dose_events((PER_KG, TOTAL), [70.0, 50.0], [7, 3])
    assert events.patient.tolist() == [3, 3, 3, 7, 7, 7]
    assert events.minute.tolist() == [0, 0, 28 * DAY] * 2
    assert events.input.tolist() == ["iv", "it", "iv"] * 2
    assert events.intervention.tolist() == ["a", "b", "a"] * 2
    assert events.amount.tolist() == [50.0, 70.0, 50.0, 70.0, 70.0, 70.0]
    assert events.duration_minute.tolist() == [0] * 6


def test_an_arm_may_stand_for_its_interventions() -> None:
    arm = Arm("msc", "Cells", interventions=(TOTAL,))
    assert dose_events(arm, None, [0]).amount.tolist() == [70.0]
    assert len(dose_events(Arm("placebo", "Placebo", "placebo"), None, [0, 1])) == 0


def test_coincident_doses_stay_separate_in_the_order_declared() -> None:
    events = dose_events((TOTAL, TOTAL, PER_KG), [60.0], [0])
    assert events.minute.tolist() == [0, 0, 0, 28 * DAY]
    assert events.intervention.tolist() == ["b", "b", "a", "a"]


def test_a_drug_is_an_amount_spread_over_its_duration() -> None:
    events = dose_events((DRUG,), None, [0])
    assert events.input.tolist() == ["anti_tnf"]
    assert events.amount.tolist() == [0.5 * 14]
    assert events.duration_minute.tolist() == [14 * DAY]


def test_doses_of_a_rule_count_from_the_visit() -> None:
    events = dose_events((TOTAL,), None, [4], start_minute=112 * DAY)
    assert events.minute.tolist() == [112 * DAY]


def test_the_end_of_the_trial_drops_and_cuts() -> None:
    events = dose_events((PER_KG, DRUG), [60.0], [0], end_minute=7 * DAY)
    assert events.minute.tolist() == [0, 0]
    assert events.amount.tolist() == [60.0, 3.5]
    assert events.duration_minute.tolist() == [0, 7 * DAY]


def test_a_continuous_drug_lasts_until_the_end() -> None:
    drug = Intervention("c", drug="mtx", dose=2.0, days=(7.0,), duration_day=CONTINUOUS)
    events = dose_events((drug,), None, [0], end_minute=28 * DAY)
    assert events.duration_minute.tolist() == [21 * DAY]
    assert events.amount.tolist() == [42.0]
    with pytest.raises(ValueError, match="end_minute"):
        dose_events((drug,), None, [0])
    assert len(dose_events((drug,), None, [0], end_minute=7 * DAY)) == 0


def test_cells_that_are_not_recovered_do_not_enter() -> None:
    events = dose_events((PER_KG, TOTAL), [60.0], [0], recovered_fraction={"p": 0.5})
    assert events.amount.tolist() == [30.0, 70.0, 30.0]


@pytest.mark.parametrize("weight", [None, [0.0, 70.0], [70.0, -1.0], [np.nan, 70.0]])
def test_a_dose_per_kg_needs_a_weight(weight: list[float] | None) -> None:
    with pytest.raises(InputError, match="dose_cell_per_kg: 'a' is dosed per kg"):
        dose_events((PER_KG,), weight, [0, 1])


def test_other_doses_need_no_weight() -> None:
    assert len(dose_events((TOTAL,), None, [0, 1])) == 2


def test_a_patient_stands_once() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        dose_events((TOTAL,), None, [1, 1])


def test_tables_are_merged_in_order() -> None:
    first, second = dose_events((PER_KG,), [60.0], [2]), dose_events((TOTAL,), None, [2, 1])
    merged = merge_doses(first, second)
    assert merged.patient.tolist() == [1, 2, 2, 2]
    assert merged.intervention.tolist() == ["b", "a", "b", "a"]
    assert len(merge_doses(no_doses(), no_doses())) == 0


def test_doses_end_for_some_patients_and_interventions() -> None:
    events = dose_events((DRUG, PER_KG), [60.0, 60.0], [0, 1])
    ended = end_doses(events, 7 * DAY, patients=[1], interventions=["c"])
    assert ended.amount.tolist() == [7.0, 60.0, 60.0, 3.5, 60.0, 60.0]
    assert ended.duration_minute.tolist() == [14 * DAY, 0, 0, 7 * DAY, 0, 0]
    gone = end_doses(events, 0, patients=[1])
    assert gone.patient.tolist() == [0, 0, 0]


def test_columns_are_checked_and_read_only() -> None:
    events = dose_events((TOTAL,), None, [0, 1])
    with pytest.raises(ValueError, match="read-only"):
        events.amount[0] = 1.0
    columns = [column.copy() for column in events.columns()]
    with pytest.raises(ValueError, match="not sorted"):
        DoseEvents(columns[0][::-1].copy(), *columns[1:])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="negative"):
        DoseEvents(*columns[:3], -columns[3], *columns[4:])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="differ in length"):
        DoseEvents(*columns[:5], columns[5][:1])  # type: ignore[arg-type]
