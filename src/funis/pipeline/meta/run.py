"""Pools what was published on stromal cells in a disease, stratum by stratum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funis.checks import InputError, Issue, nearest, one_of
from funis.evidence import Evidence, load_evidence
from funis.evidence.meta import (
    SCALES,
    Asymmetry,
    Measure,
    Method,
    Regression,
    categories,
    egger,
    pool,
    regress,
)
from funis.models import Endpoints, find_disease, load_model
from funis.pipeline.meta.gather import Found, Gathered, Place, Wish, gather, members
from funis.pipeline.meta.values import (
    GROUPS,
    LABELS,
    WHOSE,
    Choice,
    Covariate,
    Group,
    LeftOut,
    Member,
    MetaAnalysis,
    Stratum,
    StratumKind,
)
from funis.pipeline.reporting.endpoints import better, endpoint_name
from funis.pipeline.reporting.published import evidence_base, evidence_text

WINDOW_WEEK = 4.0
"""Weeks from the wished one that still count as the same time, where none is given (assumed)."""

MEASURES: Mapping[str, tuple[Measure, ...]] = {
    "responder": ("rr", "rd", "or", "proportion"),
    "change": ("md", "smd", "mean"),
    "value": ("md", "smd", "mean"),
    "rate": ("rate_ratio", "rate"),
}
"""Measures of each kind of endpoint, the usual one first; the last is that of a single arm."""

CHOICES = ("md", "smd", "rd", "rr", "or", "proportion", "mean", "rate")
METHOD_CHOICES: Mapping[str, Method] = {"reml": "reml", "pm": "pm", "dl": "dl"}
COVARIATES: tuple[Covariate, ...] = ("dose", "route", "product")


@dataclass(frozen=True, slots=True)
class Base:
    """The evidence of a disease, sorted by endpoint."""

    disease: str
    endpoints: Endpoints
    published: Evidence
    gathered: Gathered

    @property
    def of(self) -> Group:
        """Whose results these are."""
        return self.gathered.of

    @property
    def evidence(self) -> str:
        """The grade of evidence of the whole disease, as one line."""
        text = evidence_text(evidence_base(self.published))
        return f"{text} It is that of the whole disease: every product and route."


def choices(disease: str, of: str = "cells") -> tuple[Choice, ...]:
    """List the endpoints with results, those that can be pooled first."""
    return choices_in(base_of(disease, of))


def choices_in(base: Base) -> tuple[Choice, ...]:
    """List the endpoints with results of evidence that was sorted already."""
    found = [_choice(base, key) for key in base.gathered.rows]
    kept = [choice for choice in found if choice is not None]
    return tuple(sorted(kept, key=lambda one: (not one.poolable, one.endpoint)))


def meta_analysis(
    disease: str,
    endpoint: str,
    *,
    week: float | None = None,
    window: float | None = None,
    measure: str | None = None,
    method: str | None = None,
    by: str | None = None,
    any_route: bool = False,
    of: str = "cells",
    studies: Sequence[str] | None = None,
    strict: bool = True,
) -> MetaAnalysis:
    """Pool one endpoint of a disease.

    Parameters
    ----------
    disease
        Id or folder.
    endpoint
        Key of the endpoint, such as ``ACR20`` or ``DAS28_ESR_change``.
    week, window
        Each study gives its row nearest to the week, at most the window away; by default the
        week that holds most studies, and 4 weeks.
    measure
        One of ``CHOICES``; that of a single arm pools arms with cells and compares nothing.
    method
        ``reml``, ``pm`` or ``dl``; proportions are binomial-normal where none is given.
    by
        ``dose``, ``route`` or ``product`` for a meta-regression.
    any_route
        Whether arms that got cells by another route than by vein are pooled with the others.
    of
        ``cells``; ``drugs``: targeted drugs against placebo, each mechanism apart; ``placebo``:
        what placebo arms show.
    studies
        Ids of the studies that are pooled; all when None.
    strict
        Whether it is an error that nothing can be pooled.

    Raises
    ------
    InputError
        An unknown name, or nothing that can be pooled, in one line.
    """
    base = base_of(disease, of)
    key = _known_endpoint(base, endpoint)
    chosen = _measure(base, key, measure)
    for name, word, known in (("method", method, METHOD_CHOICES), ("by", by, COVARIATES)):
        if word is not None:
            one_of(name, word, known)
    width = WINDOW_WEEK if window is None else _not_negative("window", window)
    best = _best_week(base, key, width) if week is None else _not_negative("week", week)
    wish = _wish(base, best, width, chosen, any_route)
    found, left = members(base.gathered, key, wish)
    found = found if studies is None else _only(found, studies)
    covariate = next((name for name in COVARIATES if name == by), None)
    strata = tuple(
        _stratum(place, base.of, found[place], METHOD_CHOICES.get(method or ""), covariate)
        for place in _ordered(found)
    )
    if strict and not any(stratum.pooled for stratum in strata):
        raise _nothing(base, key, wish, strata, left)
    row = base.gathered.rows[key][0]
    return MetaAnalysis(
        disease=base.disease,
        of=base.of,
        endpoint=key,
        name=endpoint_name(row.endpoint, base.endpoints),
        unit=unit_of(row.endpoint, base.endpoints),
        better=_better(row.endpoint, base.endpoints),
        week=best,
        window=width,
        week_chosen=week is None,
        by=covariate,
        strata=strata,
        left_out=tuple(left),
        evidence=base.evidence,
    )


def strata_near(
    base: Base, key: str, *, week: float, window: float, measure: Measure, any_route: bool = False
) -> tuple[tuple[Stratum, ...], tuple[LeftOut, ...]]:
    """Return the strata of an endpoint near a week, those that hold one study too, and the rest.

    Parameters
    ----------
    week, window
        Each study gives its row nearest to the week, at most the window away.
    measure
        That of a single arm pools arms with cells and compares nothing.
    """
    found, left = members(base.gathered, key, _wish(base, week, window, measure, any_route))
    strata = (_stratum(place, base.of, found[place], None, None) for place in _ordered(found))
    return tuple(strata), tuple(left)


def pooled_stratum(
    kind: StratumKind,
    chosen: Sequence[Member],
    method: Method | None = None,
    by: Covariate | None = None,
) -> Stratum:
    """Pool the studies of one stratum, and regress and test them where that can be done."""
    return _stratum((kind, ""), "cells", list(chosen), method, by)


def base_of(disease: str, of: str = "cells") -> Base:
    """Return the evidence of a disease on one group, sorted by endpoint."""
    one_of("of", of, GROUPS)
    model = load_model(find_disease(disease))
    evidence = load_evidence(model.id)
    group = next(name for name in GROUPS if name == of)
    gathered = gather(evidence, model.endpoints, group)
    return Base(model.id, model.endpoints, evidence, gathered)


def _wish(base: Base, week: float, width: float, measure: Measure, any_route: bool) -> Wish:
    alone = base.of == "placebo" or not SCALES[measure].contrast
    return Wish(week, width, measure, alone, any_route, base.of)


def _only(found: Found, studies: Sequence[str]) -> Found:
    """Return the chosen studies; strata of which none is chosen fall out."""
    known = [member.effect.study for chosen in found.values() for member in chosen]
    for name in studies:
        one_of("study", name, known)
    kept = {
        place: [member for member in chosen if member.effect.study in studies]
        for place, chosen in found.items()
    }
    return {place: chosen for place, chosen in kept.items() if chosen}


def _ordered(found: Found) -> list[Place]:
    """Randomised before single-arm; mechanisms by name."""
    kinds = list(LABELS)
    return sorted(found, key=lambda place: (kinds.index(place[0]), place[1]))


def _stratum(
    place: Place, of: Group, chosen: list[Member], method: Method | None, by: Covariate | None
) -> Stratum:
    effects = [member.effect for member in chosen]
    measure = effects[0].measure
    try:
        pooled, reason = pool(effects, method), ""
    except ValueError as error:
        pooled, reason = None, str(error)
    regression, why = _regression(chosen, by, method) if by and pooled else (None, "")
    asymmetry, unseen = _asymmetry(chosen) if pooled else (None, "")
    return Stratum(
        place[0],
        of,
        place[1],
        measure,
        tuple(chosen),
        pooled,
        reason,
        regression,
        why,
        asymmetry,
        unseen,
    )


def _regression(
    chosen: list[Member], by: Covariate, method: Method | None
) -> tuple[Regression | None, str]:
    try:
        if by == "dose":
            known = [member for member in chosen if member.log_dose is not None]
            columns: Mapping[str, Sequence[float]] = {
                "log10 of cells of one infusion": [member.log_dose or 0.0 for member in known]
            }
        else:
            values = [member.route if by == "route" else member.product for member in chosen]
            known = [m for m, value in zip(chosen, values, strict=True) if value != "unknown"]
            columns = categories([value for value in values if value != "unknown"])
        if len(known) < 2:
            return None, f"the {by} is known of {len(known)} of {len(chosen)} studies"
        return regress([member.effect for member in known], columns, method or "reml"), ""
    except ValueError as error:
        return None, str(error)


def _asymmetry(chosen: list[Member]) -> tuple[Asymmetry | None, str]:
    try:
        return egger([member.effect for member in chosen]), ""
    except ValueError as error:
        return None, str(error)


def _choice(base: Base, key: str) -> Choice | None:
    week = _best_week(base, key, WINDOW_WEEK)
    measure = MEASURES[base.gathered.rows[key][0].measure][0]
    found, _ = members(base.gathered, key, _wish(base, week, WINDOW_WEEK, measure, False))
    if not found:
        return None
    counted = tuple(
        (
            place[1] or place[0],
            len(found[place]),
            sum(m.n_cells + (m.n_control or 0) for m in found[place]),
        )
        for place in _ordered(found)
    )
    name = endpoint_name(base.gathered.rows[key][0].endpoint, base.endpoints)
    return Choice(key, name, week, counted)


def _best_week(base: Base, key: str, width: float) -> float:
    """Return the week with most contrasts, then most studies, then the earliest."""
    rows = base.gathered.rows[key]
    measure = MEASURES[rows[0].measure][0]

    def rank(week: float) -> tuple[int, int, float]:
        found, _ = members(base.gathered, key, _wish(base, week, width, measure, False))
        sizes = [len(items) for items in found.values()]
        return max(sizes, default=0), sum(sizes), -week

    return max(sorted({row.week for row in rows}), key=rank)


def _known_endpoint(base: Base, endpoint: str) -> str:
    known = sorted(base.gathered.rows)
    if endpoint in known:
        return endpoint
    if not known:
        raise _refused("endpoint", f"no result on {WHOSE[base.of]} in '{base.disease}'", "")
    message = f"no result on {WHOSE[base.of]} for the endpoint '{endpoint}'"
    near = nearest(endpoint, known)
    raise InputError(Issue(None, None, "endpoint", message, f"one of {', '.join(known)}", near))


def _measure(base: Base, key: str, measure: str | None) -> Measure:
    kind = base.gathered.rows[key][0].measure
    allowed = MEASURES[kind]
    if measure is None:
        return allowed[0]
    one_of("measure", measure, CHOICES)
    if measure == "rate" and kind == "rate":
        return "rate_ratio"
    for known in allowed:
        if known == measure:
            return known
    words = {"responder": "a response", "rate": "a rate"}.get(kind, "a number")
    named = ", ".join("rate" if one == "rate_ratio" else one for one in allowed)
    raise _refused("measure", f"'{measure}' does not fit '{key}', which is {words}", named)


def _not_negative(key: str, value: float) -> float:
    if not value >= 0:
        raise _refused(key, f"{value:g} is out of range", "0 or more weeks")
    return value


def _refused(key: str, message: str, expected: str) -> InputError:
    return InputError(Issue(None, None, key, message, expected or None))


def _nothing(
    base: Base, key: str, wish: Wish, strata: Sequence[Stratum], left: Sequence[LeftOut]
) -> InputError:
    """Say in one line why nothing can be pooled."""
    where = f"'{key}' in '{base.disease}' within {wish.window:g} weeks of week {wish.week:g}"
    said = [
        f"{one.mechanism or one.kind}: {one.reason.removesuffix(': nothing to pool')}"
        for one in strata
    ]
    reasons = dict.fromkeys(f"{item.study}: {item.reason}" for item in left)
    more = f" and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    said += [f"left out: {', '.join(list(reasons)[:3])}{more}"] if reasons else []
    message = f"nothing to pool for {where}: {'; '.join(said) or 'no study'}"
    return InputError(Issue(None, None, None, message, "at least two studies of one design"))


def _better(name: str, endpoints: Endpoints) -> str:
    """Return which direction is the better one; of a level of a category that is not known."""
    levels = [level for category in endpoints.categories for level in category.level_names]
    return "neither" if name in levels else better(name, endpoints)


def unit_of(name: str, endpoints: Endpoints) -> str:
    """Return the unit of an endpoint; empty for a response and for what has none."""
    if name not in endpoints.numbers:
        return ""
    unit = endpoints.number(name).unit
    return "" if unit in ("1", "dimensionless") else unit


__all__ = [
    "CHOICES",
    "COVARIATES",
    "METHOD_CHOICES",
    "choices",
    "meta_analysis",
    "pooled_stratum",
    "unit_of",
]
