"""Short codes: from a figure back to its run, and no slip on the way."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.report import manifest, render_trial
from funis.report.codes import LENGTH, SIGNS, FigureMark, read_code, run_code, with_codes
from funis.report.figures import trial_code, trial_figures, trial_identity

IDENTITY = "5ed3a87579e47701" * 4


def codes(n, identity=IDENTITY, prefix="ra"):
    marks = [FigureMark(f"figure-{k}", "figure", f"Figure {k}") for k in range(n)]
    return [mark.code for mark in with_codes(marks, identity, prefix)]


def test_the_codes_of_a_run_begin_alike_and_none_is_given_twice():
    found = codes(2000)
    assert len(set(found)) == 2000
    assert {code.rsplit("-", 1)[0] for code in found} == {run_code(IDENTITY, "ra")}
    assert all(re.fullmatch(rf"ra-[{SIGNS}]{{4}}-[{SIGNS}]{{4}}", code) for code in found)


def test_a_code_hangs_on_the_run_and_on_the_figure_alone():
    assert codes(5) == codes(5)
    assert codes(5) == codes(9)[:5]
    assert not {*codes(5)} & {*codes(5, identity="0" * 64)}


def test_two_figures_of_one_name_are_a_fault_of_the_program():
    twice = [FigureMark("a", "table", "A"), FigureMark("a", "table", "B")]
    with pytest.raises(ValueError, match="two figures are named 'a'"):
        with_codes(twice, IDENTITY, "ra")


def test_every_wrong_sign_and_every_exchange_of_neighbours_is_noticed():
    signs = read_code(codes(1)[0])
    wrong = [
        signs[:place] + sign + signs[place + 1 :]
        for place in range(LENGTH)
        for sign in SIGNS
        if sign != signs[place]
    ]
    wrong += [
        signs[:place] + signs[place + 1] + signs[place] + signs[place + 2 :]
        for place in range(LENGTH - 1)
        if signs[place] != signs[place + 1]
    ]
    assert len(wrong) > 248
    for text in wrong:
        with pytest.raises(InputError, match="has a slip"):
            read_code(text)


@given(number=st.integers(0, 2**64 - 1), name=st.text(max_size=20))
def test_a_code_is_read_however_it_is_typed(number, name):
    identity = f"{number:064x}"[::-1]
    code = with_codes([FigureMark(name, "figure", "x")], identity, "ra")[0].code
    signs = read_code(code)
    assert len(signs) == LENGTH
    ways = (code.lower(), f"  {code} ", code.replace("-", " "), code.removeprefix("ra-"), signs)
    assert {read_code(way) for way in ways} == {signs}
    slurred = signs.replace("0", "o").replace("1", "l")
    assert read_code(slurred) == signs


@pytest.mark.parametrize("text", ["", "hello", "ra-7F3K", "ra-7F3K-2QX", "ÄÖÜ€-1234", "7F3K-2Q*M"])
def test_what_is_no_code_is_refused_in_one_line(text):
    with pytest.raises(InputError, match="is no short code; expected a code as it stands"):
        read_code(text)


def test_places_and_machines_do_not_count_and_a_seed_does(report):
    same = replace(
        report.provenance,
        protocol_file="/elsewhere/trial.yaml",
        command="other",
        date="2030-01-01",
        more={**report.provenance.more, "Python": "9.9", "NumPy": "9.9"},
    )
    assert trial_identity(replace(report, provenance=same)) == trial_identity(report)
    other = replace(report.provenance, seed=report.provenance.seed + 1)
    assert trial_identity(replace(report, provenance=other)) != trial_identity(report)


def test_a_run_with_other_endpoints_has_other_codes(report):
    known = {
        trial_identity(
            replace(report, provenance=replace(report.provenance, endpoints_hash=digest))
        )
        for digest in ("", "a" * 64, "b" * 64)
    }
    assert len(known) == 3


def test_every_figure_and_table_of_a_page_bears_its_code_and_the_manifest_lists_it(report):
    whole = replace(report, disease_id="ra")
    page = render_trial(whole)
    written = re.findall(r'<span class="code"[^>]*>([^<]+)</span>', page)
    listed = [row["code"] for row in json.loads(json.dumps(manifest(whole)))["figures"]]
    assert sorted(written) == sorted(listed)
    assert manifest(whole)["code"] == trial_code(whole)
    assert all(code.startswith(trial_code(whole)) for code in listed)


def test_no_picture_and_no_table_is_without_a_code(report):
    page = render_trial(report)
    drawn = len(re.findall(r'class="chart"', page)) - page.count('id="shares-') // 2
    figures = [mark for mark in trial_figures(report) if mark.kind == "figure"]
    assert drawn == len(figures)
    captions = re.findall(r"<caption>(.*?)</caption>", page, re.DOTALL)
    numbers = page.count('<details class="numbers">')
    assert sum('class="code"' in one for one in captions) == len(captions) - numbers
