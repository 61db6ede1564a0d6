"""From the evidence of a disease to the effects of its studies, each in its own stratum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from funis.analysis import Published, published_results
from funis.evidence import Arm, Evidence, Study
from funis.evidence.meta import (
    SCALES,
    Counts,
    Effect,
    Events,
    Means,
    Measure,
    arm_mean,
    arm_rate,
    combine_counts,
    combine_means,
    mean_difference,
    odds_ratio,
    printed_effect,
    proportion,
    rate_ratio,
    risk_difference,
    risk_ratio,
    standardised_mean_difference,
)
from funis.models import Endpoints
from funis.pipeline.meta.printed import (
    PrintedArm,
    Unusable,
    gives_cells,
    is_control,
    marked,
    mean_log_dose,
    not_cells,
    printed_arm,
    read_arm,
    said,
)
from funis.pipeline.meta.values import Group, LeftOut, Member, StratumKind
from funis.protocol import SUFFIXES

_BINARY: Mapping[str, Callable[[str, Counts, Counts], Effect]] = {
    "rd": risk_difference,
    "rr": risk_ratio,
    "or": odds_ratio,
}
_NUMERIC: Mapping[str, Callable[[str, Means, Means], Effect]] = {
    "md": mean_difference,
    "smd": standardised_mean_difference,
}
_SYSTEMIC = "iv"
_GROUPS: Mapping[Group, str] = {
    "cells": "stromal cells",
    "drugs": "drug",
    "placebo": "placebo and standard care",
}
Place: TypeAlias = tuple[StratumKind, str]
"""A stratum: its design, and the mechanism where drugs are pooled."""
Found: TypeAlias = dict[Place, list[Member]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows of one group by endpoint, and what cannot be used of each endpoint."""

    of: Group
    studies: tuple[Study, ...]
    rows: Mapping[str, tuple[Published, ...]]
    skipped: Mapping[str, tuple[LeftOut, ...]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be pooled: the week, how far from it, the measure, which routes."""

    week: float
    window: float
    measure: Measure
    arms_only: bool = False
    any_route: bool = False
    of: Group = "cells"


def endpoint_key(name: str, measure: str) -> str:
    """Key of an endpoint, such as ``DAS28_ESR_change``."""
    return f"{name}{SUFFIXES.get(measure, '')}"


def gather(evidence: Evidence, endpoints: Endpoints, of: Group = "cells") -> Gathered:
    """Sort the published rows of one group by endpoint; baseline rows are left away."""
    found, without = published_results(evidence, endpoints)
    rows: dict[str, list[Published]] = {}
    for row in found:
        if row.group == _GROUPS[of] and row.week > 0:
            rows.setdefault(endpoint_key(row.endpoint, row.measure), []).append(row)
    skipped: dict[str, list[LeftOut]] = {}
    studies = {"cells": evidence.studies, "drugs": evidence.pharmacology, "placebo": ()}[of]
    own = {study.id for study in studies}
    for item in without:
        name = endpoints.evidence_name(item.endpoint)
        if item.study in own and name is not None and name.endpoint is not None:
            left = LeftOut(item.study, item.arm, item.week, item.reason)
            skipped.setdefault(endpoint_key(name.endpoint, name.measure), []).append(left)
    return Gathered(
        of,
        studies,
        {key: tuple(items) for key, items in rows.items()},
        {key: tuple(items) for key, items in skipped.items()},
    )


def members(gathered: Gathered, key: str, wish: Wish) -> tuple[Found, list[LeftOut]]:
    """Return the studies of each stratum, one effect a study, and what is left out with reasons."""
    found: Found = {}
    left: list[LeftOut] = [
        item
        for item in gathered.skipped.get(key, ())
        if item.week is None or abs(item.week - wish.week) <= wish.window
    ]
    rows = gathered.rows.get(key, ())
    near = [row for row in rows if abs(row.week - wish.week) <= wish.window]
    for name, own in _by_study(near, gathered.of).items():
        try:
            place, member = _placed(gathered, name, _nearest(own, wish.week), wish, left)
            found.setdefault(place, []).append(member)
        except ValueError as error:
            reason = str(error).removeprefix(f"{name}: ")
            left.append(LeftOut(name, "", own[0].week, reason))
    return found, left


def _by_study(rows: Sequence[Published], of: Group) -> dict[str, list[Published]]:
    """Sort rows by study; a row of placebo response names its trial after a colon."""
    found: dict[str, list[Published]] = {}
    for row in rows:
        name = row.study.split(": ")[-1] if of == "placebo" else row.study
        found.setdefault(name, []).append(row)
    return found


def _placed(
    gathered: Gathered, name: str, rows: list[Published], wish: Wish, left: list[LeftOut]
) -> tuple[Place, Member]:
    """Make one effect of a study, and say to which stratum it belongs."""
    if gathered.of == "placebo":
        return ("randomised arms", ""), _placebo(name, rows)
    study = next(one for one in gathered.studies if one.id == name)
    if gathered.of == "drugs":
        return _drug(study, rows, wish)
    kind, member = _member(study, rows, wish, left)
    return (kind, ""), member


def _drug(study: Study, rows: list[Published], wish: Wish) -> tuple[Place, Member]:
    """Compare the arm and the reference that the study's gate names."""
    if study.evidence_type != "randomised" or study.gate is None:
        raise Unusable(f"a study of design '{study.design.kind}'")
    names = (study.gate.arm, study.gate.reference)
    found = [
        next((row for row in rows if (row.arm, row.subgroup) == (name, None)), None)
        for name in names
    ]
    if found[0] is None or (found[1] is None and not wish.arms_only):
        raise Unusable("the arms that are compared are not both reported at this week")
    arms = tuple((printed_arm(row, study),) if row is not None else () for row in found)
    effect = _effect(study.id, wish.measure, arms[0], arms[1])
    kind: StratumKind = "randomised arms" if wish.arms_only else "randomised contrast"
    member = _described(study, found[0], effect, arms[0], arms[1])
    return (kind, study.mechanism or "unknown"), replace(member, product=study.product.drug or "")


def _placebo(name: str, rows: list[Published]) -> Member:
    """Take one placebo arm; pooled rows of several trials are their own inputs."""
    single = [row for row in rows if row.evidence_type == "randomised"]
    if not single:
        raise Unusable("several trials pooled, or standard care: not one placebo arm")
    row = single[0]
    if row.outcome is None:
        raise Unusable("the printed row is not known")
    one = read_arm(row, row.outcome, Arm(row.arm))
    effect = _effect(name, "proportion", (one,), ())
    return Member(
        effect=effect, design=row.design, blinding=row.blinding, confidence=row.confidence,
        week=row.week, cells=one.text, control="", n_cells=one.n, n_control=None,
        randomised=one.n, log_dose=None, dose="none", route="none", product="placebo",
        family=None, overlaps=(), notes=(*one.notes, *effect.notes),
    )  # fmt: skip


def _nearest(rows: Sequence[Published], week: float) -> list[Published]:
    closest = min(rows, key=lambda row: (abs(row.week - week), row.week)).week
    return [row for row in rows if row.week == closest]


def _member(
    study: Study, rows: list[Published], wish: Wish, left: list[LeftOut]
) -> tuple[StratumKind, Member]:
    """Make one effect of the rows of one study at one week."""
    _check_study(study)
    whole = [row for row in rows if row.subgroup is None]
    for row in rows:
        if row.subgroup is not None:
            left.append(LeftOut(study.id, row.arm, row.week, f"a subgroup: {row.subgroup}"))
    if not whole:
        raise Unusable("subgroups only")
    if whole[0].contrast:
        return _printed_contrast(study, whole[0], wish)
    chosen = tuple(_on_route(study, whole, wish))
    cells = tuple(printed_arm(row, study) for row in chosen)
    control = tuple(
        printed_arm(row, study)
        for row in whole
        if (arm := study.arm(row.arm)) is not None and is_control(arm)
    )
    kind = _kind(study, wish, bool(control))
    effect = _effect(study.id, wish.measure, cells, control)
    return kind, _described(study, whole[0], effect, cells, control)


def _check_study(study: Study) -> None:
    if study.evidence_type == "meta-analysis":
        raise Unusable("a meta-analysis: never pooled again with its own inputs")
    if study.evidence_type == "other":
        raise Unusable(f"a study of design '{study.design.kind}'")
    reason = marked(study) or not_cells(study)
    if reason:
        raise Unusable(reason)


def _on_route(study: Study, rows: list[Published], wish: Wish) -> Iterator[Published]:
    """Rows of arms with cells, by vein or by a route that was not stated, or by any if wished."""
    single = study.evidence_type == "single-arm"
    known = [row for row in rows if study.arm(row.arm) is not None]
    union = [] if known or not single else rows[:1]
    found, other = False, ""
    for row in (*known, *union):
        arm = study.arm(row.arm)
        if arm is not None and not gives_cells(arm, study):
            continue
        route = _route(study) if arm is None else arm.route
        if not wish.any_route and (said(study, "context") or route not in (None, _SYSTEMIC)):
            other = route or "another route"
            continue
        found = True
        yield row
    if not found:
        what = f"given by the route '{other}', not by vein (--any-route pools it)"
        raise Unusable(what if other else "no arm is known to have got cells")


def _route(study: Study) -> str | None:
    routes = {arm.route for arm in study.arms}
    return routes.pop() if len(routes) == 1 else None


def _kind(study: Study, wish: Wish, controlled: bool) -> StratumKind:
    if study.evidence_type == "single-arm":
        return "single-arm"
    if wish.arms_only:
        return "randomised arms" if study.randomised else "non-randomised arms"
    if not controlled:
        raise Unusable("no control arm without cells at this week")
    return "randomised contrast" if study.randomised else "non-randomised contrast"


def _effect(
    study: str, measure: Measure, cells: tuple[PrintedArm, ...], control: tuple[PrintedArm, ...]
) -> Effect:
    """Compute the effect; several arms with cells, or several controls, are one arm first."""
    first = _together(cells)
    second = _together(control) if control and SCALES[measure].contrast else None
    if isinstance(first, Counts):
        if isinstance(second, Counts):
            return _BINARY[measure](study, first, second)
        return proportion(study, first)
    if isinstance(first, Events):
        if isinstance(second, Events):
            return rate_ratio(study, first, second)
        return arm_rate(study, first)
    if isinstance(second, Means):
        return _NUMERIC[measure](study, first, second)
    return arm_mean(study, first)


def _together(arms: tuple[PrintedArm, ...]) -> Counts | Events | Means:
    counts = tuple(arm.values for arm in arms if isinstance(arm.values, Counts))
    if counts:
        return counts[0] if len(counts) == 1 else combine_counts(counts)
    events = tuple(arm.values for arm in arms if isinstance(arm.values, Events))
    if events:
        n = sum(one.n or 0 for one in events)
        return Events(sum(one.events for one in events), sum(one.years for one in events), n)
    means = tuple(arm.values for arm in arms if isinstance(arm.values, Means))
    return means[0] if len(means) == 1 else combine_means(means)


def _printed_contrast(study: Study, row: Published, wish: Wish) -> tuple[StratumKind, Member]:
    """Take a difference that was printed with its interval."""
    if wish.measure != "md" or wish.arms_only:
        raise Unusable("printed as a difference of means only")
    effect = printed_effect(study.id, "md", row.estimate, (row.low, row.high), row.n)
    kind: StratumKind = "randomised contrast" if study.randomised else "non-randomised contrast"
    return kind, _described(study, row, effect, (), ())


def _described(
    study: Study,
    row: Published,
    effect: Effect,
    cells: tuple[PrintedArm, ...],
    control: tuple[PrintedArm, ...],
) -> Member:
    single = effect.measure in ("proportion", "mean", "rate")
    used = cells if single else (*cells, *control)
    notes = dict.fromkeys(note for arm in used for note in arm.notes)
    several = [f"{len(cells)} arms with cells taken together"] if len(cells) > 1 else []
    unknown = [] if row.route != "unknown" else ["route not stated"]
    product = [study.product.notes] if study.product.notes else []
    product += ["one of your own studies"] if said(study, "origin") == "user" else []
    doses = dict.fromkeys(_dose(arm) for arm in cells)
    return Member(
        effect=effect,
        design=study.design.kind,
        blinding=row.blinding,
        confidence=row.confidence,
        week=row.week,
        cells=_text(cells),
        control="" if single else _text(control),
        n_cells=sum(arm.n for arm in cells),
        n_control=None if single else sum(arm.n for arm in control),
        randomised=_randomised(study, (*cells, *control)),
        log_dose=mean_log_dose(cells) if cells else None,
        dose=", ".join(doses) or row.dose,
        route=", ".join(dict.fromkeys(arm.arm.route or "unknown" for arm in cells)) or row.route,
        product=study.product.source or "unknown",
        family=said(study, "family"),
        overlaps=tuple(said(study, "overlaps") or ()),
        notes=(*several, *unknown, *notes, *effect.notes, *product),
    )


def _randomised(study: Study, arms: tuple[PrintedArm, ...]) -> int | None:
    """Patients allocated by chance; those that are pooled where no more is stated."""
    if not study.randomised:
        return None
    return study.population.n or sum(arm.n for arm in arms)


def _text(arms: tuple[PrintedArm, ...]) -> str:
    if not arms:
        return ""
    values = _together(arms)
    return PrintedArm(arms[0].arm, values, ()).text


def _dose(one: PrintedArm) -> str:
    arm = one.arm
    if arm.cells_per_infusion is not None:
        return f"{arm.cells_per_infusion:.3g}"
    return "unknown" if arm.cells_per_kg is None else f"{arm.cells_per_kg:.3g}/kg"
