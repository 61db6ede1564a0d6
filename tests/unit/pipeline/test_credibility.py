"""The credibility page: failures first, figures computed or read back from the card."""

import numpy as np
import pytest

from funis.calibrate.posterior import Table as Likelihood
from funis.calibrate.posterior import grid_of
from funis.calibrate.settings import load_settings
from funis.pipeline.credibility import credibility, credibility_document, credibility_page
from funis.pipeline.credibility.assemble import contraction, failures
from funis.pipeline.credibility.card import card_gates
from funis.pipeline.gate_values import DRUG_VERDICTS
from funis.pipeline.tables import Table, fill_marked
from funis.protocol.structures import library_structures

CARD = """\
# A card

<!-- generated: funis gate pharmacology xx -->
<!-- end -->

<!-- generated: funis gate population xx -->

Of 10 raw draws all must be accepted: passed

| outcome | draws | share |
| --- | --- | --- |
| failed to solve | 0 | 0.0 % |

<!-- end -->
"""


@pytest.fixture(scope="module")
def found():
    return credibility("ssc", workers=1, patients=8, repeats=10)


@pytest.fixture
def card(tmp_path):
    path = tmp_path / "card.md"
    path.write_text(CARD, encoding="utf-8")
    return path


def test_a_table_is_read_back_as_it_was_written(card):
    columns = ("drug", "published row", "verdict", "tier")
    rows = (("a drug", "a row", DRUG_VERDICTS["failed"], "hard"), ("b", "c", "passed", ""))
    table = Table("Pharmacology gate: NOT PASSED. Direction wrong in 1 rows", columns, rows)
    fill_marked(card, "funis gate pharmacology xx", table.markdown())
    gate = card_gates(card)["pharmacology"]
    assert gate.tables == (table,)
    assert gate.passed is False
    assert gate.failures == (f"a drug; a row; verdict {DRUG_VERDICTS['failed']}; tier hard",)


def test_a_gate_that_passed_has_no_failures(card):
    gates = card_gates(card)
    assert set(gates) == {"population"}
    assert gates["population"].passed is True
    assert gates["population"].failures == ()
    assert gates["population"].share("failed to solve") == "0.0 %"


def test_what_failed_stands_first_and_names_what_loses(found):
    page = credibility_page(found)
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert headings[0] == "## What failed"
    assert headings[1] == "## Question and context of use"
    scores = {name: found.validation.score(name) for name in ("model", "prior_predictive")}
    loses = any("does not beat prior predictive" in line for line in failures(found))
    assert loses == (scores["prior_predictive"] <= scores["model"])
    for line in failures(found):
        assert f"- {line}" in page


def test_a_disease_without_a_controlled_row_is_said_to_borrow(found):
    assert any("what cells do is borrowed" in line for line in failures(found))


def test_the_page_gives_every_activity_a_figure_or_says_that_it_was_not_done(found):
    document = credibility_document(found)
    assert all(row["found"] for row in document["activities"])
    assert {row["found"] for row in document["activities"]} & {"not done"}
    assert document["failed"] == list(failures(found))
    assert document["validation"]["scores"]["model"] == found.validation.score("model")


def test_the_page_is_the_same_when_it_is_made_again(found):
    again = credibility("ssc", workers=1, patients=8, repeats=10)
    assert credibility_page(again) == credibility_page(found)


def test_a_flat_likelihood_takes_nothing_off_the_prior():
    grid = grid_of(load_settings("ssc"))
    shape = (*grid.at.shape[:2], len(grid.study_sd))
    for share in contraction(Likelihood(grid, np.zeros(shape))).values():
        assert share == pytest.approx(0, abs=1e-9)


def test_a_sharp_likelihood_takes_the_variance_of_its_number_only():
    grid = grid_of(load_settings("ssc"))
    sharp = -50 * np.log(grid.others[:, 0]) ** 2
    shape = (*grid.at.shape[:2], len(grid.study_sd))
    found = contraction(Likelihood(grid, np.broadcast_to(sharp[None, :, None], shape)))
    assert found["potency"] == pytest.approx(0, abs=1e-9)
    assert found["k_lm"] > 0.9


def test_predictions_of_the_ledger_are_named(found):
    assert found.entries == ("care_ssc.1",)
    assert "care_ssc.1" in credibility_page(found)


def test_every_structure_is_shown_with_how_far_it_moves_the_trial(found):
    page = credibility_page(found)
    assert "none is averaged in, and none has a weight" in page
    assert found.forms is not None
    assert {one.id for one in found.forms.rows} <= set(library_structures())
    for one in found.forms.rows:
        assert one.moved == pytest.approx(one.estimate - found.forms.default)
        assert f"| {one.id} |" in page
    moved = {one.id: abs(one.moved) for one in found.forms.rows}
    assert moved["secretome_only"] > moved["th17_down"], "what carries the effect matters more"
    assert credibility_document(found)["structures_weighed"] is False


def test_the_page_names_trials_that_nobody_reported_and_what_they_may_hide(found):
    page = credibility_page(found)
    assert "## Registered trials without results" in page
    assert "| care_ssc | no |" in page
    assert "in place of" in page
