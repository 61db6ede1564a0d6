import csv
import io
import json
import shutil

import numpy as np
import pytest

from funis.checks import InputError
from funis.models import library_folder
from funis.pipeline.course_plan import typical
from funis.pipeline.simulate import simulate_cohort
from funis.report import RESEARCH_USE


@pytest.fixture
def course(small_pool):
    return simulate_cohort("ra", ["70e6:iv@0,28"], weeks=12, patients=6, outputs=["TNF"], workers=1)


def series(course, name):
    return next(one for one in course.series if one.id == name)


def test_every_treated_series_has_its_untreated_one(course):
    for one in course.series:
        assert set(one.treated) == set(one.untreated) == {"median", "low", "high", "typical"}
        for group in (one.treated, one.untreated):
            assert {values.shape for values in group.values()} == {course.days.shape}
            assert np.all(group["low"] <= group["median"] + 1e-12)
            assert np.all(group["median"] <= group["high"] + 1e-12)


def test_untreated_disease_stays_as_it_is_and_cells_change_it(course):
    score = series(course, "DAS28_CRP")
    assert np.ptp(score.untreated["typical"]) < 1e-3
    assert score.treated["typical"].min() < score.untreated["typical"].min() - 0.02
    assert np.all(series(course, "live").untreated["high"] == 0)
    assert series(course, "live").treated["median"].max() > 10


def test_cells_are_seen_within_hours_of_a_dose(course):
    days = list(np.round(course.days, 4))
    assert {0.0, 1.0, 28.0, 29.0, 84.0} <= set(days)
    assert days == sorted(set(days))


def test_what_is_asked_for_is_shown_with_the_main_scores(course):
    assert {one.id for one in course.series if one.main} == {
        "DAS28_CRP", "pain_vas", "SHARP_TOTAL", "TNF",
    }  # fmt: skip
    assert series(course, "TNF").unit == "fold"
    assert series(course, "live").unit == "million cells"
    assert series(course, "SHARP_TOTAL").unit == "points"


def test_the_document_holds_both_series_the_statement_and_the_grade(course):
    document = course.document()
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    assert document["research_use"] == RESEARCH_USE
    assert document["evidence"].startswith("Evidence: ")
    assert document["doses"] == ["70e6:iv@0,28"]
    assert set(document["series"]["DAS28_CRP"]) == {"name", "unit", "treated", "untreated"}
    assert len(document["series"]["DAS28_CRP"]["treated"]["median"]) == len(document["weeks"])


def test_every_row_of_the_csv_holds_twin_grade_and_statement(course):
    rows = list(csv.DictReader(io.StringIO(course.csv())))
    assert len(rows) == len(course.series) * len(course.days)
    for row in rows:
        assert row["research_use"] == RESEARCH_USE
        assert row["evidence"] == course.evidence
        assert row["treated_median"]
        assert row["untreated_median"]
    first = next(row for row in rows if row["output"] == "DAS28_CRP")
    assert float(first["untreated_median"]) == pytest.approx(
        series(course, "DAS28_CRP").untreated["median"][0], rel=1e-5
    )


def test_a_dose_per_kg_follows_the_weight(small_pool, ra):
    heavy = simulate_cohort("ra", ["1e6/kg:iv@0"], weeks=1, patients=2, workers=1)
    table = typical(ra)
    weight = table.values[0, table.names.index("weight")]
    cells = simulate_cohort("ra", [f"{weight * 1e6}:iv@0"], weeks=1, patients=2, workers=1)
    per_kg, total = (series(one, "live").treated["typical"] for one in (heavy, cells))
    np.testing.assert_allclose(per_kg, total, rtol=1e-9)


def test_the_typical_patient_has_the_median_of_everything(ra):
    table = typical(ra)
    values = dict(zip(table.names, table.values[0], strict=True))
    assert values["female"] in (0.0, 1.0)
    assert values["prior_failures"] == 0.0
    assert values["severity"] == pytest.approx(ra.parameter("severity").value)


def test_patients_are_the_same_for_any_dose_and_seeds_differ(small_pool):
    one = simulate_cohort("ra", ["70e6:iv@0"], weeks=1, patients=4, workers=1)
    two = simulate_cohort("ra", ["10e6:iv@0"], weeks=1, patients=4, workers=1)
    other = simulate_cohort("ra", ["70e6:iv@0"], weeks=1, patients=4, seed=2, workers=1)
    first = [series(course, "DAS28_CRP").untreated["median"][0] for course in (one, two, other)]
    assert first[0] == first[1] != first[2]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"doses": []}, "--dose: no dose is given"),
        ({"doses": ["70e6:ivv@0"]}, "unknown route 'ivv'.*did you mean 'iv'"),
        ({"doses": ["0:iv@0"]}, "a dose of 0 cells; expected a dose above 0"),
        ({"weeks": 0}, "weeks: 0 is out of range"),
        ({"weeks": float("nan")}, "weeks: nan is out of range"),
        ({"patients": 0}, "patients: 0 is out of range"),
        ({"disease": "rb"}, "unknown disease 'rb'; expected one of as, cd, ms, ra"),
        ({"outputs": ["TFN"]}, "unknown output 'TFN'"),
    ],
)
def test_wrong_input_is_told(given, words):
    call = {"disease": "ra", "doses": ["70e6:iv@0"], "weeks": 1, **given}
    with pytest.raises(InputError, match=words):
        simulate_cohort(call.pop("disease"), call.pop("doses"), workers=1, **call)


def test_a_dose_per_kg_needs_a_weight(small_pool, ra, monkeypatch):
    import dataclasses

    from funis.pipeline import course_plan

    light = dataclasses.replace(ra, covariates={})
    monkeypatch.setattr(course_plan, "load_model", lambda _: light)
    with pytest.raises(InputError, match="is per kg, and patients of 'ra' have no weight"):
        simulate_cohort("ra", ["1e6/kg:iv@0"], weeks=1, patients=1, workers=1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("FLS = 1;", "FLS = 1; stray := 2*nosuch;", "nosuch: 'nosuch' has no value"),
        ("CRP_fold = 1;", "CRP_fold = 1/0;", "the value of 'CRP_fold' without treatment is inf"),
    ],
)
def test_a_disease_that_cannot_be_started_is_one_line(tmp_path, old, new, words):
    folder = tmp_path / "made_up"
    shutil.copytree(library_folder() / "diseases" / "ra", folder)
    text = (folder / "model.ant").read_text()
    assert old in text
    (folder / "model.ant").write_text(text.replace(old, new))
    with pytest.raises(InputError, match=words) as error:
        simulate_cohort(folder, ["70e6:iv@0"], weeks=1, patients=2)
    assert len(error.value.issues) == 1
    assert error.value.issues[0].line is not None
