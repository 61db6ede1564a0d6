"""What a worksheet warns of: doses never given, limits passed, what nobody states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from funis.plan.exact import exact, shown
from funis.plan.given import GivenDose, given_range, way
from funis.plan.limits import Limits
from funis.plan.work import Work, dmso_load, number_of
from funis.product import dmso


def dose_warnings(
    work: Work, doses: Sequence[GivenDose], tissue: str | None = None
) -> tuple[str, ...]:
    """Return where the dose lies outside of what was ever given by its route.

    Parameters
    ----------
    work
        What the worksheet is worked from.
    doses
        Published doses; none is no warning.
    tissue
        Tissue of the product: its own range is named where it was never given.
    """
    if not doses:
        return ()
    route, weight, dose = work.route.route, work.band.middle_kg, work.dose
    ever = given_range(doses, route, weight)
    if ever is None:
        return (f"no published dose of cells {way(route)} is known to the evidence",)
    million = shown(dose / 1_000_000)
    if not ever.low_cell <= dose <= ever.high_cell:
        side = "above" if dose > ever.high_cell else "below"
        ended = f"every dose ever given {way(route)}: {ever.text}"
        return (f"{million} million cells are {side} {ended}",)
    own = None if tissue is None else given_range(doses, route, weight, tissue=tissue)
    words = (tissue or "").replace("_", " ")
    if tissue is not None and own is None:
        return (f"no published dose of {words} cells {way(route)} is in the evidence",)
    if own is not None and not own.low_cell <= dose <= own.high_cell:
        return (f"{million} million cells lie outside every dose of {words} cells: {own.text}",)
    return ()


def limit_warnings(work: Work, limits: Limits) -> Iterator[str]:
    """Yield the limits that the worksheet passes."""
    load, most = dmso_load(work), exact(dmso().limit_mg_per_kg)
    if load is None:
        yield "the DMSO of the product is not reported: its load cannot be held against the limit"
    elif load > most:
        yield f"DMSO of {shown(load)} mg/kg is above the limit of {shown(most)} mg/kg in a day"
    volume, fluid = work.suspension, number_of(limits.intrathecal_ml)
    if volume is not None and volume < work.drawn:
        yield f"{shown(work.drawn)} mL from the vials do not fit into {shown(volume)} mL"
    if work.route.route == "it" and volume is not None and volume > fluid:
        yield f"{shown(volume)} mL into the fluid are above {shown(fluid)} mL"
    duration, expiry = work.duration, work.expiry
    if work.in_time is False and expiry is not None:
        takes = "" if duration is None else f" and the infusion takes {shown(duration)} minutes"
        yield (
            f"the cells wait {shown(work.hold_minute)} minutes{takes}: they expire "
            f"{shown(expiry)} minutes after thaw"
        )


def unstated(work: Work) -> tuple[str, ...]:
    """Return what nobody states, as one warning."""
    missing = {
        "dilution and volume": work.suspension is None,
        "infusion time": work.duration is None,
        "expiry after thaw": work.expiry is None,
        "observation after the infusion": work.route.observation_minute.value is None,
    }
    names = [name for name, is_missing in missing.items() if is_missing]
    return (f"not stated: {', '.join(names)}",) if names else ()
