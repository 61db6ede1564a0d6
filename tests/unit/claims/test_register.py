"""The register holds every row in its words, no verdict, and refuses what it does not know."""

import re
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.claims import library_register, load_register
from funis.claims.register import LIBRARY, EffectPart, LastingPart, MeasuredPart, SharePart
from funis.claims.rules import __doc__ as stated
from funis.models import disease_ids, load_model
from funis.pipeline.check import check_files
from funis.pipeline.inputs import trial_names
from funis.pipeline.reporting.endpoints import better

TABLE = Path(__file__).parents[4] / "shared" / "design" / "product.md"


def test_there_are_thirty_rows_in_order():
    assert [claim.row for claim in library_register().claims] == list(range(1, 31))


@pytest.mark.skipif(not TABLE.is_file(), reason="the table of claims is not on this machine")
def test_each_row_stands_in_the_words_of_the_table():
    rows = re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \|$", TABLE.read_text(encoding="utf-8"), re.M)
    known = {str(one.row): (one.claim, one.where) for one in library_register().claims}
    assert {row: (claim, where) for row, claim, where in rows} == known


def test_no_verdict_was_written_by_hand():
    text = LIBRARY.read_text(encoding="utf-8")
    assert not re.search(r"verdict:|supported|uncertain|contradicted", text)


def test_claims_of_effect_size_and_lasting_are_about_the_same_diseases():
    register = library_register()
    parts = [part for claim in register.claims for part in claim.parts]
    named = {*register.testimony.diseases}
    assert len(named) == 8
    for kind in (EffectPart, SharePart, LastingPart):
        assert {part.disease for part in parts if isinstance(part, kind)} == named


@pytest.fixture(scope="module")
def models():
    return {disease: load_model(disease) for disease in disease_ids()}


def test_what_a_claim_calls_better_is_what_the_disease_calls_better(models):
    laboratory = {"egfr", "cpeptide_auc"}  # components for which the disease says nothing
    known = trial_names()
    for claim in library_register().claims:
        for part in claim.parts:
            if isinstance(part, EffectPart) and part.trial and part.measure != "rate":
                assert part.trial in known
                usual = better(part.endpoint, models[part.disease].endpoints)
                assert part.endpoint in laboratory or part.better == usual, part


def test_every_observable_is_an_output_of_every_disease(models):
    names = {
        part.observable
        for claim in library_register().claims
        for part in claim.parts
        if isinstance(part, MeasuredPart) and part.observable
    }
    for model in models.values():
        assert names <= {*model.form.outputs}


def test_whatever_the_register_names_is_in_the_library_and_a_slip_is_told_by_line(tmp_path):
    (good,) = check_files([LIBRARY])
    assert (good.kind, len(good.issues)) == ("claims", 0)
    path = tmp_path / "claims.yaml"
    text = LIBRARY.read_text(encoding="utf-8")
    slips = [("endpoint: ACR20,", "endpoint: ACR2,"), ("recipes: [as_iv]", "recipes: [as_ib]"),
             ("week: 16, trial: as_demo", "week: 17, trial: as_demo")]  # fmt: skip
    for right, wrong in slips:
        text = text.replace(right, wrong, 1)
    path.write_text(text, encoding="utf-8")
    (bad,) = check_files([path])
    told = [str(issue) for issue in bad.issues]
    assert len(told) == 3
    assert "did you mean 'ACR20'?" in told[0]
    assert all(str(path) in one for one in told)


def test_the_page_holds_every_claim_with_a_verdict_and_what_could_refute_it():
    page = (Path(__file__).parents[3] / "docs" / "claims.md").read_text(encoding="utf-8")
    for claim in library_register().claims:
        assert f"\n> {claim.claim}\n" in page
        assert claim.refuted_by in page
    assert page.count("Would change the verdict:") == 30


def test_the_rules_name_no_claim():
    assert not re.search(r"\brow\b|\bra\b|lupus|arthritis", stated)


CLAIM = """claims:
  - row: 1
    id: one
    claim: cells help
    where: model
    kind: efficacy
    parts:
      - {{part: x, rule: {rule}, disease: {disease}, endpoint: A, better: higher, week: 12{more}}}
    refuted_by: a trial
{extra}testimony:
  telling: {{value: 3, status: assumed}}
  published: {{value: 35, status: derived, source: somewhere}}
  diseases: {{}}
"""


@pytest.mark.parametrize(
    ("words", "line", "told"),
    [
        ({"rule": "efect"}, 8, "efect"),
        ({"disease": "raa"}, 8, "unknown disease 'raa'"),
        ({"more": ", verdict: supported"}, 8, "verdict"),
        ({"more": ", week: 13"}, 8, "week"),
        ({"extra": "    verdict: supported\n"}, 10, "verdict"),
    ],
)
def test_bad_input_is_refused_by_line(tmp_path, words, line, told):
    given = {"rule": "effect", "disease": "ra", "more": "", "extra": ""} | words
    path = tmp_path / "claims.yaml"
    path.write_text(CLAIM.format(**given), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_register(path)
    (issue,) = caught.value.issues
    assert issue.line == line
    assert told in str(issue)


def test_a_claim_without_a_part_is_refused(tmp_path):
    text = CLAIM.format(rule="effect", disease="ra", more="", extra="")
    part = text[text.index("    parts:") : text.index("    refuted_by")]
    path = tmp_path / "claims.yaml"
    path.write_text(text.replace(part, "    parts: []\n"), encoding="utf-8")
    with pytest.raises(InputError, match=r"claims.yaml:7: .*no part"):
        load_register(path)


def test_a_row_that_stands_twice_is_refused(tmp_path):
    text = CLAIM.format(rule="effect", disease="ra", more="", extra="")
    once = text[text.index("  - row") : text.index("testimony")]
    path = tmp_path / "claims.yaml"
    path.write_text(text.replace(once, once + once), encoding="utf-8")
    with pytest.raises(InputError, match="the row 1 stands here twice"):
        load_register(path)
