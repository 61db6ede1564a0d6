"""The page and the print of a plan."""

import io
import re
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from funis.report import RESEARCH_USE
from funis.report.plan import BANNER, plan_pdf, render_plan
from funis.report.plan.page import plan_page
from funis.report.statement import NOT_APPROVED

ORDER = [
    "statement", "consultation", "eligibility", "protocol", "worksheet", "calendar", "course",
    "influences", "events", "comparison", "regulatory",
]  # fmt: skip


@pytest.fixture(scope="module")
def page(plan):
    return render_plan(plan)


@pytest.fixture(scope="module")
def printed(plan):
    reader = PdfReader(io.BytesIO(plan_pdf(plan)))
    return reader, [" ".join(one.extract_text().split()) for one in reader.pages]


def test_sections_stand_in_the_order_of_reading(plan, page):
    assert [section.id for section in plan_page(plan).sections] == ORDER
    assert re.findall(r'<section id="(\w+)"', page) == ORDER


def test_the_page_carries_banner_statement_and_the_regulatory_sentence(page):
    assert page.count(BANNER) >= 3
    assert RESEARCH_USE in page
    assert NOT_APPROVED.split(" (as of")[0] in page


def test_the_page_loads_nothing_and_has_no_script(page):
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(", page)


def test_every_verdict_is_shown_in_words_with_its_sign_and_reason(plan, page):
    for sign, judgement in zip("✓✗?", plan.eligibility.judgements, strict=True):
        assert f"{sign} {judgement.verdict}" in page
        assert judgement.reason in page


def test_the_treated_response_stands_beside_placebo_and_no_effect(page):
    text = re.sub(r"<[^>]+>", " ", page)
    row = text[text.index("Response with 95% interval") :]
    for number in (
        "46.0% (31.0 to 62.0)",
        "29.0% (20.0 to 40.0)",
        "30.0% (21.0 to 41.0)",
        "+17.0% (−2.0 to 36.0)",
        "−1.2 (−1.9 to −0.5)",
    ):
        assert number in row
    for svg in re.findall(r"<svg xmlns.*?</svg>", page, re.DOTALL):
        if "curve plan treated" in svg:
            assert "curve plan placebo" in svg
            assert "curve plan no_effect" in svg


def test_pictures_are_well_formed_and_described(page):
    pictures = re.findall(r'<svg xmlns="http://www.w3.org/2000/svg" viewBox.*?</svg>', page)
    assert len(pictures) == 6
    ids = []
    for one in pictures:
        tree = ElementTree.fromstring(one)
        ids += [part.get("id") for part in tree if part.get("id")]
        assert tree[1].text
    assert len(ids) == len(set(ids))


def test_exact_amounts_are_shown_as_they_are(page):
    assert "140,000,000 cells" in page
    assert "22.8 mL" in page


def test_unknown_things_are_said_to_be_unknown(bare_plan):
    page = render_plan(bare_plan)
    assert page.count("not known") > 8
    assert "No course was predicted" in page
    assert "That is not zero events." in page


def test_every_page_of_the_print_bears_the_banner_twice_and_the_statement(printed):
    _, pages = printed
    assert len(pages) >= 4
    for text in pages:
        assert text.count(BANNER) >= 2
        assert RESEARCH_USE in text


def test_the_print_is_the_same_bytes_each_time_and_has_no_date(plan, printed):
    reader, _ = printed
    assert plan_pdf(plan) == plan_pdf(plan)
    assert reader.metadata.creation_date is None
    assert BANNER in reader.metadata.get("/Keywords")


def test_the_print_says_what_the_page_says(plan, printed):
    text = " ".join(printed[1])
    for section in plan_page(plan).sections:
        assert section.title in text
    assert "does not meet" in text
    assert "140,000,000 cells" in text


def test_a_bare_plan_can_be_printed(bare_plan):
    assert plan_pdf(bare_plan).startswith(b"%PDF")


def test_markup_in_a_value_stays_text(plan):
    from dataclasses import replace

    odd = replace(plan, warnings=("<script>alert(1)</script> #set page() \\",))
    assert "<script>" not in render_plan(odd)
    assert "alert(1)" in PdfReader(io.BytesIO(plan_pdf(odd))).pages[0].extract_text()


def test_a_heading_is_never_wider_than_its_picture():
    from funis.report.plan.bands import _fitting

    name = "Low disease activity or remission (DAS28-CRP at most 3.2)"
    assert _fitting(name, ", week 12", 360.0).endswith("…, week 12")
    assert len(_fitting(name, ", week 12", 360.0)) <= 50
    assert _fitting("ACR20", ", week 12", 360.0) == "ACR20, week 12"
