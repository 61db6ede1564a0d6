"""What a named lot does to a trial: one potency, and a delivered share that sites draw."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from funis.population import normal, site_effect
from funis.product import Lot, Product, lot_potency_log_sd, share_log_sd

POTENCY = "lot_potency"
"""Parameter of the disease models that a lot sets, where a disease has it."""


def lot_parameters(product: Product, seed: int, known: Collection[str]) -> dict[str, float]:
    """Return the potency of a named lot: one value for all who are given it.

    Parameters
    ----------
    product : Product or Lot
        A product as it usually is sets nothing: each patient keeps his own draw.
    seed : int
        A potency that is not reported is drawn once, by the key of the lot.
    known : collection of str
        Parameters of the disease.
    """
    if not isinstance(product, Lot) or POTENCY not in known:
        return {}
    if product.potency is not None:
        return {POTENCY: product.potency}
    luck = float(normal(seed, "potency of a lot", 0, product.id))
    return {POTENCY: math.exp(lot_potency_log_sd(product.cords) * luck)}


def drawn_shares(
    lot: Lot, seed: int, site: NDArray[np.int64], hold_minute: NDArray[np.float64],
    viability: NDArray[np.float64],
    unknown: tuple[str, ...],
) -> NDArray[np.float64]:  # fmt: skip
    """Return the living share of a lot at each site, with what is not known of it drawn.

    The more fields a lot does not report, the wider the factor that each site draws by its key.

    Parameters
    ----------
    lot : Lot
    seed : int
    site, hold_minute, viability : (n,) arrays
        Sites, the hold of each [minute], and the viability expected after it.
    unknown : tuple of str
        Fields that are not reported.

    Returns
    -------
    (n,) array
        At most 1.
    """
    luck = site_effect(seed, site, f"delivery of {lot.id}")
    spread = np.array([share_log_sd(lot, hold, unknown) for hold in hold_minute.tolist()])
    return np.minimum(viability * np.exp(spread * luck), 1.0)
