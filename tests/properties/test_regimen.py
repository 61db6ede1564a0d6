"""From a regimen to dose events, whatever the regimen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.protocol import DoseEvents, Intervention, dose_events, end_doses, merge_doses

days = st.lists(st.integers(0, 400).map(float), min_size=1, max_size=6).map(
    lambda values: tuple(sorted(values))
)
doses = st.floats(1e3, 1e9)


@st.composite
def interventions(draw: st.DrawFn) -> Intervention:
    name = draw(st.sampled_from("abcd"))
    kind = draw(st.sampled_from(["total", "per_kg", "drug"]))
    when = draw(days)
    if kind == "drug":
        length = float(draw(st.integers(1, 60)))
        dose = draw(st.floats(0.1, 3.0))
        return Intervention(name, drug="steroid", dose=dose, days=when, duration_day=length)
    route = draw(st.sampled_from(["iv", "it"]))
    if kind == "total":
        return Intervention(name, product="p", dose_cell=draw(doses), route=route, days=when)
    dose = draw(st.floats(1e3, 1e7))
    return Intervention(name, product="p", dose_cell_per_kg=dose, route=route, days=when)


regimens = st.lists(interventions(), max_size=5)
steady = settings(deadline=None, max_examples=60)
cohorts = st.dictionaries(st.integers(0, 10_000), st.floats(30.0, 150.0), min_size=1, max_size=6)


def expand(regimen: list[Intervention], cohort: dict[int, float]) -> DoseEvents:
    return dose_events(regimen, list(cohort.values()), list(cohort))


@steady
@given(regimens, cohorts)
def test_every_dose_of_every_patient_is_one_row(
    regimen: list[Intervention], cohort: dict[int, float]
) -> None:
    events = expand(regimen, cohort)
    assert len(events) == len(cohort) * sum(len(one.days) for one in regimen)
    for patient in cohort:
        minutes = sorted(round(day * 1440) for one in regimen for day in one.days)
        assert events.minute[events.patient == patient].tolist() == minutes


@steady
@given(regimens, cohorts)
def test_rows_are_sorted_and_coincident_ones_keep_their_order(
    regimen: list[Intervention], cohort: dict[int, float]
) -> None:
    events = expand(regimen, cohort)
    rows = list(zip(events.patient.tolist(), events.minute.tolist(), strict=True))
    assert rows == sorted(rows)
    expected = sorted(
        ((round(day * 1440), order) for order, one in enumerate(regimen) for day in one.days)
    )
    names = [regimen[order].id for _, order in expected]
    for patient in cohort:
        assert events.intervention[events.patient == patient].tolist() == names


@steady
@given(regimens, cohorts)
def test_the_total_is_that_of_the_regimen(
    regimen: list[Intervention], cohort: dict[int, float]
) -> None:
    events = expand(regimen, cohort)
    for patient, weight in cohort.items():
        for name in {one.input for one in regimen}:
            total = sum(
                (
                    one.dose * one.duration_day
                    if one.dose is not None
                    else (one.dose_cell or (one.dose_cell_per_kg or 0.0) * weight) / 1e6
                )
                * len(one.days)
                for one in regimen
                if one.input == name
            )
            rows = (events.patient == patient) & (events.input == name)
            np.testing.assert_allclose(events.amount[rows].sum(), total, rtol=1e-12)


@steady
@given(regimens, cohorts)
def test_only_doses_per_kg_scale_with_weight(
    regimen: list[Intervention], cohort: dict[int, float]
) -> None:
    light = expand(regimen, cohort)
    heavy = expand(regimen, {patient: 2 * weight for patient, weight in cohort.items()})
    scale = {True: 2.0, False: 1.0}
    order = sorted(
        (round(day * 1440), index) for index, one in enumerate(regimen) for day in one.days
    )
    factors = np.tile([scale[regimen[index].per_kg] for _, index in order], len(cohort))
    np.testing.assert_array_equal(heavy.amount, factors * light.amount)


@steady
@given(regimens, cohorts)
def test_a_patient_does_not_depend_on_the_others(
    regimen: list[Intervention], cohort: dict[int, float]
) -> None:
    together = expand(regimen, cohort)
    patients = sorted(cohort)
    apart = merge_doses(*(expand(regimen, {p: cohort[p]}) for p in reversed(patients)))
    for one, other in zip(together.columns(), apart.columns(), strict=True):
        assert one.tolist() == other.tolist()


@steady
@given(regimens, cohorts, st.integers(0, 400))
def test_what_ends_early_keeps_its_rate_and_never_outlasts_the_end(
    regimen: list[Intervention], cohort: dict[int, float], day: int
) -> None:
    minute = day * 1440
    events = expand(regimen, cohort)
    ended = end_doses(events, minute)
    assert np.all(ended.minute < minute)
    assert np.all(ended.minute + ended.duration_minute <= minute)
    before = events.minute < minute
    assert len(ended) == np.count_nonzero(before)
    running = ended.duration_minute > 0
    np.testing.assert_allclose(
        ended.amount[running] / ended.duration_minute[running],
        events.amount[before][running] / events.duration_minute[before][running],
        rtol=1e-12,
    )
    np.testing.assert_array_equal(ended.amount[~running], events.amount[before][~running])
    again = end_doses(ended, minute)
    assert again.amount.tolist() == ended.amount.tolist()
