"""The preparation worksheet of an arm for a weight band: simulated, never to be given to anybody.

Every number is an exact decimal, every line shows how it comes about. A worksheet belongs to a
band of weights: doses are worked for its middle, vials for its heaviest and DMSO for its lightest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from funis.checks import InputError, Issue
from funis.plan.directions import Contents, Directions, ForWeight, RouteDirections
from funis.plan.directions_schema import library_directions
from funis.plan.exact import exact, product, rounded_down, total
from funis.plan.given import GivenDose, library_doses, way
from funis.plan.limits import Limits, WeightBand, library_limits, weight_band
from funis.plan.preparation import Line, Worksheet
from funis.plan.warn import dose_warnings, limit_warnings, unstated
from funis.plan.work import NOT_STATED, Work, all_lines, dmso_load
from funis.product import (
    Lot,
    Product,
    Quantity,
    check_release,
    infused_viability,
    supply,
    usual_hold,
    usual_infusion,
)
from funis.protocol import Arm, Intervention

BANNER = "SIMULATED - NOT FOR ADMINISTRATION"
"""Stands on every page of a worksheet."""


SHARE_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Losses:
    """What is lost from vial to vein.

    Attributes
    ----------
    living : Decimal
        Share of the cells that live at the end of the hold.
    recovered : Decimal
        Share of the cells that leave vial, bag and line.
    hold_minute : Decimal
        From thaw to vein [minute].
    """

    living: Decimal
    recovered: Decimal
    hold_minute: Decimal


def losses_of(cells: Product, hold_minute: float | None = None) -> Losses:
    """Return what a product loses within a hold; its usual hold where None.

    Raises
    ------
    InputError
        A hold for which no viability was measured.
    """
    hold = usual_hold(cells) if hold_minute is None else hold_minute
    living = infused_viability(cells, hold, usual_infusion(cells))
    recovered = cells.recovered_fraction.value
    return checked_losses(living, 1.0 if recovered is None else recovered, hold)


def checked_losses(living: float, recovered: float = 1.0, hold_minute: float = 0.0) -> Losses:
    """Return losses from given shares.

    Raises
    ------
    InputError
        A share above 1 or none at all.
    """
    for key, share in (("viability", living), ("recovered_fraction", recovered)):
        if not 0 < share <= 1:
            message = f"{100 * share:g} % of the cells"
            expected = "more than 0 and at most 100 %"
            raise InputError(Issue(None, None, key, message, expected))
    rounded = rounded_down(exact(living), step=SHARE_STEP)
    return Losses(rounded, exact(recovered), exact(hold_minute))


def worksheets(
    arm: Arm,
    weight_kg: float | Decimal,
    *,
    hold_minute: float | None = None,
    doses: Sequence[GivenDose] | None = None,
) -> tuple[Worksheet, ...]:
    """Return one worksheet for each product of an arm, in the order of the arm.

    Parameters
    ----------
    arm
        An arm of a trial or a variant of a regimen, with products of the library.
    weight_kg
        A weight of the band [kg].
    hold_minute
        From thaw to vein; the usual one of each product when None [minute].
    doses
        Published doses to hold the arm's against; those of the evidence when None.

    Raises
    ------
    InputError
        An arm without cells, a weight or a hold that cannot be, a product without directions.
    """
    given = [one for one in arm.interventions if one.product is not None]
    if not given:
        expected = "an arm with a cell product"
        raise InputError(Issue(None, None, "arm", f"the arm '{arm.id}' gives no cells", expected))
    known = library_doses() if doses is None else doses
    found = []
    for one in given:
        cells = supply(one.lot or one.product or "")
        use = directions_of(cells, library_directions(one.product or ""))
        losses = losses_of(cells, hold_minute)
        sheet = worksheet(arm.id, one, use, weight_kg, losses, doses=known, tissue=cells.tissue)
        found.append(replace(sheet, warnings=(*release_warnings(cells), *sheet.warnings)))
    return tuple(found)


def directions_of(cells: Product, use: Directions) -> Directions:
    """Return directions for use with the vial and the infusion time that cells report themselves.

    Parameters
    ----------
    cells
        A product, or a lot of it.
    use
        Directions for use of the product.
    """
    vial, minutes = cells.vial, usual_infusion(cells)
    if vial is not None and vial.cells.value is not None and vial.volume_ml.value is not None:
        use = replace(use, vial=Contents(vial.volume_ml, vial.dmso_percent, vial.cells))
    if minutes > 0:
        stated = (ForWeight(Quantity(minutes, "minute", "measured", f"lot {cells.id}")),)
        routes = tuple(replace(one, rates=(), durations=stated) for one in use.routes)
        use = replace(use, routes=routes)
    return use


def release_warnings(cells: Product) -> tuple[str, ...]:
    """Return what a lot failed at its release; nothing of a product, which has no release."""
    if not isinstance(cells, Lot):
        return ()
    found = check_release(cells)
    return (f"lot {cells.id} failed its release: {found.reason}",) if found.reason else ()


def worksheet(
    arm: str,
    given: Intervention,
    use: Directions,
    weight_kg: float | Decimal,
    losses: Losses,
    *,
    doses: Sequence[GivenDose] = (),
    tissue: str | None = None,
    limits: Limits | None = None,
) -> Worksheet:
    """Return the worksheet of one product by one route.

    Parameters
    ----------
    arm
        Its id.
    given
        The product, its dose and route.
    use
        Directions for use of the product.
    weight_kg
        A weight of the band [kg].
    losses
        From vial to vein.
    doses, tissue
        Published doses, and the tissue whose doses are named beside those of all tissues.
    limits
        Those of the library when None.

    Raises
    ------
    InputError
        A weight that cannot be, or directions without the route.
    """
    known = library_limits() if limits is None else limits
    work = work_of(given, use, weight_kg, losses, limits=known)
    band, route = work.band, work.route
    warnings = (*dose_warnings(work, doses, tissue), *limit_warnings(work, known), *unstated(work))
    return Worksheet(
        arm=arm,
        route=route.route,
        product=use.product,
        weight_band=(band.low_kg, band.high_kg),
        weight_kg=band.middle_kg,
        lines=all_lines(work, known),
        vials=work.vials,
        lot=given.lot,
        dmso_mg_per_kg=dmso_load(work),
        expiry_minute=work.expiry,
        premedication=_premedication(use),
        warnings=warnings,
    )


def work_of(
    given: Intervention, use: Directions, weight_kg: float | Decimal, losses: Losses,
    *, limits: Limits | None = None,
) -> Work:  # fmt: skip
    """Return what the lines of a worksheet are worked from: vials, volumes and loads in numbers.

    Parameters
    ----------
    given, use, weight_kg, losses, limits
        As for ``worksheet``.

    Raises
    ------
    InputError
        As ``worksheet``.
    """
    known = library_limits() if limits is None else limits
    return _work(given, use, _route(use, given), weight_band(weight_kg, known), losses)


def joined(sheets: Sequence[Worksheet]) -> Worksheet:
    """Return the worksheets of an arm as one, for a plan: lines bear their route.

    Vials and DMSO add up, the earliest expiry counts.
    """
    if len(sheets) == 1:
        return sheets[0]
    first = sheets[0]
    loads = [one.dmso_mg_per_kg for one in sheets]
    expiries = [one.expiry_minute for one in sheets if one.expiry_minute is not None]
    return Worksheet(
        arm=first.arm,
        route=" + ".join(one.route for one in sheets),
        product=" + ".join(dict.fromkeys(one.product for one in sheets)),
        weight_band=first.weight_band,
        weight_kg=first.weight_kg,
        lines=tuple(_of_route(line, one.route) for one in sheets for line in one.lines),
        vials=sum(one.vials for one in sheets),
        dmso_mg_per_kg=None if None in loads else total(load for load in loads if load is not None),
        expiry_minute=min(expiries, default=None),
        premedication=_once(text for one in sheets for text in one.premedication),
        warnings=tuple(f"{way(one.route)}: {text}" for one in sheets for text in one.warnings),
    )


def _of_route(line: Line, route: str) -> Line:
    return Line(f"{way(route)}: {line.name}", *(getattr(line, name) for name in Line.__slots__[1:]))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _premedication(use: Directions) -> tuple[str, ...]:
    stated = tuple(f"{one.what} ({one.source})" for one in use.premedication)
    return stated or (NOT_STATED,)


def _route(use: Directions, given: Intervention) -> RouteDirections:
    found = use.route(given.route or "")
    if found is None:
        names = ", ".join(one.route for one in use.routes)
        message = f"no directions for '{use.product}' by the route '{given.route}'"
        raise InputError(Issue(use.file, None, "routes", message, f"one of {names}"))
    return found


def _work(
    given: Intervention,
    use: Directions,
    route: RouteDirections,
    band: WeightBand,
    losses: Losses,
) -> Work:
    if use.vial is None:
        message = f"the vial of '{use.product}' is not reported"
        raise InputError(Issue(use.file, None, "vial", message, "cells and volume of a vial"))
    return Work(
        given=given,
        vial=use.vial,
        route=route,
        band=band,
        dose=_cells(given, band.middle_kg),
        dose_heaviest=_cells(given, band.high_kg),
        living=losses.living,
        recovered=losses.recovered,
        hold_minute=losses.hold_minute,
    )


def _cells(given: Intervention, weight_kg: Decimal) -> Decimal:
    if given.dose_cell_per_kg is not None:
        return product(exact(given.dose_cell_per_kg), weight_kg)
    return exact(given.dose_cell or 0.0)
