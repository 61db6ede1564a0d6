"""What `funis design` and `funis twin` print: one JSON document, and tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from funis.pipeline.design.plan import GROUPS, PRESENT, DesignPlan
from funis.pipeline.design.run import DesignPoint, DesignResult, Dot, Power
from funis.pipeline.design.trap import ADVERTISED, Series, Spread
from funis.pipeline.design.twin import Replicate, TwinPatient, VisitBand
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.pipeline.run import finite
from funis.pipeline.tables import Table, interval_text
from funis.report import RESEARCH_USE
from funis.report.content import Interval
from funis.report.statement import SIMULATED


def design_document(result: DesignResult) -> dict[str, Any]:
    """Return operating characteristics as plain data."""
    plan = result.plan
    document = {
        "research_use": RESEARCH_USE,
        "simulated": SIMULATED,
        "evidence": result.evidence,
        **about(plan),
        "ensemble": result.basis,
        "no_effect": result.no_effect,
        "structures": list(result.structures),
        "replicates": result.replicates,
        "bank": {"patients": GROUPS * plan.patients, "followed_per_draw": plan.patients},
        "failed": result.failed,
        "points": [_point(one) for one in result.points],
    }
    return {name: finite(value) for name, value in document.items()}


def about(plan: DesignPlan) -> dict[str, Any]:
    """Return trial and success rule as plain data."""
    rule, protocol = plan.rule, plan.trial.protocol
    return {
        "trial": protocol.id,
        "seed": protocol.seed,
        "rule": {
            "endpoint": plan.request.key, "week": rule.week, "method": plan.method,
            "arms": list(rule.arms), "reference": rule.reference, "alpha": rule.alpha,
            "direction": rule.direction, "minimal_difference": rule.minimal_difference,
        },
    }  # fmt: skip


def _point(one: DesignPoint) -> dict[str, Any]:
    present = one.assurance.get(PRESENT)
    return {
        "n": one.n,
        "sizes": dict(one.sizes),
        "power": None if one.power is None else interval_entry(one.power.any_arm),
        "assurance": None if present is None else interval_entry(present.any_arm),
        "type1": interval_entry(one.type1.any_arm),
        "assurance_if_any_effect": interval_entry(one.if_any_effect),
        "by_arm": {
            "power": _by_arm(one.power), "assurance": _by_arm(present),
            "type1": _by_arm(one.type1),
        },
        "expected": {
            name: None if power is None else {"patients": power.patients, "weeks": power.weeks}
            for name, power in (
                ("no_effect", one.type1), ("power", one.power), ("assurance", present)
            )
        },
        "by_structure": {
            name: interval_entry(power.any_arm) for name, power in one.assurance.items()
        },
        "uncontrolled_series": [_series(series) for series in one.series],
        "dots": [dot_entry(dot) for dot in one.dots],
    }  # fmt: skip


def dot_entry(dot: Dot) -> dict[str, Any]:
    """Return one replicate as plain data."""
    return {
        "replicate": dot.replicate, "arm": dot.arm, "estimate": dot.estimate, "low": dot.low,
        "high": dot.high, "success": dot.success, "cells_act": dot.acting, "truth": dot.truth,
    }  # fmt: skip


def _series(one: Series) -> dict[str, Any]:
    return {
        "improved": one.improvement.words, "patients": one.n, "share": one.share,
        "shows_60_to_90_percent": interval_entry(one.inside),
        "shows_60_percent_or_more": interval_entry(one.above),
        "shares": _spread(one.shares),
        "trial_of_as_many": {
            "finds_a_difference": interval_entry(one.finds),
            "differences": _spread(one.differences),
        },
    }  # fmt: skip


def _spread(one: Spread) -> dict[str, list[float]]:
    """Return a distribution without its empty ends."""
    filled = [place for place, share in enumerate(one.shares) if share]
    first, last = (filled[0], filled[-1]) if filled else (0, -1)
    return {
        "edges": list(one.edges[first : last + 2]), "shares": list(one.shares[first : last + 1]),
    }  # fmt: skip


def _by_arm(power: Power | None) -> dict[str, Any]:
    return {} if power is None else {arm: interval_entry(one) for arm, one in power.arms.items()}


def interval_entry(one: Interval | None) -> dict[str, float | None] | None:
    """Return an interval as plain data."""
    return None if one is None else {"estimate": one.estimate, "low": one.low, "high": one.high}


def design_tables(result: DesignResult) -> list[Table]:
    """Return operating characteristics as tables."""
    return [_characteristics(result), *_structure_tables(result), *_series_tables(result)]


def _characteristics(result: DesignResult) -> Table:
    rule, plan = result.plan.rule, result.plan
    title = (
        f"{plan.request.key}: {', '.join(rule.arms)} against {rule.reference}, {plan.method}, "
        f"alpha {rule.alpha:g} (two-sided)"
    )
    rows = tuple(
        (
            str(one.n), " / ".join(str(size) for size in one.sizes.values()),
            _text(one.type1.any_arm, 1),
            _text(None if one.power is None else one.power.any_arm),
            _text(one.assurance[PRESENT].any_arm if one.assurance else None),
            _text(one.if_any_effect), *_costs(result, one),
        )
        for one in result.points
    )  # fmt: skip
    columns = (
        "Patients", "By arm", "Type I error", "Power*", "Assurance", "If cells act",
    )  # fmt: skip
    timed = result.points[0].type1.weeks is not None
    more = ("Enrolled**",) if plan.interim is not None else ()
    return Table(title, (*columns, *more, *(("Weeks**",) if timed else ())), rows)


def _costs(result: DesignResult, point: DesignPoint) -> tuple[str, ...]:
    """Return expected patients and weeks, if cells do nothing and over the posterior."""
    null, believed = point.type1, point.assurance.get(PRESENT)
    both = (null,) if believed is None else (null, believed)
    enrolled = (" / ".join(f"{one.patients:.0f}" for one in both),)
    weeks = (" / ".join(f"{one.weeks:.0f}" for one in both if one.weeks is not None),)
    more = enrolled if result.plan.interim is not None else ()
    return (*more, *(weeks if null.weeks is not None else ()))


def _structure_tables(result: DesignResult) -> list[Table]:
    if not any(len(one.assurance) > 1 for one in result.points):
        return []
    names = tuple(result.points[0].assurance)
    rows = tuple(
        (str(one.n), *(_text(one.assurance[name].any_arm) for name in names))
        for one in result.points
    )
    title = "Assurance under competing forms of the model (shown, not weighed)"
    return [Table(title, ("Patients", *names), rows)]


def _series_tables(result: DesignResult) -> list[Table]:
    low, high = (f"{100 * share:.0f}" for share in ADVERTISED)
    rows = tuple(
        (
            str(series.n), series.improvement.words, f"{100 * series.share:.0f} %",
            _text(series.inside), _text(series.above),
        )
        for one in result.points
        for series in one.series
    )  # fmt: skip
    if not rows:
        return []
    title = "A series without a control, of cells that do nothing: how often it shows improvement"
    columns = (
        "Patients", "Improved", "Of all", f"Shows {low}-{high} %", f"Shows {low} % or more"
    )  # fmt: skip
    return [Table(title, columns, rows)]


def _text(one: Interval | None, digits: int = 0) -> str:
    if one is None or one.estimate is None or one.low is None or one.high is None:
        return ""
    low, high = (f"{100 * x:.{digits}f}" for x in (one.low, one.high))
    return f"{100 * one.estimate:.{digits}f} % ({low}-{high})"


def twin_document(replicate: Replicate, number: int | None = None) -> dict[str, Any]:
    """Return a replicate and its patients, or one of them, as plain data."""
    shown = replicate.patients if number is None else replicate.patients[number - 1 : number]
    arms = {one.arm for one in shown}
    document = {
        "research_use": RESEARCH_USE,
        "simulated": SIMULATED,
        "evidence": replicate.evidence,
        **about(replicate.plan),
        "n": len(replicate.patients),
        "sizes": replicate.sizes,
        "world": replicate.world.id,
        "structure": replicate.world.structure,
        "replicate": replicate.number,
        "draw": replicate.draw,
        "factors": dict(replicate.factors),
        "weeks": list(replicate.plan.weeks),
        "estimates": {arm: interval_entry(one) for arm, one in replicate.estimates.items()},
        "success": dict(replicate.success),
        "truth": dict(replicate.truth),
        "endpoints": [_endpoint(replicate.plan, name) for name in replicate.plan.endpoints],
        "bands": {arm: _bands(one) for arm, one in replicate.bands.items() if arm in arms},
        "patients": [_patient(one) for one in shown],
    }
    return {name: finite(value) for name, value in document.items()}


def _endpoint(plan: DesignPlan, name: str) -> dict[str, Any]:
    points = plan.trial.model.endpoints
    known = name in points.numbers
    return {
        "id": name, "name": endpoint_name(name, points), "number": known,
        "unit": points.number(name).unit if known else "", "better": points.better(name),
    }  # fmt: skip


def _bands(bands: Mapping[str, tuple[VisitBand, VisitBand]]) -> dict[str, Any]:
    return {name: {"own": asdict(own), "twin": asdict(twin)} for name, (own, twin) in bands.items()}


def _patient(one: TwinPatient) -> dict[str, Any]:
    return {
        "number": one.number, "arm": one.arm, "patient": one.patient, "site": one.site,
        "value": one.value, "twin_value": one.twin_value, "events": dict(one.events),
        "courses": {
            name: {"own": list(own), "twin": list(twin)}
            for name, (own, twin) in one.courses.items()
        },
        "truth": {
            name: {"own": list(own), "twin": list(twin)} for name, (own, twin) in one.truth.items()
        },
        "doses": [asdict(dose) for dose in one.doses],
    }  # fmt: skip


def twin_tables(replicate: Replicate, number: int | None) -> list[Table]:
    """Return a replicate as tables: its patients, or one of them visit by visit."""
    if number is None:
        return [_estimates(replicate), _patients(replicate)]
    one = replicate.patients[number - 1]
    return [_visits(replicate, one, name) for name in one.courses]


def _estimates(replicate: Replicate) -> Table:
    title = (
        f"Replicate {replicate.number} of {replicate.world.id} ({replicate.world.structure}), "
        f"draw {replicate.draw}: {replicate.plan.request.key}"
    )
    rows = tuple(
        (
            arm, interval_text(one), _number(replicate.truth.get(arm, math.nan)),
            "success" if replicate.success[arm] else "no success",
        )
        for arm, one in replicate.estimates.items()
    )  # fmt: skip
    return Table(title, ("Arm", "Against the reference", "Truth", "Decision"), rows)


def _patients(replicate: Replicate) -> Table:
    rows = tuple(
        (
            str(one.number), one.arm, str(one.patient), str(one.site), _number(one.value),
            _number(one.twin_value), _events(one.events),
        )
        for one in replicate.patients
    )  # fmt: skip
    columns = ("No.", "Arm", "Patient", "Site", "Value", "Placebo twin", "Events (week)")
    return Table("Patients, each beside the same person under the reference arm", columns, rows)


def _visits(replicate: Replicate, one: TwinPatient, name: str) -> Table:
    """Return a patient beside his twin, and the patients of his arm beside theirs."""
    (own, twin), bands = one.courses[name], replicate.bands[one.arm][name]
    number = name in replicate.plan.trial.model.endpoints.numbers
    rows = tuple(
        (
            f"{week:g}", _number(own[k]), _number(twin[k]), _band(bands[0], k, number),
            _band(bands[1], k, number),
        )
        for k, week in enumerate(replicate.plan.weeks)
    )  # fmt: skip
    reference = replicate.plan.rule.reference
    title = f"Patient {one.number} ({one.arm}): {name}"
    everybody = ("Arm, median (10 to 90 %)", "Its twins") if number else ("Share of arm", "Twins")
    return Table(title, ("Week", one.arm, f"Twin under {reference}", *everybody), rows)


def _band(band: VisitBand, place: int, number: bool) -> str:
    if not band.n[place]:
        return ""
    if not number:
        return f"{100 * band.mean[place]:.0f} % of {band.n[place]}"
    return f"{band.median[place]:.2f} ({band.q10[place]:.2f} to {band.q90[place]:.2f})"


def _events(events: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {week:.1f}" for name, week in events.items() if week is not None)


def _number(value: float) -> str:
    return "" if value != value else f"{value:g}" if value in (0.0, 1.0) else f"{value:.2f}"
