import dataclasses

import pytest

from funis.pipeline import straight_line
from funis.pipeline.reporting import headline, requests_of
from funis.pipeline.straight_line import InBlocks, cut, share, virtual_trial
from funis.trial import Study, conduct


def test_a_range_is_cut_into_pieces_in_order():
    assert list(cut(range(3, 10), 3)) == [range(3, 6), range(6, 9), range(9, 10)]
    assert list(cut(range(0), 3)) == []


@pytest.mark.parametrize(
    ("patients", "workers", "sizes"),
    [
        (600, 2, [300, 300]),
        (600, 1, [300, 300]),
        (3, 8, [1, 1, 1]),
        (1025, 2, [257, 257, 257, 254]),
    ],
)
def test_patients_are_shared_evenly_by_the_processes(patients, workers, sizes):
    pieces = list(share(range(7, 7 + patients), workers, 512))
    assert [len(piece) for piece in pieces] == sizes
    assert [index for piece in pieces for index in piece] == list(range(7, 7 + patients))


def test_how_patients_are_cut_changes_no_byte(small_pool, two_arm, monkeypatch):
    study = Study(two_arm.protocol, two_arm.model, small_pool, two_arm.products, 8, 2)
    whole = conduct(study)
    monkeypatch.setattr(straight_line, "BLOCK", 5)
    with straight_line.Processes(study, 1) as processes:
        pieces = conduct(study, InBlocks(processes, straight_line.silent))
    for name in ("subjects", "doses", "observations", "adverse_events"):
        assert getattr(whole, name).equals(getattr(pieces, name))


def test_everything_a_report_needs_is_estimated_once(two_arm, evidence):
    keys = [r.key for r in requests_of(two_arm.protocol, two_arm.model, evidence)]
    assert len(keys) == len(set(keys))
    assert keys[:3] == ["ACR20@12", "DAS28_CRP_change@12", "ACR50@24"]
    assert {"ACR20@4", "ACR20@24", "crp_change@12"} <= set(keys)


def test_a_trial_has_a_report_with_figures(done):
    report = done.report
    assert [arm.id for arm in report.arms] == ["placebo", "msc"]
    assert {item.arm for item in report.trajectories} == {"msc"}
    assert {item.score for item in report.trajectories} == {"DAS28_CRP", "DAS28_CRP:long"}
    assert {curve.arm for curve in report.responder_curves} == {"placebo", "msc"}
    assert [row.arm for row in report.durability] == ["msc"]
    assert report.provenance.seed == 5
    assert report.draw_gate is not None
    assert report.draw_gate.raw == 150


def test_a_single_arm_has_no_twins_and_no_reference(small_pool, two_arm):
    protocol = two_arm.protocol
    alone = dataclasses.replace(protocol, arms=protocol.arms[:1], success=None)
    done = virtual_trial(
        dataclasses.replace(two_arm, protocol=alone), None, patients=3, seed=1, twins=3
    )
    assert done.twins == ()
    assert done.report.reference is None
    assert done.report.trajectories == done.report.mechanism == done.report.durability == ()
    assert done.results.contrasts == ()


def test_twins_can_be_left_out(small_pool, two_arm):
    done = virtual_trial(two_arm, None, patients=2, seed=1, twins=0)
    assert done.twins == ()
    assert done.report.evidence is None
    assert done.report.reference == "placebo"


def test_a_terminal_gets_the_endpoints_at_the_primary_week(done):
    shown = headline(done.report)
    assert [view.key for view in shown.endpoints] == ["ACR20@12", "DAS28_CRP_change@12"]
    assert {one.endpoint for one in shown.estimates} == {"ACR20@12", "DAS28_CRP_change@12"}
    assert [view.key for view in headline(done.report, 1).endpoints] == ["ACR20@12"]
