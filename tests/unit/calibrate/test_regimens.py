"""The cells of a published arm: as printed, else drawn, within a printed range."""

from dataclasses import replace

import numpy as np
import pytest

from funis.calibrate.reconstruction_file import StandIns, load_stand_ins
from funis.calibrate.regimens import cells_of, within_ranges
from funis.evidence import Arm, Design, Population, ProductRecord, Study

ARM = Arm("msc", n=20, route="iv", infusions=2, days=(0.0, 28.0))


@pytest.fixture(scope="module")
def many():
    """What stands in, with many variants of what is drawn."""
    content = load_stand_ins().content
    unknown = content.unknown.model_copy(update={"variants": 400})
    return StandIns(content.model_copy(update={"unknown": unknown}))


def cells(arm, stand_ins):
    study = Study(
        "a_study", "A study", "ra", Design("randomized"), Population(20), ProductRecord(), (arm,),
        (), (), (), "low",
    )  # fmt: skip
    return cells_of(study, arm, "uc_msc_reference", ("iv",), stand_ins)


def test_a_printed_total_is_an_even_share_for_each_infusion(many):
    variants, drawn = cells(replace(ARM, total_cells=6e8), many)
    assert drawn == ()
    assert [given.dose_cell for (given,) in variants] == [3e8]


@pytest.mark.parametrize("per_kg", [True, False])
def test_a_printed_range_holds_most_of_the_doses_drawn(many, per_kg):
    key = "cells_per_kg_range" if per_kg else "cells_per_infusion_range"
    low, high = (1e6, 4e6) if per_kg else (3e7, 5e7)
    variants, drawn = cells(replace(ARM, **{key: (low, high)}), many)
    assert drawn == ("dose",)
    doses = [one.dose_cell_per_kg if per_kg else one.dose_cell for (one,) in variants]
    assert 0.92 < np.mean([low <= dose <= high for dose in doses]) < 0.98
    assert np.exp(np.mean(np.log(doses))) == pytest.approx(np.sqrt(low * high), rel=0.05)


def test_a_range_of_one_value_is_that_value(many):
    variants, _ = cells(replace(ARM, cells_per_kg_range=(2e6, 2e6)), many)
    assert variants[0][0].dose_cell_per_kg == pytest.approx(2e6, rel=1e-4)


def test_numbers_of_infusions_within_a_range_are_equally_probable(many):
    unknown = within_ranges(replace(ARM, infusions_range=(1, 6)), many.content.unknown)
    assert unknown.infusions.levels == (1, 2, 3, 4, 5, 6)
    assert within_ranges(ARM, unknown) == unknown


def test_a_printed_dose_goes_before_a_range(many):
    arm = replace(ARM, cells_per_kg=2e6, cells_per_kg_range=(1e6, 3e6))
    variants, drawn = cells(arm, many)
    assert drawn == ()
    assert variants[0][0].dose_cell_per_kg == 2e6
