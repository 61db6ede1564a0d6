from dataclasses import replace
from itertools import pairwise

import pytest

from funis.checks import InputError
from funis.product import (
    Quantity,
    ViabilityPoint,
    delivered_viability,
    library_product,
    product_parameters,
)

CORD = library_product("uc_msc_reference")


@pytest.mark.parametrize(("hold", "published"), [(0, 0.9444), (90, 0.8112), (385, 0.5939)])
def test_the_published_points_come_out(hold: float, published: float) -> None:
    assert delivered_viability(CORD, hold) == published


def test_between_points_cells_die_at_a_constant_rate() -> None:
    assert delivered_viability(CORD, 45) == pytest.approx((0.9444 * 0.8112) ** 0.5, rel=1e-12)
    assert delivered_viability(CORD, 237.5) == pytest.approx((0.8112 * 0.5939) ** 0.5, rel=1e-12)


def test_viability_falls_with_time() -> None:
    values = [delivered_viability(CORD, hold) for hold in range(386)]
    assert all(later < earlier for earlier, later in pairwise(values))


@pytest.mark.parametrize("hold", [-1.0, 385.5, float("nan"), float("inf")])
def test_nothing_is_extrapolated(hold: float) -> None:
    with pytest.raises(InputError, match="expected 0 to 385 minutes, where it was measured"):
        delivered_viability(CORD, hold)


def test_the_usual_hold_is_the_default() -> None:
    assert CORD.hold_minute.value == 30
    assert delivered_viability(CORD) == delivered_viability(CORD, 30)
    assert delivered_viability(CORD) == pytest.approx(0.9, abs=0.005)


def test_a_product_without_a_usual_hold_asks_for_one() -> None:
    product = replace(CORD, hold_minute=Quantity(None, "minute", "not_reported"))
    with pytest.raises(InputError, match="expected a hold in minutes"):
        delivered_viability(product)


def test_cells_may_be_dead_at_the_last_point() -> None:
    dead = ViabilityPoint(60.0, Quantity(0.0, "fraction", "assumed"))
    product = replace(CORD, viability=(CORD.viability[0], dead))
    assert delivered_viability(product, 60) == 0
    assert delivered_viability(product, 30) == pytest.approx(0.4722)


def test_the_product_sets_viability_and_nothing_else() -> None:
    assert product_parameters(CORD, 90) == {"viability": 0.8112}
    assert product_parameters(CORD) == {"viability": delivered_viability(CORD)}
