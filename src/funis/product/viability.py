"""The share of cells that live between thaw and vein, along the measured points of a product."""

import math

from funis.checks import InputError, Issue
from funis.product.lots import Lot
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
    hold = usual_hold(product) if hold_minute is None else hold_minute
    _check_hold(product, hold)
    after = next(index for index, (time, _) in enumerate(points) if time >= hold)
    end, at_end = points[after]
    if end == hold:
        return at_end
    start, at_start = points[after - 1]
    share = (hold - start) / (end - start)
    if at_end == 0:
        return at_start * (1 - share)
    return at_start * math.exp(share * math.log(at_end / at_start))


def infused_viability(product: Product, hold: float, lasts: float) -> float:
    """Average the living share from the first drop to the last, exactly.

    Parameters
    ----------
    product : Product or Lot
    hold, lasts : float
        From thaw to the first drop, and from there to the last [minute].

    Returns
    -------
    float
        Between 0 and 1; between two points the living share is exponential in time.

    Raises
    ------
    InputError
        As ``delivered_viability``.
    """
    if not lasts >= 0:
        message = f"{lasts:g} is out of range"
        raise InputError(Issue(None, None, "infusion_minute", message, "0 minutes or more"))
    first = delivered_viability(product, hold)
    if lasts == 0:
        return first
    end = hold + lasts
    _check_hold(product, end)
    inside = [p.hold_minute for p in product.viability if hold < p.hold_minute < end]
    times = [hold, *inside, end]
    shares = [delivered_viability(product, time) for time in times]
    pieces = zip(times, times[1:], shares, shares[1:], strict=False)
    return sum((b - a) * _log_mean(x, y) for a, b, x, y in pieces) / lasts


def product_parameters(product: Product, hold_minute: float | None = None) -> dict[str, float]:
    """Parameters of a disease model that the product sets: ``viability``, over the infusion.

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
    hold = usual_hold(product) if hold_minute is None else hold_minute
    return {"viability": infused_viability(product, hold, usual_infusion(product))}


def usual_hold(product: Product) -> float:
    """Return the usual time from thaw to vein [minute].

    Raises
    ------
    InputError
        If the product does not report one.
    """
    if product.hold_minute.value is None:
        message = f"product '{product.id}' does not report a usual hold"
        raise InputError(Issue(product.file, None, "hold_minute", message, "a hold in minutes"))
    return product.hold_minute.value


def usual_infusion(product: Product) -> float:
    """Return over how long cells are infused: 0 unless a lot reports it [minute]."""
    return (product.infusion_minute or 0.0) if isinstance(product, Lot) else 0.0


def _check_hold(product: Product, hold: float) -> None:
    last = product.viability[-1].hold_minute
    if 0 <= hold <= last:
        return
    message = f"product '{product.id}' has no viability at {hold:g} minutes after thaw"
    expected = f"0 to {last:g} minutes, where it was measured"
    raise InputError(Issue(product.file, None, "hold_minute", message, expected))


def _log_mean(first: float, last: float) -> float:
    """Mean of an exponential from its ends; of the line between them where one is 0."""
    if first == last or min(first, last) == 0:
        return (first + last) / 2
    return (last - first) / math.log(last / first)
