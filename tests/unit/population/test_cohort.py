import numpy as np
import pytest

from funis.population import Cohort, allocate, blocks, site_effect, site_of

ARMS = ("placebo", "one", "four")


def test_blocks_cover_every_patient_once_and_are_fixed():
    assert [block.start for block in blocks(1100)] == [0, 512, 1024]
    assert [patient for block in blocks(1100) for patient in block] == list(range(1100))
    assert blocks(2000)[:2] == blocks(1100)[:2]
    assert Cohort("hash", 1, 1100).blocks == blocks(1100)


def test_arms_are_equal_and_every_block_is_balanced():
    arm = allocate(5, 40, ARMS)
    assert np.bincount(arm).tolist() == [40, 40, 40]
    assert all(sorted(block) == [0, 1, 2] for block in arm.reshape(-1, 3))
    assert len({tuple(block) for block in arm.reshape(-1, 3)}) == 6


def test_a_larger_trial_begins_with_the_same_allocation():
    small, large = allocate(5, 40, ARMS), allocate(5, 400, ARMS)
    assert np.array_equal(small, large[: small.size])
    assert not np.array_equal(small, allocate(6, 40, ARMS))


def test_ratio_and_multiple_shape_the_blocks():
    arm = allocate(5, 30, ("placebo", "active"), multiple=2, ratio=(1, 2))
    assert np.bincount(arm).tolist() == [30, 60]
    assert all(sorted(block) == [0, 0, 1, 1, 1, 1] for block in arm.reshape(-1, 6))


def test_allocation_is_even_over_places():
    arm = allocate(1, 3000, ARMS).reshape(-1, 3)
    assert np.mean(arm[:, 0] == 0) == pytest.approx(1 / 3, abs=0.03)
    assert np.mean(arm[:, 2] == 2) == pytest.approx(1 / 3, abs=0.03)


@pytest.mark.parametrize(
    "arguments",
    [
        {"n_per_arm": 0, "arms": ARMS},
        {"n_per_arm": 3, "arms": ()},
        {"n_per_arm": 3, "arms": ("a", "a")},
        {"n_per_arm": 3, "arms": ARMS, "ratio": (1, 2)},
        {"n_per_arm": 3, "arms": ARMS, "ratio": (1, 2, 0)},
        {"n_per_arm": 3, "arms": ARMS, "multiple": 0},
    ],
)
def test_an_impossible_allocation_is_refused(arguments):
    with pytest.raises(ValueError, match=r"arms|ratio|1 or more"):
        allocate(1, **arguments)


def test_an_empty_cohort_is_refused():
    with pytest.raises(ValueError, match="at least one patient"):
        Cohort("hash", 1, 0)
    with pytest.raises(ValueError, match="at least one patient"):
        Cohort("hash", 1, 1, block=0)


def test_sites_fill_up_in_turn_and_have_effects_of_their_own():
    site = site_of(np.arange(10), 4)
    assert site.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    effect = site_effect(3, site, "placebo response")
    assert effect[0] == effect[3]
    assert len(set(effect.tolist())) == 3
    assert effect[0] != site_effect(3, 0, "joint counts")
    assert site_effect(3, np.arange(5000), "x").std() == pytest.approx(1.0, abs=0.03)
    with pytest.raises(ValueError, match="at least one patient"):
        site_of(np.arange(3), 0)
