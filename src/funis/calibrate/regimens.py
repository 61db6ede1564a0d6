"""The cells of a published arm: as printed, else drawn, within a printed range if there is one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from scipy.special import ndtri

from funis.calibrate.reconstruction_file import Levels, LogNormal, StandIns, Unknown
from funis.evidence import Arm as PublishedArm
from funis.evidence import Study as PublishedStudy
from funis.population import uniform
from funis.protocol import Intervention

Z95 = 1.959963984540054
PRINTED = "the range that its record gives"


def cells_of(
    study: PublishedStudy, arm: PublishedArm, product: str, routes: tuple[str, ...] | None,
    stand_ins: StandIns,
) -> tuple[list[tuple[Intervention, ...]], tuple[str, ...]]:  # fmt: skip
    """Return the cells of each variant of an arm, and what had to be drawn.

    A printed total is an even share for each infusion.
    """
    arm = _per_infusion(arm)
    unknown = within_ranges(arm, stand_ins.content.unknown)
    asked = _asked(arm, routes)
    drawn = tuple(name for name, silent in asked.items() if silent)
    variants = []
    for k in range(unknown.variants if drawn else 1):
        luck = [float(uniform(0, f"regimen {study.id} {arm.id} {what}", k)) for what in asked]
        total, per_kg = _dose(arm, unknown, luck[0])
        days = _days(arm, asked, unknown, luck)
        inputs = routes or (str(unknown.route.at(luck[3])),)
        variants.append(
            tuple(
                Intervention(
                    f"cells_{name}", product=product, route=name, days=days,
                    dose_cell=None if total is None else total / len(inputs),
                    dose_cell_per_kg=None if per_kg is None else per_kg / len(inputs),
                )
                for name in inputs
            )
        )  # fmt: skip
    return variants, drawn


def within_ranges(arm: PublishedArm, unknown: Unknown) -> Unknown:
    """Return what is drawn in an arm: within the ranges that its record gives, where it gives any.

    95 % of the doses lie in the range of the dose, alike on the log scale; numbers of infusions are
    equally probable.
    """
    changed: dict[str, object] = {}
    if arm.cells_per_kg_range is not None:
        changed["cells_per_kg"] = _between(arm.cells_per_kg_range)
    if arm.infusions_range is not None:
        first, last = (int(value) for value in arm.infusions_range)
        levels = tuple(float(count) for count in range(first, last + 1))
        shares = tuple(1 / len(levels) for _ in levels)
        changed["infusions"] = Levels(levels=levels, shares=shares, source=PRINTED)
    return unknown.model_copy(update=changed)


def _between(limits: Sequence[float]) -> LogNormal:
    """Return a distribution with 95 % of it between two limits."""
    low, high = (math.log(value) for value in limits)
    sd = max((high - low) / (2 * Z95), 1e-6)
    return LogNormal(median=math.exp((low + high) / 2), sd_log=sd, source=PRINTED)


def _per_infusion(arm: PublishedArm) -> PublishedArm:
    if arm.cells_per_infusion is None and arm.total_cells and arm.infusions:
        return replace(arm, cells_per_infusion=arm.total_cells / arm.infusions)
    return arm


def _asked(arm: PublishedArm, routes: tuple[str, ...] | None) -> dict[str, bool]:
    """Return what the record does not say."""
    asked = {
        "dose": arm.cells_per_infusion is None and arm.cells_per_kg is None,
        "number of infusions": arm.infusions is None and not (arm.days and len(arm.days) > 1),
        "days": arm.days is None or (arm.infusions or 1) > len(arm.days),
        "route": routes is None,
    }
    return asked | {"days": False} if arm.infusions == 1 else asked


def _dose(arm: PublishedArm, unknown: Unknown, luck: float) -> tuple[float | None, float | None]:
    """Return the cells of an infusion, or the cells per kg of it."""
    if arm.cells_per_infusion is not None:
        return arm.cells_per_infusion, None
    if arm.cells_per_kg is not None:
        return None, arm.cells_per_kg
    if arm.cells_per_infusion_range is not None and arm.cells_per_kg_range is None:
        return _at(_between(arm.cells_per_infusion_range), luck), None
    return None, _at(unknown.cells_per_kg, luck)


def _at(found: LogNormal, luck: float) -> float:
    return found.median * math.exp(found.sd_log * float(ndtri(luck)))


def _days(
    arm: PublishedArm, asked: Mapping[str, bool], unknown: Unknown, luck: Sequence[float]
) -> tuple[float, ...]:
    if not asked["number of infusions"] and not asked["days"] and arm.days:
        return tuple(max(day, 0.0) for day in arm.days)
    count = arm.infusions
    if count is None:
        count = int(unknown.infusions.at(luck[1]))
    gap = float(unknown.gap_day.at(luck[2]))
    first = max(arm.days[0], 0.0) if arm.days else 0.0
    return tuple(first + gap * k for k in range(max(count, 1)))
