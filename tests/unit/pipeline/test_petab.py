"""PEtab: the exported model against the engine, formulas, tables, and the linter."""

import csv
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from funis.calibrate.settings import load_settings
from funis.checks import InputError
from funis.models import load_model
from funis.pipeline.course_plan import typical
from funis.pipeline.petab import petab_problem, write_problem
from funis.pipeline.petab.formula import NoFormula, endpoint_formula
from funis.pipeline.petab.model import condition_values, given_to, model_with_doses, slots
from funis.pipeline.petab.problem import evaluate
from funis.pipeline.petab.write import table_text
from funis.protocol import CONTINUOUS, Intervention, dose_events
from funis.solver import simulate

WEEKS = 12
REGIMEN = (
    Intervention("a", product="uc_msc_reference", route="iv", dose_cell_per_kg=1e6, days=(0.0, 28)),
    Intervention("b", product="uc_msc_reference", route="iv", dose_cell=5e7, days=(28.0,)),
    Intervention("c", drug="ifn", dose=1.0, days=(0.0, 2.0), duration_day=1.0),
    Intervention("d", drug="anti_tnf", dose=1.0, days=(7.0,), duration_day=CONTINUOUS),
)


@pytest.fixture(scope="module")
def problem():
    return petab_problem("ssc", workers=1, patients=8)


def test_the_exported_model_has_the_course_of_the_engine(ra):
    import roadrunner

    patient = typical(ra)
    weight = patient.values[0, patient.names.index("weight")]
    given = given_to(REGIMEN, weight, {"uc_msc_reference": 0.9})
    counts = slots([given])
    engine = roadrunner.RoadRunner(model_with_doses(ra, counts, patient))
    engine.integrator.relative_tolerance = 1e-8
    for name, value in condition_values(given, counts, ra).items():
        engine[name] = value
    engine.reset(roadrunner.SelectionRecord.TIME)  # so that events of day 0 are seen
    formula = endpoint_formula("DAS28_ESR", ra.endpoints)
    names = sorted(set(re.findall(r"[a-z]+_[a-z_0-9]+", formula)))
    end = engine.simulate(0, 7 * WEEKS, 7 * WEEKS + 1, names)[-1]
    events = dose_events(
        REGIMEN, np.array([weight]), np.arange(1), end_minute=7 * WEEKS * 1440 + 1,
        recovered_fraction={"uc_msc_reference": 0.9},
    )  # fmt: skip
    minutes = np.array([0, 7 * WEEKS * 1440])
    found = simulate(ra, patient, events, minutes, outputs=names, rtol=1e-8)
    mine, other = (
        evaluate(formula, {name: np.atleast_1d(values[k]) for k, name in enumerate(names)})
        for values in (found.values[0, -1], end)
    )
    assert other == pytest.approx(mine, rel=1e-5)


def test_a_score_is_a_formula_of_what_the_model_computes(ra):
    formula = endpoint_formula("CDAI", ra.endpoints)
    values = {
        "tender_fraction_28": np.array([0.5]), "swollen_fraction_28": np.array([0.25]),
        "ptga_true": np.array([60.0]), "phga_true": np.array([50.0]),
    }  # fmt: skip
    assert evaluate(formula, values) == pytest.approx(14 + 7 + 6 + 5)


@pytest.mark.parametrize("name", ["ACR20", "SDAI"])
def test_what_is_no_smooth_formula_is_refused(ra, name):
    with pytest.raises(NoFormula):
        endpoint_formula(name, ra.endpoints)


def test_the_parameters_of_a_problem_are_those_of_stage_three(problem):
    stage = load_settings("ssc").stage(3)
    assert [line["parameterId"] for line in problem.parameters] == [p.parameter for p in stage]
    assert all(line["estimate"] == 1 for line in problem.parameters)
    model = load_model("ssc")
    for line in problem.parameters:
        assert line["nominalValue"] == model.parameter(line["parameterId"]).value


def test_every_table_names_what_the_others_hold(problem):
    conditions = {line["conditionId"] for line in problem.conditions}
    observables = {line["observableId"] for line in problem.observables}
    for line in problem.measurements:
        assert line["simulationConditionId"] in conditions
        assert line["observableId"] in observables
        assert line["noiseParameters"] > 0
    columns = set(problem.conditions[0]) - {"conditionId", "conditionName"}
    assert all(f'id="{name}"' in problem.sbml for name in columns)


def test_tables_have_a_column_for_every_key():
    rows = list(csv.reader(table_text([{"a": 1}, {"b": 0.5}]).splitlines(), delimiter="\t"))
    assert rows == [["a", "b"], ["1", ""], ["", "0.5"]]


def test_a_folder_says_what_petab_cannot_and_is_replaced_whole(problem, tmp_path):
    out = tmp_path / "ssc"
    for _ in range(2):
        write_problem(problem, out)
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "What PEtab cannot say" in text
    (out / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds 'notes\.txt'"):
        write_problem(problem, out)


@pytest.mark.skipif(find_spec("petab") is None, reason="the extra [petab] is not installed")
def test_the_linter_passes_a_problem(problem, tmp_path):
    write_problem(problem, tmp_path / "ssc")
    words = [sys.executable, "-m", "petab.petablint", "-y", str(tmp_path / "ssc" / "problem.yaml")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
