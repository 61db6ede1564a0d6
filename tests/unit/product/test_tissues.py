"""Tissues side by side: sourced cells, and unknown where nothing was seen."""

from funis.product import tissue_differences, tissue_rows
from funis.product.tissues import TISSUES


def test_whatever_is_said_of_a_tissue_has_a_source():
    for row in tissue_rows():
        assert len(row.seen) == len(TISSUES)
        assert all(one is None or (one.value and one.source) for one in row.seen)
    assert all(one.source for _, one in tissue_differences())


def test_what_was_not_seen_stays_unknown():
    (hla,) = (row for row in tissue_rows() if row.id == "HLA")
    assert hla.seen == (None, None, None)


def test_cord_doubles_faster_and_longer_than_marrow_and_fat_in_one_table():
    rows = {row.id: row for row in tissue_rows()}
    times = [float(one.value.split()[0]) for one in rows["doubling_time"].seen]
    ends = [float(one.value) for one in rows["senescence_passage"].seen]
    assert times[0] < min(times[1:])
    assert ends[0] > max(ends[1:])
    assert len({one.source for one in rows["doubling_time"].seen}) == 1
