"""The folder of a plan: everything or nothing, the same bytes each time."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from funis.checks import InputError
from funis.plan import Held, Holds, Interval
from funis.report import RESEARCH_USE
from funis.report.plan import BANNER, plan_document, plan_pdf, write_plan
from funis.report.plan.page import plan_page
from funis.report.plan.pdf import _STYLE
from funis.report.plan.write import FILES


def test_the_folder_holds_every_output_and_a_manifest(plan, tmp_path):
    folder = write_plan(plan, tmp_path / "plan")
    assert {one.name for one in folder.iterdir()} == {*FILES, "manifest.json"}
    assert json.loads((folder / "manifest.json").read_text())["research_use"] == RESEARCH_USE


def test_writing_twice_gives_the_same_bytes(plan, tmp_path):
    first, second = write_plan(plan, tmp_path / "a"), write_plan(plan, tmp_path / "b")
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    write_plan(plan, first)


def test_a_folder_of_somebody_else_is_not_touched(plan, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.txt"):
        write_plan(plan, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]


def test_the_document_says_what_it_is_first_and_keeps_every_digit(plan):
    found = plan_document(plan)
    assert list(found)[:3] == ["research_use", "data", "banner"]
    assert found["banner"] == BANNER
    assert found["grade"].startswith("Evidence: low")
    values = [Decimal(line["value"]) for line in found["worksheet"]["lines"]]
    assert values == [line.value for line in plan.worksheet.lines]
    assert "where" not in found["consultation"]


def test_no_treated_response_is_in_the_document_without_its_twins(plan):
    course = plan_document(plan)["course"]
    for one in [*course["responses"], *course["bands"]]:
        assert {"treated", "placebo", "no_effect"} <= set(one)


HEADING, CELLS = 13.5, (7.2, 9.0)
"""Sizes of print in `plan.typ`: headings of sections; cells of tables and small print [pt]."""


def printed(page):
    """Texts of a page between header and footer: height on the page, size, text."""
    found = []

    def see(text, matrix, text_matrix, font, size):
        if text.strip():
            found.append((text_matrix[5] * matrix[3] + matrix[5], round(size, 1), text))

    page.extract_text(visitor_text=see)
    height = float(page.mediabox.height)
    placed = [(y if y > 0 else height + y, size, text) for y, size, text in found]
    return [one for one in placed if 68 < one[0] < height - 66]


@pytest.mark.parametrize("more", range(0, 24, 3))
def test_no_heading_stands_at_the_foot_of_a_page_without_what_it_is_of(plan, more):
    judged = replace(plan.eligibility, judgements=plan.eligibility.judgements * (1 + more))
    pages = PdfReader(BytesIO(plan_pdf(replace(plan, eligibility=judged)))).pages
    for page in pages:
        texts = printed(page)
        for height, size, heading in texts:
            if size == HEADING:
                below = [text for y, other, text in texts if y < height - 30 and other in CELLS]
                assert below, f"{heading} stands alone at the foot of its page"


@pytest.mark.parametrize("found", ["band", "curve"])
def test_every_series_of_a_picture_has_a_colour_in_print(plan, found):
    drawn = {name for text in pictures(plan) for name in re.findall(rf'class="{found} plan [^"]*?(a\d)"', text)}  # noqa: E501  # fmt: skip
    assert {"a0", "a1", "a2", "a3"} <= drawn
    assert all(f".{found}.{style} {{" in _STYLE for style in drawn)


def pictures(plan):
    """Pictures of a plan that lists every time from thaw to vein."""
    one = plan.course.responses[0]
    rows = tuple(
        Held(minute, 0.9, Interval(80.0, 40.0, 150.0), 5, 100.0, 13.0, True, one.treated,
             one.placebo, one.difference)
        for minute in (0.0, 30.0, 90.0)
    )  # fmt: skip
    whole = replace(plan, holds=Holds(30.0, 30.0, rows, one, (0.0, 30.0, 90.0)))
    return [figure.wide for part in plan_page(whole).sections for figure in part.figures]
