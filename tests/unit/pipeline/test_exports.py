"""Every export of the program, made in a small form, says what it is and holds nothing it must not.

The statement of use stands inside the data, a treated series has its twin or placebo and the grade
of the evidence beside it, no FHIR resource orders anything, no field points to a real person.
"""

import importlib.util
import io
import json
import re
from functools import cache
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from pypdf import PdfReader

from funis.pipeline.design.document import design_document
from funis.pipeline.design.page import design_report
from funis.pipeline.export import export
from funis.pipeline.run import results_document, write_run
from funis.plan.privacy import names_person
from funis.report import RESEARCH_USE
from funis.report.design import render_design
from funis.report.plan import BANNER, write_plan
from funis.report.search import SearchPage, render_search
from funis.report.statement import NOT_APPROVED, SIMULATED

ROOT = Path(__file__).parents[3]
FORMATS = ("parquet", "csv", "xpt", "dataset-json", "usdm")
FORBIDDEN = (
    "MedicationRequest", "ServiceRequest", "CarePlan", "DeviceRequest", "NutritionOrder",
    "RequestGroup", "Goal",
)  # fmt: skip
OUTSIDE_FHIR = ("name", "family", "given", "contact")
"""Keys that name files, endpoints or drugs where they are no field of a person."""

ONLY_GIVEN = ("doses",)
"""Tables with a row for each thing that was given: a control that got nothing has none."""

ADVICE = re.compile(
    r"\b(you should|we recommend|is recommended for|should be treated with|consult your|"
    r"buy now|book (an|your) appointment|price per)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def example_plan():
    path = ROOT / "tests" / "unit" / "report" / "plan" / "conftest.py"
    spec = importlib.util.spec_from_file_location("example_plan", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.example()


@pytest.fixture(scope="module")
def exports(done, small_design, example_plan, tmp_path_factory):
    """Folder with every export, each in a folder of its own."""
    place = tmp_path_factory.mktemp("exports")
    write_run(done, results_document(done), place / "run")
    for name in FORMATS:
        export(str(place / "run"), name, out=place / name)
    write_plan(example_plan, place / "plan")
    page, document = render_design(design_report(small_design)), design_document(small_design)
    (place / "design").mkdir()
    (place / "design" / "design.html").write_text(page, encoding="utf-8")
    (place / "design" / "design.json").write_text(json.dumps(document), encoding="utf-8")
    return place


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@cache
def text_of(path):
    """Everything that a file says, as a reader of its format finds it."""
    if path.suffix == ".pdf":
        return " ".join(" ".join(one.extract_text() for one in PdfReader(path).pages).split())
    if path.suffix == ".parquet":
        return " ".join(pl.read_parquet_metadata(path).values())
    if path.suffix == ".xpt":
        frame, meta = pyreadstat.read_xport(io.BytesIO(path.read_bytes()))
        return " ".join([meta.file_label or "", *map(str, meta.column_labels), *frame.columns])
    text = path.read_bytes().decode("utf-8")
    return text.replace("\r\n ", "").replace("\\,", ",").replace("\\;", ";")


def beside(path):
    """What stands in the same folder as the note of a format that has no room for one."""
    notes = [path.with_name("manifest.json"), path.with_name("README.md")]
    return "".join(note.read_text(encoding="utf-8") for note in notes if note.is_file())


def test_every_kind_of_export_is_made_here(exports):
    endings = {path.suffix for path in files(exports)}
    assert endings == {".html", ".json", ".parquet", ".csv", ".xpt", ".pdf", ".ics", ".md"}
    assert {path.name for path in exports.iterdir()} == {"run", "plan", "design", *FORMATS}


def test_every_file_says_what_it_is_for_inside_or_in_the_note_beside_it(exports):
    silent = [
        str(path.relative_to(exports))
        for path in files(exports)
        if RESEARCH_USE not in text_of(path) and RESEARCH_USE not in beside(path)
    ]
    assert silent == []


def test_documents_and_pages_carry_the_statement_themselves(exports):
    for path in files(exports):
        if path.suffix in (".html", ".json", ".pdf", ".ics", ".md"):
            assert RESEARCH_USE in text_of(path), path


def test_every_table_for_others_says_in_itself_that_it_is_simulated(exports):
    for name in ("parquet", "dataset-json"):
        for path in files(exports / name):
            if path.suffix != ".md" and path.name != "manifest.json":
                assert SIMULATED in text_of(path), path
                assert RESEARCH_USE in text_of(path), path
    for path in [*files(exports / "xpt"), *files(exports / "csv")]:
        if path.suffix in (".xpt", ".csv"):
            assert "SIMFL" in text_of(path), path


def test_every_table_of_a_run_has_statement_and_evidence_in_its_metadata(exports):
    found = [path for path in files(exports / "run") if path.suffix == ".parquet"]
    assert len(found) > 2
    for path in found:
        marks = pl.read_parquet_metadata(path)
        assert marks["research_use"] == RESEARCH_USE
        assert marks["evidence"]


def test_every_page_of_a_plan_says_that_nothing_is_to_be_given(exports):
    for one in PdfReader(exports / "plan" / "plan.pdf").pages:
        assert BANNER in one.extract_text()
    for name in ("plan.html", "calendar.ics", "fhir.json", "plan.json"):
        assert BANNER in text_of(exports / "plan" / name)
    for name in ("plan.html", "plan.pdf", "plan.json"):
        assert NOT_APPROVED.split(" (as of")[0] in text_of(exports / "plan" / name)


def test_the_page_of_a_search_carries_the_statement():
    page = render_search(SearchPage("Search", "RA", (), "", False, (), "", (), (), ()))
    assert page.count(RESEARCH_USE) >= 2
    assert SIMULATED in page


def test_every_export_of_results_names_the_grade_of_the_evidence(exports):
    for path in files(exports):
        if path.name == "manifest.json" or path.parent.name == "design":
            continue
        said = text_of(path) + beside(path)
        assert re.search(r"(?i)evidence", said), path


def test_a_design_shows_no_effect_beside_the_posterior(exports):
    found = json.loads((exports / "design" / "design.json").read_text(encoding="utf-8"))
    for point in found["points"]:
        assert "type1" in json.dumps(point)
    assert "cells do nothing" in text_of(exports / "design" / "design.html")


def test_results_of_treated_patients_stand_beside_those_of_the_control(exports):
    found = json.loads((exports / "run" / "results.json").read_text(encoding="utf-8"))
    assert "placebo" in found["arms"]
    assert all(one["reference"] == "placebo" for one in found["contrasts"])


def test_every_table_of_patients_holds_the_control_arm(exports):
    for path in files(exports / "run"):
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            if "arm" in frame.columns and path.stem not in ONLY_GIVEN:
                assert "placebo" in frame["arm"].unique().to_list(), path
    for path in files(exports / "parquet"):
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            if {"ARM"} & set(frame.columns) and frame.height:
                assert frame["ARM"].n_unique() > 1, path


def test_treated_responses_of_a_plan_have_placebo_and_no_effect_in_the_data(exports):
    course = json.loads((exports / "plan" / "plan.json").read_text(encoding="utf-8"))["course"]
    for one in (*course["responses"], *course["bands"]):
        assert one["placebo"]
        assert one["no_effect"]
    for one in course["adverse_events"]:
        assert one["placebo"]


def test_no_fhir_resource_orders_or_describes_a_person(exports):
    for path in files(exports):
        if path.suffix == ".json":
            kinds = {one["resourceType"] for one in objects(json.loads(text_of(path)))
                     if "resourceType" in one}  # fmt: skip
            assert not kinds & {*FORBIDDEN, "Patient", "Person", "Practitioner"}, path


def test_no_field_of_any_export_points_to_a_real_person(exports):
    for path in files(exports):
        for key in keys(path):
            plain = key.lower()
            assert plain in OUTSIDE_FHIR or not names_person(key), (path, key)


def test_no_export_gives_advice(exports):
    for path in files(exports):
        if path.suffix in (".html", ".json", ".pdf", ".ics", ".md"):
            assert not ADVICE.search(text_of(path)), path


@pytest.mark.parametrize(
    "page",
    [
        "claims.md", "ledger.md", "safety.md", "validation.md", "commands.md", "plan.md",
        *(
            f"../src/funis/library/credibility/{path.name}"
            for path in (ROOT / "src" / "funis" / "library" / "credibility").glob("*.md")
        ),
    ],
)  # fmt: skip
def test_every_page_of_results_says_what_it_is_for(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert "research" in text.lower()
    assert re.search(r"(?i)not for\s+deciding\s+the\s+care\s+of\s+an\s+individual", text)


def test_the_statement_of_intended_use_is_what_the_program_says():
    text = " ".join((ROOT / "docs" / "intended_use.md").read_text(encoding="utf-8").split())
    for sentence in (RESEARCH_USE, SIMULATED, BANNER, NOT_APPROVED):
        assert sentence in text
    for name in FORBIDDEN[:3]:
        assert name in text
    for kind in ("Parquet", "CSV", "XPT", "Dataset-JSON", "USDM", "PDF", "iCalendar", "FHIR"):
        assert kind in text


def objects(data):
    """Every object in a document, at any depth."""
    if isinstance(data, dict):
        yield data
        for one in data.values():
            yield from objects(one)
    elif isinstance(data, list):
        for one in data:
            yield from objects(one)


def keys(path):
    """Names of the fields of a file: keys of JSON, columns of tables."""
    if path.suffix == ".json":
        return {key for one in objects(json.loads(text_of(path))) for key in one}
    if path.suffix == ".parquet":
        return set(pl.read_parquet_schema(path))
    if path.suffix == ".csv":
        return set(path.read_text(encoding="utf-8").splitlines()[0].split(","))
    if path.suffix == ".xpt":
        return set(pyreadstat.read_xport(io.BytesIO(path.read_bytes()))[0].columns)
    return set()
