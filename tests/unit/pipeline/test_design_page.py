"""The page of a design: the answer first, every dot with its command, one folder or none."""

import json
import re
from dataclasses import replace
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from funis.checks import InputError
from funis.pipeline.design import design_trial
from funis.pipeline.design.document import design_document
from funis.pipeline.design.page import design_manifest, design_report, write_folder
from funis.pipeline.design.plan import GROUPS
from funis.pipeline.design.run import shown_replicates
from funis.pipeline.design.twin import replicate_trial
from funis.report.content import Interval
from funis.report.design import answer, null_sentence, render_design, warnings
from funis.report.numerals import decimal
from funis.store import hash_file

SMALL = {"patients": 16, "workers": 1}


@pytest.fixture(scope="module")
def small(small_design):
    return small_design


@pytest.fixture(scope="module")
def report(small):
    return design_report(small)


@pytest.fixture(scope="module")
def page(report):
    return render_design(report)


def test_the_answer_is_assurance_with_its_interval_and_never_power(report, small):
    assurance = small.points[1].assurance["present"].any_arm
    found = answer(report)
    assert f"{100 * assurance.estimate:.0f}%" in found
    assert f"{100 * assurance.low:.0f} to {100 * assurance.high:.0f}%" in found
    assert "power" not in (found + null_sentence(report)).lower()
    assert "type I error" in null_sentence(report)


def test_the_page_loads_nothing_and_has_no_script(page):
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "url(" not in page


def test_the_title_of_a_dot_is_the_command_that_opens_it(page, small):
    titles = [unescape(text) for text in re.findall(r"<title>(Replicate[^<]+)</title>", page)]
    assert len(titles) == 2 * len(small.points[1].dots)  # wide and narrow
    text = next(title for title in titles if title.startswith("Replicate 7:"))
    command = text.split("\n")[1]
    assert command == "funis twin ra_two_arm --n 16 --replicate 7 --patients 16"
    again = replicate_trial("ra_two_arm", n=16, replicate=7, **SMALL)
    shown = decimal(100 * again.estimates["msc"].estimate, 1, sign=True)
    assert text.startswith(f"Replicate 7: {shown} (")


@pytest.mark.parametrize(
    ("draws", "replicates"), [(8, 100), (150, 9), (200, 1), (200, 40), (730, 2)]
)
def test_every_draw_is_shown_as_often_as_another(draws, replicates):
    shown = np.array(shown_replicates(draws, replicates))
    assert len(np.unique(shown)) == len(shown) <= 200
    assert shown.max() < draws * replicates
    counts = np.bincount(shown % draws, minlength=draws)
    same_patients = set(zip(shown // draws, shown % draws % GROUPS, strict=True))
    assert len(same_patients) == len(shown) or replicates < 25
    assert len(np.unique(counts[counts > 0])) == 1
    assert np.mean(shown % draws) == pytest.approx((draws - 1) / 2, abs=3)


def test_identifiers_of_the_page_are_unique(page):
    found = re.findall(r' id="([^"]+)"', page)
    assert len(found) == len(set(found))


def test_every_figure_and_table_bears_its_code_and_the_manifest_lists_it(report, page):
    written = re.findall(r'<span class="code"[^>]*>([^<]+)</span>', page)
    listed = [row["code"] for row in design_manifest(report)["figures"]]
    assert sorted(written) == sorted(listed)
    assert all(code.startswith("ra-") for code in listed)
    numbers = page.count('<details class="numbers">')
    drawn = page.count("<figure") + page.count("<caption>") - numbers
    assert len(listed) == drawn


def test_the_distributions_of_the_trap_are_whole_and_beside_a_controlled_trial(small):
    for point in small.points:
        for series in point.series:
            assert sum(series.shares.shares) == pytest.approx(1)
            assert sum(series.differences.shares) == pytest.approx(1)
            middle = [(a + b) / 2 for a, b in pairwise(series.shares.edges)]
            mean = sum(m * s for m, s in zip(middle, series.shares.shares, strict=True))
            assert mean == pytest.approx(series.share, abs=0.2)
            assert series.finds.estimate <= 0.2


def test_what_was_fixed_before_the_first_patient_is_named_by_its_hash(report, page, two_arm):
    assert report.fixed_hash == two_arm.protocol.plan_hash
    assert report.fixed_hash in page


def test_a_folder_is_written_whole_and_again_to_the_same_bytes(small, tmp_path):
    place = tmp_path / "design"
    write_folder(small, place)
    assert sorted(one.name for one in place.iterdir()) == [
        "design.html", "design.json", "manifest.json", "trial.yaml",
    ]  # fmt: skip
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["files"]["design.json"] == hash_file(place / "design.json")
    assert manifest["fixed_before_the_first_patient"] == design_report(small).fixed_hash
    before = {one.name: one.read_bytes() for one in place.iterdir()}
    write_folder(small, place)
    assert {one.name: one.read_bytes() for one in place.iterdir()} == before
    (place / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"mine\.txt"):
        write_folder(small, place)


def test_a_type_one_error_above_its_level_is_the_first_thing_to_read(report):
    size = replace(report.sizes[0], type1=Interval(0.2, 0.1, 0.3))
    (one,) = warnings(replace(report, sizes=(size,)))
    assert "type I error" in one[0]
    assert one[0] in render_design(replace(report, sizes=(size,)))


def test_a_page_of_the_null_alone_says_what_was_not_asked(no_banks, monkeypatch):
    monkeypatch.setenv("FUNIS_CACHE", no_banks)
    alone = design_report(design_trial("ra_two_arm", sizes=(16,), replicates=2, null=True, **SMALL))
    assert "not asked" in answer(alone)
    assert "--null" in alone.provenance.command
    assert "Single trials" not in render_design(alone)


def test_a_run_that_was_killed_goes_on_from_its_pieces_to_the_same_numbers(
    small, no_banks, monkeypatch
):
    monkeypatch.setenv("FUNIS_CACHE", no_banks)
    kept = sorted((Path(no_banks) / "banks").iterdir())
    for piece in kept[::2]:
        piece.unlink()
    kept[1].write_bytes(kept[1].read_bytes()[:-1])  # a piece that is not whole counts as none
    again = design_trial(
        "ra_two_arm", sizes=(8, 16), replicates=2, structures=("dose_emax",), **SMALL
    )
    assert json.dumps(design_document(again)) == json.dumps(design_document(small))
