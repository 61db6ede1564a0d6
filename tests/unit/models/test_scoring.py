"""Scores and responses against published values and by hand."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from funis.models.endpoints import (
    Endpoints,
    evaluate_endpoints,
    from_scale,
    load_endpoints,
    to_scale,
)

RA = Path(str(resources.files("funis"))) / "library" / "diseases" / "ra" / "endpoints.yaml"


@pytest.fixture(scope="module")
def ra() -> Endpoints:
    return load_endpoints(RA)


def columns(**values: float | list[float]) -> dict[str, NDArray[np.float64]]:
    return {name: np.atleast_1d(np.asarray(value, float)) for name, value in values.items()}


def test_das28_of_a_published_worked_example(ra: Endpoints) -> None:
    # test/types/das28.jl of RheumaComposites.jl, values from www.4s-dawn.com/DAS28:
    # 4 tender, 5 swollen, global 12 mm, ESR 44 mm/h or CRP 44 mg/L -> 4.56 and 4.24
    patient = columns(tjc28=4, sjc28=5, ptga=12, esr=44, crp=44)
    scores = evaluate_endpoints(ra, patient, patient)
    assert scores["DAS28_ESR"][0] == pytest.approx(4.56, abs=0.005)
    assert scores["DAS28_CRP"][0] == pytest.approx(4.24, abs=0.006)
    assert not scores["REMISSION_ESR"][0]
    assert not scores["REMISSION"][0]


def test_das28_crp_has_its_published_floor(ra: Endpoints) -> None:
    # medicalalgorithms.com, DAS28 CRP: least value 0.96 for four variables
    nothing = columns(tjc28=0, sjc28=0, ptga=0, crp=0)
    assert evaluate_endpoints(ra, nothing, nothing)["DAS28_CRP"][0] == 0.96


def test_cdai_and_sdai_are_sums(ra: Endpoints) -> None:
    patient = columns(tjc28=[5, 28], sjc28=[3, 28], ptga=[40, 100], phga=[30, 100], crp=[20, 400])
    scores = evaluate_endpoints(ra, patient, patient)
    np.testing.assert_allclose(scores["CDAI"], [15, 76])
    np.testing.assert_allclose(scores["SDAI"], [17, 86])


# Baseline and later DAS28 of the nine cells of the grid, as tested in the R package acreular
# (tests/testthat/test-response-ra.R)
GRID = [
    (3.64, 2.43, "good"),
    (3.64, 2.64, "moderate"),
    (2.64, 2.55, "none"),
    (5.50, 3.30, "moderate"),
    (4.00, 3.30, "moderate"),
    (4.71, 4.60, "none"),
    (6.57, 5.21, "moderate"),
    (6.00, 5.35, "none"),
    (6.23, 6.05, "none"),
]


def only_global(das28: list[float]) -> dict[str, NDArray[np.float64]]:
    """Components without joints or acute phase whose two DAS28 are both as given."""
    score = np.asarray(das28)
    return columns(
        tjc28=[0.0] * len(das28),
        sjc28=[0.0] * len(das28),
        ptga=[0.0] * len(das28),
        esr=np.exp(score / 0.70).tolist(),
        crp=(np.exp((score - 0.96) / 0.36) - 1).tolist(),
    )


@pytest.mark.parametrize("category", ["EULAR", "EULAR_CRP"])
def test_eular_response_in_all_nine_cells(ra: Endpoints, category: str) -> None:
    before = only_global([row[0] for row in GRID])
    after = only_global([row[1] for row in GRID])
    found = evaluate_endpoints(ra, after, before)
    levels = ("good", "moderate", "none")
    assert [levels[int(index)] for index in found[category]] == [row[2] for row in GRID]
    response = "EULAR_RESPONSE" if category == "EULAR" else "EULAR_RESPONSE_CRP"
    assert found[response].tolist() == [row[2] != "none" for row in GRID]
    assert found[f"{category}_good"].tolist() == [row[2] == "good" for row in GRID]


def test_eular_edges_belong_to_the_lower_cell(ra: Endpoints) -> None:
    # at most 3.2 and at most 5.1 count as reached; improvements of 0.6 do not count
    after = only_global([3.2 - 1e-9, 3.2 + 1e-6, 5.1 - 1e-9, 5.1 + 1e-6, 4.0])
    before = only_global([4.5, 4.5, 5.8, 5.8, 4.6 - 1e-9])
    found = evaluate_endpoints(ra, after, before, names=["EULAR"])
    assert found["EULAR"].tolist() == [0, 1, 1, 2, 2]


def test_a_missing_score_has_no_eular_level(ra: Endpoints) -> None:
    before, after = only_global([6.0, 6.0]), only_global([3.0, 3.0])
    after["esr"][0] = np.nan
    before["esr"][1] = np.nan
    found = evaluate_endpoints(ra, after, before)
    assert np.isnan(found["EULAR"]).all()
    assert not found["EULAR_RESPONSE"].any()
    assert not found["EULAR_none"].any()


BASE = {
    "tjc68": 20.0,
    "sjc66": 10.0,
    "pain_vas": 60.0,
    "ptga": 50.0,
    "phga": 50.0,
    "haq": 1.5,
    "crp": 10.0,
}
NAN = float("nan")
ACR = {  # what changes against baseline -> ACR20, ACR50, ACR70
    "nothing": ({}, (0, 0, 0)),
    "joints alone": ({"tjc68": 4, "sjc66": 2}, (0, 0, 0)),
    "joints and two of five": ({"tjc68": 16, "sjc66": 8, "pain_vas": 48, "ptga": 40}, (0, 0, 0)),
    "exactly 20 % in joints and three": (
        {"tjc68": 16, "sjc66": 8, "pain_vas": 48, "ptga": 40, "crp": 8},
        (1, 0, 0),
    ),
    "tender 15 %": (
        {"tjc68": 17, "sjc66": 2, "pain_vas": 10, "ptga": 10, "phga": 10, "haq": 0, "crp": 1},
        (0, 0, 0),
    ),
    "swollen joints unchanged": (
        {"tjc68": 2, "pain_vas": 10, "ptga": 10, "phga": 10},
        (0, 0, 0),
    ),
    "50 % with the third of five at 50 %": (
        {"tjc68": 10, "sjc66": 5, "pain_vas": 30, "ptga": 25, "haq": 0.75},
        (1, 1, 0),
    ),
    "50 % in joints, five at 20 %": (
        {"tjc68": 10, "sjc66": 5, "pain_vas": 48, "ptga": 40, "phga": 40, "haq": 1.125, "crp": 8},
        (1, 0, 0),
    ),
    "70 % everywhere": (
        {"tjc68": 6, "sjc66": 3, "pain_vas": 18, "ptga": 15, "phga": 15, "haq": 0.375, "crp": 3},
        (1, 1, 1),
    ),
    "two of five missing, three improved": (
        {"tjc68": 10, "sjc66": 5, "pain_vas": 30, "ptga": 25, "phga": 25, "haq": NAN, "crp": NAN},
        (1, 1, 0),
    ),
    "three of five missing": (
        {"tjc68": 2, "sjc66": 1, "pain_vas": 5, "ptga": 5, "phga": NAN, "haq": NAN, "crp": NAN},
        (0, 0, 0),
    ),
    "tender joints missing": (
        {"tjc68": NAN, "sjc66": 1, "pain_vas": 5, "ptga": 5, "phga": 5},
        (0, 0, 0),
    ),
}


@pytest.mark.parametrize("case", ACR)
def test_acr_responses_by_hand(ra: Endpoints, case: str) -> None:
    changed, expected = ACR[case]
    found = evaluate_endpoints(ra, columns(**{**BASE, **changed}), columns(**BASE))
    assert tuple(int(found[name][0]) for name in ("ACR20", "ACR50", "ACR70")) == expected


@pytest.mark.parametrize(
    ("base", "later", "responds"),
    [
        ({"sjc66": 0}, {"sjc66": 0}, False),  # no swollen joint at baseline: cannot improve
        ({"sjc66": 0}, {"sjc66": 2}, False),
        ({"haq": 0}, {"haq": 0, "phga": 20}, True),  # HAQ 0: three of the other four suffice
        ({"haq": 0}, {"haq": 0}, False),
        ({"crp": NAN}, {"phga": 20}, True),
        ({"tjc68": NAN}, {"phga": 20}, False),
    ],
)
def test_acr_with_a_baseline_of_0_or_missing(
    ra: Endpoints, base: dict[str, float], later: dict[str, float], responds: bool
) -> None:
    improved = {**BASE, "tjc68": 5.0, "sjc66": 2.0, "pain_vas": 20.0, "ptga": 20.0}
    found = evaluate_endpoints(ra, columns(**{**improved, **later}), columns(**{**BASE, **base}))
    assert bool(found["ACR20"][0]) == responds


def test_exact_falls_of_crp_count(ra: Endpoints) -> None:
    start = np.arange(0.5, 400, 0.5)
    for percent, name in ((20, "ACR20"), (50, "ACR50"), (70, "ACR70")):
        exact = np.round(start * 10) * (100 - percent) % 100 == 0
        later = np.round(start[exact] * (100 - percent) / 100, 1)
        size = later.size
        others = {key: np.full(size, value) for key, value in BASE.items() if key != "crp"}
        improved = {
            key: value * 0.2 if key in ("tjc68", "sjc66", "pain_vas", "ptga") else value
            for key, value in others.items()
        }
        found = evaluate_endpoints(
            ra, {**improved, "crp": later}, {**others, "crp": start[exact]}, names=[name]
        )
        assert found[name].all()
        above = evaluate_endpoints(
            ra, {**improved, "crp": later + 0.1}, {**others, "crp": start[exact]}, names=[name]
        )
        assert not above[name].any()


def test_only_what_is_wanted_is_computed(ra: Endpoints) -> None:
    patient = only_global([4.0])
    found = evaluate_endpoints(ra, patient, patient, names=["EULAR_good"])
    assert set(found) == {"DAS28_ESR", "EULAR", "EULAR_good", "EULAR_moderate", "EULAR_none"}


def test_scales_round_and_stay_within_range(ra: Endpoints) -> None:
    by_id = {component.id: component for component in ra.components}
    for component in ra.components:
        inside = np.linspace(component.low, component.high, 50)[1:-1]
        recorded = from_scale(component, to_scale(component, inside))
        step = component.rounding or 0.0
        assert np.max(np.abs(recorded - inside)) <= step / 2 + 1e-9
        steps = recorded / step
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
        for shift in (-50.0, 50.0):
            far = from_scale(component, to_scale(component, inside) + shift)
            assert np.all((far >= component.low) & (far <= component.high))
    assert from_scale(by_id["haq"], to_scale(by_id["haq"], np.array([1.3])))[0] == 1.25
    zero = to_scale(by_id["tjc68"], np.array([0.0]))
    assert np.isfinite(zero[0])
    assert from_scale(by_id["tjc68"], zero)[0] == 0
