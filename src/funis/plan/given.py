"""Doses that were ever given, by route: computed from the arms of the evidence, never typed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import cache

from funis.cache import cache_key, cached, keep
from funis.evidence import Study, library_studies, user_studies
from funis.evidence.library import study_files
from funis.evidence.records import Arm
from funis.plan.exact import exact, product, shown
from funis.store import hash_file

KIND = "doses_given"
NOT_CELLS = ("drug", None)
ROUTES: Mapping[str, str] = {"iv": "by vein", "it": "into the fluid", "ia": "by artery"}
"""Routes of the models in words."""

ARTERY = "ia"
"""Routes of the evidence that begin with it are that of the model, whichever the artery."""


@dataclass(frozen=True, slots=True)
class GivenDose:
    """One published arm that says how many cells were given at a time, and by which route.

    Attributes
    ----------
    cell, cell_per_kg : tuple of float or None
        Lowest and highest number of one infusion; equal where one number was printed.
    """

    study: str
    disease: str
    tissue: str
    arm: str
    route: str
    cell: tuple[float, float] | None = None
    cell_per_kg: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class GivenRange:
    """Lowest and highest published dose of one infusion, in cells for one weight.

    Attributes
    ----------
    low_cell, high_cell : Decimal
    low_study, high_study : str
        Studies that gave them.
    studies : int
    """

    route: str
    low_cell: Decimal
    high_cell: Decimal
    low_study: str
    high_study: str
    studies: int

    @property
    def text(self) -> str:
        """The range in words."""
        low, high = (shown(cell / 1_000_000) for cell in (self.low_cell, self.high_cell))
        return f"{low} to {high} million ({self.low_study}, {self.high_study})"


def doses_of(studies: Iterable[Study]) -> tuple[GivenDose, ...]:
    """Return the doses of all arms with cells that state dose and route."""
    return tuple(
        dose
        for study in studies
        if study.product.source not in NOT_CELLS and study.evidence_type != "meta-analysis"
        for arm in study.arms
        if (dose := _dose(study, arm)) is not None
    )


def way(route: str | None) -> str:
    """Return a route in words."""
    return ROUTES.get(route or "", f"by {route}")


@cache
def library_doses() -> tuple[GivenDose, ...]:
    """Return the doses of the library's evidence and of the user's own; kept between runs."""
    key = cache_key(KIND, *(hash_file(path) for path in study_files()))
    found = cached(KIND, key)
    if found is None:
        library = doses_of(library_studies())
        keep(KIND, key, json.dumps([asdict(dose) for dose in library]).encode())
    else:
        library = tuple(_restored(row) for row in json.loads(found))
    return (*library, *doses_of(user_studies()))


def given_range(
    doses: Sequence[GivenDose],
    route: str,
    weight_kg: Decimal,
    *,
    tissue: str | None = None,
    disease: str | None = None,
) -> GivenRange | None:
    """Return the range of doses ever given by a route, None where there is none.

    Parameters
    ----------
    doses
        Doses of the evidence.
    route
        Route of the model (iv, it, ia).
    weight_kg
        Weight for which doses per kg are worked out.
    tissue, disease
        Cells of this tissue, or patients with this disease, alone.
    """
    chosen = [
        dose
        for dose in doses
        if dose.route == route and tissue in (None, dose.tissue) and disease in (None, dose.disease)
    ]
    ends = [(cell, dose.study) for dose in chosen for cell in _cells(dose, weight_kg)]
    if not ends:
        return None
    (low, low_study), (high, high_study) = min(ends), max(ends)
    studies = len({dose.study for dose in chosen})
    return GivenRange(route, low, high, low_study, high_study, studies)


def _cells(dose: GivenDose, weight_kg: Decimal) -> tuple[Decimal, ...]:
    if dose.cell is not None:
        return tuple(exact(cell) for cell in dose.cell)
    return tuple(product(exact(cell), weight_kg) for cell in dose.cell_per_kg or ())


def _dose(study: Study, arm: Arm) -> GivenDose | None:
    cell = _ends(arm.cells_per_infusion, arm.cells_per_infusion_range)
    per_kg = _ends(arm.cells_per_kg, arm.cells_per_kg_range)
    if arm.route is None or "+" in arm.route or (cell is None and per_kg is None):
        return None
    route = ARTERY if arm.route.split("_")[0] == ARTERY else arm.route
    tissue = study.product.source or ""
    return GivenDose(study.id, study.disease, tissue, arm.id, route, cell, per_kg)


def _ends(value: float | None, printed: tuple[float, ...] | None) -> tuple[float, float] | None:
    printed_or_single = (*(printed or ()), *(() if value is None else (value,)))
    numbers = [number for number in printed_or_single if number > 0]  # 0 is a control arm
    return (min(numbers), max(numbers)) if numbers else None


def _restored(row: dict[str, object]) -> GivenDose:
    ends = {name: row[name] for name in ("cell", "cell_per_kg")}
    pairs = {name: tuple(pair) if isinstance(pair, list) else None for name, pair in ends.items()}
    return GivenDose(**{**row, **pairs})  # type: ignore[arg-type]
