"""From vial to vein: how many of the cells live when they are infused."""

import math

from funis.checks import InputError, Issue
from funis.product.values import Product


def delivered_viability(product: Product, hold_minute: float | None = None) -> float:
    """Share of living cells after a hold between thaw and vein.

    Between two measured points the cells die at the constant rate that joins them, so the
    logarithm of viability is linear in time; at the points the published values come out.
    Nothing is extrapolated.

    Parameters
    ----------
    product : Product
    hold_minute : float or None
        Time since thaw; the product's usual one when None [minute].

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    InputError
        If the hold is negative or longer than the last measured point.
    """
    points = [(point.hold_minute, point.viability.value or 0.0) for point in product.viability]
    hold = product.hold_minute.value if hold_minute is None else hold_minute
    if hold is None:
        message = f"product '{product.id}' does not report a usual hold"
        raise InputError(Issue(product.file, None, "hold_minute", message, "a hold in minutes"))
    last = points[-1][0]
    if not 0 <= hold <= last:
        message = f"product '{product.id}' has no viability at {hold:g} minutes after thaw"
        expected = f"0 to {last:g} minutes, where it was measured"
        raise InputError(Issue(product.file, None, "hold_minute", message, expected))
    after = next(index for index, (time, _) in enumerate(points) if time >= hold)
    end, at_end = points[after]
    if end == hold:
        return at_end
    start, at_start = points[after - 1]
    share = (hold - start) / (end - start)
    if at_end == 0:
        return at_start * (1 - share)
    return at_start * math.exp(share * math.log(at_end / at_start))


def product_parameters(product: Product, hold_minute: float | None = None) -> dict[str, float]:
    """Parameters of a disease model that the product sets: ``viability``.

    Potency stays a parameter of the model, and cells that never reach the vein are left out of
    the dose events (``recovered_fraction``).

    Parameters
    ----------
    product : Product
    hold_minute : float or None
        Time since thaw; the product's usual one when None [minute].

    Raises
    ------
    InputError
        As ``delivered_viability``.
    """
    return {"viability": delivered_viability(product, hold_minute)}
