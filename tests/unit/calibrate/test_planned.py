"""Protocols and registered trials as planned ones."""

from dataclasses import replace

import pytest

from funis.calibrate.planned import planned_trial, registered_trial
from funis.calibrate.reconstruction_file import load_stand_ins
from funis.evidence import library_studies
from funis.models import load_model
from funis.pipeline.inputs import load_trial
from funis.protocol import FrozenMapping

RECORDS = {study.id: study for study in library_studies()}


@pytest.fixture(scope="module")
def spine():
    return load_model("as"), load_trial("as_demo").protocol


def registered(spine, study, **changes):
    model, template = spine
    record = replace(RECORDS[study], **changes)
    request = template.primary[0]
    return registered_trial(record, template, model, load_stand_ins(), request, "greater", 20)


def test_a_protocol_gives_the_arms_of_its_rule_the_reference_first(spine):
    protocol = spine[1]
    planned = planned_trial(protocol)
    assert [arm.id for arm in planned.reconstruction.arms] == ["placebo", "four_monthly"]
    assert [arm.cells for arm in planned.reconstruction.arms] == [False, True]
    assert {row.n for row in planned.reconstruction.rows} == {100}
    assert planned.seen["placebo"] == pytest.approx(0.9640, abs=5e-4)  # exp(-0.12 x 16/52.18)


def test_an_arm_with_assumptions_of_its_own_is_no_planned_arm(spine):
    protocol = spine[1]
    arms = tuple(
        replace(arm, scenario=FrozenMapping({"potency": 2.0})) if arm.id == "four_monthly" else arm
        for arm in protocol.arms
    )
    assert "assumptions" in planned_trial(replace(protocol, arms=arms))
    alone = replace(protocol, arms=protocol.arms[:1], rules=(), success=None)
    assert "no success rule" in planned_trial(alone)


def test_a_registered_total_is_split_evenly_and_an_unknown_one_is_usual(spine):
    known = registered(spine, "nct02809781_as")
    assert {arm.n for arm in known.reconstruction.arms} == {125}
    unknown = registered(spine, "nct05962762_as")
    assert {arm.n for arm in unknown.reconstruction.arms} == {20}
    assert unknown.rule is None


def test_an_active_comparator_gets_its_drug(spine):
    made = registered(spine, "nct02809781_as").reconstruction
    given = [one.drug for one in made.arm("etanercept").variants[0].interventions]
    assert given == ["anti_tnf"]


def test_ranges_of_a_record_bound_what_is_drawn(spine):
    made = registered(spine, "nct01709656_as").reconstruction
    given = [arm.interventions[0] for arm in made.arm("msc_nsaid").variants]
    inside = [one for one in given if 1e4 <= one.dose_cell_per_kg <= 1e6]
    assert len(inside) >= len(given) - 1
    assert {len(one.days) for one in given} <= set(range(1, 7))
    assert "dose" in made.arm("msc_nsaid").drawn


def test_a_total_of_cells_is_shared_by_the_infusions():
    record = RECORDS["prochymal_ph3_cd"]
    trial = load_trial("cd_demo")
    made = registered_trial(
        record, trial.protocol, trial.model, load_stand_ins(), trial.protocol.primary[0],
        "greater", 20,
    ).reconstruction  # fmt: skip
    one = made.arm("600M_total").variants[0].interventions[0]
    assert (one.dose_cell, one.days) == (1.5e8, (0.0, 3.0, 7.0, 14.0))
    assert made.arm("600M_total").drawn == ()


def test_a_placebo_without_a_word_of_blinding_is_blinded(spine):
    design = replace(RECORDS["nct01420432_as"].design, control="placebo")
    made = registered(spine, "nct01420432_as", design=design)
    assert made.reconstruction.study.design.blinding == "double"
    assert registered(spine, "nct01420432_as").reconstruction.study.design.blinding is None


def test_what_both_arms_lack_makes_no_arm_unsure(spine):
    planned = registered(spine, "nct01709656_as")
    assert planned.reconstruction.arm("nsaid").left_out
    assert planned.unsure == frozenset()
