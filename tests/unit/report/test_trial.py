import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from funis.checks import InputError
from funis.report import RESEARCH_USE, TrialReport, render_trial, write_trial
from funis.report.content import (
    ArmSummary,
    Band,
    EndpointView,
    ParameterRow,
    SuccessOutcome,
    SuccessView,
    Trajectory,
)
from funis.report.results import contrast_text, estimate_text
from funis.report.statement import NOT_APPROVED, SIMULATED
from funis.report.trial import bare_link, is_link

SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta", "input", "br", "link", "img", "hr"}


class Outline(HTMLParser):
    """Collects tags and attributes, and checks that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not set(self.open) & {"script", "style"}:
            self.text.append(data)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def test_page_is_well_formed_and_smaller_than_3_mb(page):
    parsed = outline(page)
    assert len(page.encode()) < 3_000_000
    assert [tag for tag, _ in parsed.tags].count("h1") == 1


def test_page_loads_nothing(page):
    parsed = outline(page)
    for tag, attributes in parsed.tags:
        assert "src" not in attributes, tag
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "use"}
        if "href" in attributes and tag != "a":
            raise AssertionError(f"<{tag}> refers to {attributes['href']}")
    assert "@import" not in page
    assert "url(" not in page
    assert "fetch(" not in page
    assert "default-src 'none'" in page


def test_every_link_inside_the_page_has_its_target(page):
    parsed = outline(page)
    ids = {attributes["id"] for _, attributes in parsed.tags if "id" in attributes}
    inside = [a["href"] for tag, a in parsed.tags if tag == "a" and a["href"].startswith("#")]
    assert len(inside) > 10
    assert {target[1:] for target in inside} <= ids


def test_ids_are_unique(page):
    ids = [attributes["id"] for _, attributes in outline(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_headings_descend_one_level_at_a_time(page):
    levels = [int(tag[1]) for tag, _ in outline(page).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_headed_columns(page):
    tags = [tag for tag, _ in outline(page).tags]
    assert tags.count("table") == tags.count("caption")
    assert tags.count("table") == tags.count("thead")


def test_every_picture_is_valid_xml_with_a_title_or_hidden(pictures):
    assert len(pictures) > 200
    for picture in pictures:
        if picture.get("aria-hidden") == "true":
            continue
        assert picture.get("role") == "img"
        assert picture.find(f"{SVG}desc") is not None
        assert picture.find(f"{SVG}title") is not None or picture.get("aria-label")


def test_every_chart_carries_the_banner_and_the_grade_of_evidence(pictures):
    charts = [picture for picture in pictures if picture.get("class") == "chart"]
    assert len(charts) > 100
    for chart in charts:
        description = chart.find(f"{SVG}desc").text
        assert SIMULATED in description
        assert "Evidence: low." in description


def test_no_chart_of_a_treated_arm_without_its_twin(pictures):
    for picture in pictures:
        names = {path.get("data-n") for path in picture.iter(f"{SVG}path")}
        if "treated" in names:
            assert names & {"placebo twin", "untreated twin"}


def test_no_number_of_a_picture_is_missing(pictures):
    for picture in pictures:
        for element in picture.iter():
            for name, value in element.attrib.items():
                if name in {"d", "x", "y", "cx", "cy", "x1", "x2", "width", "height"}:
                    assert "nan" not in value
                    assert "inf" not in value


def test_every_estimate_is_printed_with_its_interval_and_its_difference(page, report):
    text = "".join(outline(page).text)
    for estimate in report.estimates:
        assert estimate_text(estimate) in text
    for contrast in report.contrasts:
        assert contrast_text(contrast) in text


def test_the_statements_stand_in_the_page(page):
    text = "".join(outline(page).text)
    assert text.count(RESEARCH_USE) >= 3
    assert NOT_APPROVED in text
    assert "Date checked: 2025-01-15" in text
    assert SIMULATED in text


def test_the_statement_is_in_the_running_header_and_footer(page):
    header = re.search(r'<header class="running">.*?</header>', page, re.DOTALL)
    footer = re.search(r'<footer class="running">.*?</footer>', page, re.DOTALL)
    assert header is not None
    assert RESEARCH_USE in header.group()
    assert footer is not None
    assert RESEARCH_USE in footer.group()
    assert ".page > header.running { display: table-header-group" in page


def test_works_without_javascript(page):
    still = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert still.count("<script") == 0
    assert still.count('type="radio"') >= 4
    assert len(re.findall(r'type="radio"[^>]* checked', still)) == 2


def test_renders_with_empty_parts(bare):
    page = render_trial(bare())
    text = "".join(outline(page).text)
    assert "The success rule was not judged" in text
    assert "nan" not in text.lower().split()
    for section in ("results", "course", "responders", "durability", "mechanism", "published"):
        assert f'<section id="{section}">' not in page


@pytest.mark.parametrize(
    "part",
    [
        "endpoints", "estimates", "contrasts", "scores", "trajectories", "responder_curves",
        "durability", "published", "skipped", "parameters", "drug_gate",
        "targets", "structures", "notes",
    ],
)  # fmt: skip
def test_renders_without_each_part(example, part):
    small = {"mechanism": (), "cells": (), part: ()}
    outline(render_trial(example(**small)))


@pytest.mark.parametrize("part", ["mechanism", "cells"])
def test_renders_without_a_part_of_the_mechanism(example, part):
    outline(render_trial(example(trajectories=(), **{part: ()})))


def test_renders_without_the_optional_values(example):
    report = example(evidence=None, draw_gate=None, regulatory_checked=None)
    assert "The date checked is not recorded in this run" in render_trial(report)


def test_the_same_report_gives_the_same_page(example, page):
    assert render_trial(example()) == page


def test_no_date_unless_one_is_given(page, example, bare):
    assert "<dt>Date</dt>" not in page
    dated = replace(example().provenance, date="2025-02-03")
    assert "<dt>Date</dt><dd>2025-02-03</dd>" in render_trial(bare(provenance=dated))


def test_text_of_a_user_is_escaped(bare):
    attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    weeks = np.array([0.0, 12.0])
    band = Band(np.array([6.0, 5.0]))
    arms = (
        ArmSummary("p", f"P{attack}", attack, 3, "placebo", failed={attack: 1}),
        ArmSummary('a" onload="x', f"A{attack}", attack, 3, dose_weeks=(0.0,)),
    )
    report = bare(
        title=attack,
        disease=attack,
        question=attack,
        arms=arms,
        reference="p",
        trajectories=(Trajectory('a" onload="x', attack, weeks, band, band),),
        endpoints=(EndpointView("X@12", attack, 12.0, "responder", "primary"),),
        success=SuccessView(attack, (SuccessOutcome("p", None, attack),)),
        parameters=(ParameterRow("k", attack, 1.0, "", "assumed", source=f"https://x/{attack}"),),
        notes=(attack,),
    )
    page = render_trial(report)
    parsed = outline(page)
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    assert not [tag for tag, _ in parsed.tags if tag == "img"]
    assert not [a for _, attributes in parsed.tags for a in attributes if a.startswith("on")]
    assert "".join(parsed.text).count("<script>alert(1)</script>") > 5


def test_a_source_becomes_a_link_only_where_it_is_a_web_address():
    assert is_link("https://doi.org/10.1/x")
    assert not is_link("javascript:alert(1)")
    assert not is_link("see https://x")
    assert not is_link("https://x y")
    assert bare_link("https://www.x.org/a") == "x.org/a"


def test_assumed_parameters_come_first_and_open(page):
    summaries = re.findall(r"<details( open)?><summary>(\w[\w ]*): \d+</summary>", page)
    assert summaries[0] == (" open", "Assumed")
    assert [name for _, name in summaries[1:]] == ["Calibrated by hand", "Derived", "Measured"]


def test_no_effect_is_an_outcome(example):
    rule = SuccessView("rule", (SuccessOutcome("msc_single", False, "The interval holds zero."),))
    page = render_trial(example(success=rule))
    assert "No effect found: the success rule was met in none of the arms." in page


def test_without_a_control_the_page_says_so(example):
    page = render_trial(example(reference=None, contrasts=()))
    assert "No control arm: this trial cannot show an effect" in page


def test_writes_a_file(tmp_path: Path, report: TrialReport, page: str):
    path = write_trial(report, tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8") == page
    assert [item.name for item in path.parent.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_to_is_an_input_error(tmp_path: Path, report: TrialReport):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        write_trial(report, tmp_path / "file" / "report.html")


def test_svg_of_the_templates_is_valid_too(page):
    for picture in re.findall(r'<svg viewBox="0 0 \d+ 14".*?</svg>', page):
        ElementTree.fromstring(picture)
