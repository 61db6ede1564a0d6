from dataclasses import replace

import pytest

from funis.product import Quantity, library_product

CORD = library_product("uc_msc_reference")


def test_a_quantity_says_where_it_comes_from() -> None:
    with pytest.raises(ValueError, match="needs a source"):
        Quantity(1.0, "fraction", "measured")
    with pytest.raises(ValueError, match="not_reported"):
        Quantity(None, "fraction", "assumed")
    with pytest.raises(ValueError, match="not_reported"):
        Quantity(1.0, "fraction", "not_reported")


def test_viability_points_are_in_order() -> None:
    with pytest.raises(ValueError, match="start at thaw"):
        replace(CORD, viability=CORD.viability[1:])
    with pytest.raises(ValueError, match="start at thaw"):
        replace(CORD, viability=CORD.viability[:1] * 2)
    with pytest.raises(ValueError, match="start at thaw"):
        replace(CORD, viability=())


def test_products_can_be_compared_and_hashed() -> None:
    assert library_product("uc_msc_reference") == CORD
    assert hash(library_product("uc_msc_reference")) == hash(CORD)
    assert library_product("bm_msc_reference") != CORD
