import dataclasses

import numpy as np
import pytest

from funis.report.content import ArmSummary, Band, CellPanel, MechanismPanel, Trajectory

WEEKS = np.array([0.0, 1.0, 2.0])


def test_two_arms_with_one_id_are_refused(bare):
    arm = ArmSummary("a", "A", "x", 1)
    with pytest.raises(ValueError, match="share an id"):
        bare(arms=(arm, arm), reference="a")


def test_a_reference_that_is_no_arm_is_refused(bare):
    with pytest.raises(ValueError, match="none of the arms"):
        bare(reference="other")


def test_arrays_of_another_length_are_refused(bare):
    good, short = Band(np.zeros(3)), Band(np.zeros(3), q25=np.zeros(2))
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        bare(trajectories=(Trajectory("placebo", "S", WEEKS, good, short),))
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        bare(cells=(CellPanel("placebo", "lung", WEEKS, {"live": np.zeros(2)}),))
    panel = MechanismPanel("placebo", "t", "T", "G", WEEKS, good, good, shares={"a": np.zeros(1)})
    with pytest.raises(ValueError, match=r"shape \(1,\)"):
        bare(mechanism=(panel,))


def test_a_report_is_frozen(bare):
    with pytest.raises(dataclasses.FrozenInstanceError):
        bare().title = "other"


def test_labels(bare):
    assert bare().label("placebo") == "Placebo"
    assert bare().label("unknown") == "unknown"
