import dataclasses
import json

import pytest

from funis.checks import InputError
from funis.pipeline import gates
from funis.pipeline.gate_trials import template_trial
from funis.pipeline.gates import pharmacology_gate, placebo_gate, population_gate
from funis.report import RESEARCH_USE
from funis.report.content import DrugGateRow, Interval

NOTHING = Interval(None, None, None)


@pytest.fixture(scope="module")
def pharmacology(pool):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gates, "trial_pool", lambda *_, **__: pool)
        return pharmacology_gate("ra", patients=10, workers=1)


@pytest.fixture(scope="module")
def placebo(pool):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gates, "trial_pool", lambda *_, **__: pool)
        return placebo_gate("ra", patients=60, workers=1)


@pytest.mark.parametrize("name", ["placebo", "pharmacology"])
def test_a_gate_is_plain_data_and_tables(name, request):
    gate = request.getfixturevalue(name)
    document = gate.document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["gate"], document["research_use"]) == (name, RESEARCH_USE)
    assert document["passed"] == gate.passed
    for table in gate.tables():
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_raw_draws_are_counted_by_reason(monkeypatch, pool):
    monkeypatch.setattr(gates, "build_pool", lambda *_, **__: pool)
    gate = population_gate("ra", draws=150, workers=1)
    assert gate.reasons["accepted"] == 150
    assert gate.passed
    assert gate.document()["gate"] == "population"
    assert len(gate.tables()[0].rows) == 5
    few = dataclasses.replace(gate, reasons={**gate.reasons, "accepted": 104})
    assert not few.passed
    failed = dataclasses.replace(gate, reasons={**gate.reasons, "failed_to_solve": 1})
    assert not failed.passed


def test_raw_draws_are_drawn_and_gated():
    gate = population_gate("ra", draws=40, seed=5, workers=1)
    assert sum(gate.reasons.values()) == 40
    assert gate.marginals


def test_the_placebo_arm_is_held_against_the_targets(placebo):
    names = [row.name for row in placebo.rows]
    assert names[0] == "ACR20 at week 12"
    assert "C-reactive protein, change at week 12 (geometric means)" in names
    acr20 = placebo.rows[0]
    assert acr20.percent
    assert acr20.between_trials == pytest.approx((0.1, 0.462))
    assert (placebo.patients, placebo.failed) == (60, 0)


def test_each_site_is_a_trial_of_published_size(placebo):
    spread = placebo.spreads[0]
    assert (spread.trials, spread.patients_per_trial) == (1, 96)
    assert spread.low == spread.high == pytest.approx(placebo.rows[0].simulated.estimate)


def test_drugs_and_cells_are_given_against_placebo(pharmacology):
    arms = {(row.arm, row.kind) for row in pharmacology.effects}
    assert {("anti_tnf", "drug"), ("anti_il6r", "drug"), ("jak_inhibitor", "drug")} <= arms
    assert {("mtx", "drug"), ("steroid", "drug")} <= arms
    assert ("four_monthly", "cells") in arms
    assert ("no_effect", "cells") not in arms
    endpoints = {row.endpoint for row in pharmacology.effects}
    assert {"DAS28-CRP week 12", "DAS28-CRP week 24", "DAS28-ESR week 24"} <= endpoints


def test_every_drug_has_a_published_row_or_a_sign(pharmacology):
    sources = {(row.drug, row.source) for row in pharmacology.published}
    assert ("TNF inhibitor", "armada_ra") in sources
    assert ("methotrexate", "no placebo-controlled row in the evidence") in sources


def test_anti_tnf_is_clearly_better_than_untreated_and_than_cells(pharmacology):
    assert {row.endpoint for row in pharmacology.strength} == {
        "DAS28-CRP week 12", "DAS28-CRP week 24",
    }  # fmt: skip
    for row in pharmacology.strength:
        assert row.drug < -0.5
        assert row.drug < row.cells < 0.0
        assert row.passed


@pytest.mark.parametrize(("size", "passed"), [(-0.9, True), (-1.1, False), (0.2, True)])
def test_cells_stronger_than_the_anti_tnf_fail(ra, demo, size, passed):
    found = Interval(size, None, None)
    twins = {(arm.id, week): found for arm in demo.protocol.arms for week in (12, 24)}
    twins |= {("anti_tnf", week): Interval(-1.0, None, None) for week in (12, 24)}
    stage = gates._Stage(demo.protocol, (), (), twins, "DAS28_CRP", 0)
    rows = gates._strength(stage, ra, "anti_tnf")
    assert {row.label for row in rows} == {
        demo.protocol.arm(arm).label for arm in ("single", "four_monthly", "advertised")
    }
    assert {row.passed for row in rows} == {passed}


def test_one_missed_drug_fails_the_gate(pharmacology):
    kept = dataclasses.replace(pharmacology, published=(), strength=(), strongest=None)
    assert not dataclasses.replace(kept, strongest="anti_tnf").passed  # nothing was compared
    assert kept.passed
    missed = DrugGateRow("a", "b", "c", NOTHING, NOTHING, "failed")
    assert not dataclasses.replace(kept, published=(missed,)).passed
    guide = dataclasses.replace(missed, verdict="guide")
    assert dataclasses.replace(kept, published=(guide,)).passed


def test_the_trial_with_the_most_arms_is_the_template(ra):
    assert template_trial(ra).name == "ra_demo"
    with pytest.raises(InputError, match="no trial of 'xx' with a placebo arm"):
        template_trial(dataclasses.replace(ra, id="xx"))


@pytest.mark.parametrize(
    ("gate", "given"),
    [
        (population_gate, {"draws": 0}),
        (placebo_gate, {"patients": 0}),
        (pharmacology_gate, {"workers": 0}),
        (placebo_gate, {"seed": -1}),
    ],
)
def test_arguments_out_of_range_are_refused(gate, given):
    with pytest.raises(InputError, match="is out of range"):
        gate("ra", **given)
