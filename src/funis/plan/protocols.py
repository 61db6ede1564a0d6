"""Which protocols the library has for a disease, and what stands behind them.

Advertised and published doses stand side by side by route; how many studies of which kind, and how
many patients were allocated by chance. Published doses are computed from the arms of the evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from funis.evidence import Evidence as DiseaseEvidence
from funis.evidence import Study, load_evidence
from funis.plan.exact import exact, product, shown
from funis.plan.given import ROUTES, GivenDose, GivenRange, doses_of, given_range, way
from funis.plan.values import Evidence
from funis.protocol import Intervention, Regimen, library_regimens

WEIGHT_KG = Decimal(70)
"""Weight by which doses per kg stand beside doses in total (assumed)."""

CORD = "umbilical_cord"


@dataclass(frozen=True, slots=True)
class RouteRange:
    """Doses of one infusion by one route, advertised and published, in cells at 70 kg.

    Attributes
    ----------
    route : str
    advertised : tuple of Decimal or None
        Lowest and highest dose of the advertised regimens.
    published : GivenRange or None
        Of cells of every tissue.
    cord : GivenRange or None
        Of cells of umbilical cord alone.
    """

    route: str
    advertised: tuple[Decimal, Decimal] | None
    published: GivenRange | None
    cord: GivenRange | None


@dataclass(frozen=True, slots=True)
class Protocols:
    """What the library has for a disease.

    Attributes
    ----------
    regimens : tuple of Regimen
        Advertised ones first: claims under test, not recommendations.
    ranges : tuple of RouteRange
    study_types : mapping
        Number of studies with cells of each type; types are never added up.
    randomised_patients : int
    """

    disease: str
    regimens: tuple[Regimen, ...]
    ranges: tuple[RouteRange, ...]
    study_types: Mapping[str, int]
    randomised_patients: int
    studies: tuple[str, ...]


def protocols_of(disease: str, evidence: DiseaseEvidence | None = None) -> Protocols:
    """Return the protocols of the library for a disease, and what stands behind them.

    Parameters
    ----------
    disease
        Its id.
    evidence
        That of the library and of the user when None.

    Raises
    ------
    InputError
        There is no evidence on the disease.
    """
    known = load_evidence(disease) if evidence is None else evidence
    found = [one for one in library_regimens() if one.disease == disease]
    regimens = tuple(sorted(found, key=lambda one: (one.kind != "advertised", one.id)))
    studies = own_studies(known)
    doses = doses_of(studies)
    return Protocols(
        disease=disease,
        regimens=regimens,
        ranges=tuple(_range(route, regimens, doses) for route in _routes(regimens, doses)),
        study_types=Counter(study.evidence_type for study in studies),
        randomised_patients=sum(s.population.n or 0 for s in studies if s.randomised),
        studies=tuple(study.id for study in studies),
    )


def own_studies(evidence: DiseaseEvidence) -> tuple[Study, ...]:
    """Return the studies that gave cells, each group of patients once."""
    return tuple(
        study
        for study in evidence.studies
        if study.evidence_type != "meta-analysis" and study.duplicate_of is None
    )


def plan_evidence(found: Protocols, grade: str, pooled: tuple[str, ...] = ()) -> Evidence:
    """Return what a plan says of the evidence.

    Parameters
    ----------
    found
        The protocols of the disease.
    grade
        Grade of the evidence, as reports of a trial show it.
    pooled
        What was published on the primary endpoints, a kind of study a line.
    """
    return Evidence(
        grade=grade,
        study_types=dict(found.study_types),
        n_randomised=found.randomised_patients,
        advertised=_words((r.route, advertised_text(r)) for r in found.ranges),
        published=_words((r.route, published_text(r)) for r in found.ranges),
        sources=found.studies,
        pooled=pooled,
    )


def advertised_text(one: RouteRange) -> str | None:
    """Return the advertised doses of a route in words."""
    if one.advertised is None:
        return None
    low, high = (_million(cells) for cells in one.advertised)
    return f"{low} million" if low == high else f"{low} to {high} million"


def published_text(one: RouteRange) -> str | None:
    """Return the published doses of a route in words, those of umbilical cord apart."""
    if one.published is None:
        return None
    every, cord = _ends(one.published), one.cord
    if cord is None:
        return f"{every} of any tissue ({_studies(one.published)}), none of umbilical cord"
    return (
        f"{every} of any tissue ({_studies(one.published)}), "
        f"{_ends(cord)} of umbilical cord ({_studies(cord)})"
    )


def _studies(found: GivenRange) -> str:
    return "1 study" if found.studies == 1 else f"{found.studies} studies"


def _ends(found: GivenRange) -> str:
    low, high = _million(found.low_cell), _million(found.high_cell)
    return f"{low} million" if low == high else f"{low} to {high} million"


def _million(cells: Decimal) -> str:
    return shown(round(cells / 1_000_000, 2))


def _words(parts: Iterable[tuple[str, str | None]]) -> str | None:
    texts = [f"{way(route)} {text}" for route, text in parts if text is not None]
    return f"{'; '.join(texts)} (one infusion, at {shown(WEIGHT_KG)} kg)" if texts else None


def _routes(regimens: Sequence[Regimen], doses: Sequence[GivenDose]) -> tuple[str, ...]:
    """Return the routes of the model that are advertised or published."""
    named = {one.route for one in _interventions(regimens)} | {dose.route for dose in doses}
    return tuple(route for route in ROUTES if route in named)


def _interventions(regimens: Iterable[Regimen]) -> tuple[Intervention, ...]:
    return tuple(i for r in regimens for v in r.variants for i in v.interventions if i.product)


def _range(route: str, regimens: Sequence[Regimen], doses: Sequence[GivenDose]) -> RouteRange:
    advertised = [one for one in regimens if one.kind == "advertised"]
    cells = [_cells(one) for one in _interventions(advertised) if one.route == route]
    return RouteRange(
        route=route,
        advertised=(min(cells), max(cells)) if cells else None,
        published=given_range(doses, route, WEIGHT_KG),
        cord=given_range(doses, route, WEIGHT_KG, tissue=CORD),
    )


def _cells(one: Intervention) -> Decimal:
    if one.dose_cell_per_kg is not None:
        return product(exact(one.dose_cell_per_kg), WEIGHT_KG)
    return exact(one.dose_cell or 0.0)
