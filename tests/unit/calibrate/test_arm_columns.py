"""Patients of blocks, under points and at the centre; who failed counts nowhere."""

import numpy as np

from funis.calibrate.arm_columns import ArmsBlock, at_centre, under_points
from funis.calibrate.measures import Columns


def block(values, failed, *, alone):
    top = np.asarray(values, dtype=float)[:, :, None]
    return ArmsBlock((Columns(top, np.ones_like(top)),), np.array(failed), alone)


def test_the_centre_is_seen_in_all_patients_and_the_points_in_few():
    few = block([[1, 2], [3, 4]], [False, False], alone=False)
    more = block([[5, 6, 7]], [False, True, False], alone=True)
    assert under_points([few, more], 0).top[:, :, 0].tolist() == [[1, 2], [3, 4]]
    centre = at_centre([few, more], 0)
    assert centre.top[0, :, 0].tolist() == [3, 4, 5, 0, 7]
    assert centre.ratios()[0, 0] == (3 + 4 + 5 + 7) / 4
