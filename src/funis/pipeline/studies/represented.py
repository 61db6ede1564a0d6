"""`funis evidence model`: how the model represents a study, and how its numbers were predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

from funis.calibrate.reconstruct import ArmPlan, Reconstruction
from funis.evidence import Study
from funis.models import Model, disease_ids, load_model
from funis.pipeline.evidence import find_record
from funis.pipeline.reporting.arms import dose_text, route_name
from funis.pipeline.run import finite
from funis.pipeline.studies.reach import not_of_cells, why_context
from funis.pipeline.tables import Table, interval_text
from funis.protocol import Arm, Intervention, Regimen, library_regimens
from funis.report import RESEARCH_USE
from funis.report.content import Interval

MOST_REGIMENS = 8
"""Regimens of one arm that are written out; the others are counted."""

NO_VARIANT = "nothing beside the background of the trial"


@dataclass(frozen=True, slots=True)
class ModelledArm:
    """One published arm in the model.

    Attributes
    ----------
    regimens : tuple of str
        What it may have been given, alike in probability; one where the regimen is known.
    more : int
        Regimens that are not written out.
    drawn, left_out, stands_in : tuple of str
        What the study does not say and was drawn; what is not represented; what stands for what.
    """

    id: str
    n: int | None
    cells: bool
    regimens: tuple[str, ...]
    more: int
    drawn: tuple[str, ...]
    left_out: tuple[str, ...]
    stands_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelledNumber:
    """A published number that the model can be held against, in our names and units."""

    arm: str
    endpoint: str
    week: float
    n: int | None
    interval: Interval
    published: str
    percent: bool


@dataclass(frozen=True, slots=True)
class Modelled:
    """How the model represents a study.

    Attributes
    ----------
    template : str
        Trial of the library whose patients, background and rules it has; empty without one.
    numbers, baseline : tuple of ModelledNumber
        After baseline, and those that the virtual patients are weighted to.
    skipped : tuple of (arm, endpoint, week, reason)
    regimen : Regimen or None
        The protocol of the library that bears the study's name.
    reason : str
        Why it is not represented; empty where it is.
    """

    study: str
    disease: str
    template: str
    arms: tuple[ModelledArm, ...]
    numbers: tuple[ModelledNumber, ...]
    baseline: tuple[ModelledNumber, ...]
    skipped: tuple[tuple[str, str, str, str], ...]
    regimen: Regimen | None
    regimen_lines: tuple[str, ...]
    reason: str


def modelled(study_id: str) -> Modelled:
    """Return how the model represents a study.

    Raises
    ------
    InputError
        No such study.
    """
    record = find_record(study_id)
    regimen = regimens().get(study_id)
    if not isinstance(record, Study):
        return _absent(study_id, "", regimen, "a row of natural history, not a study")
    reason = not_of_cells(record) or ("" if record.fitted else why_context(record))
    if reason or record.disease not in disease_ids():
        return _absent(study_id, record.disease, regimen, reason)
    return _made(record, regimen)


def _absent(study: str, disease: str, regimen: Regimen | None, reason: str) -> Modelled:
    lines: tuple[str, ...] = ()
    if regimen is not None:
        lines = _regimen_lines(regimen, load_model(regimen.disease))
    return Modelled(study, disease, "", (), (), (), (), regimen, lines, reason)


@cache
def regimens() -> dict[str, Regimen]:
    """Return the published regimens of the library by the study that they are of."""
    return {one.id: one for one in library_regimens() if one.kind == "published"}


def _made(study: Study, regimen: Regimen | None) -> Modelled:
    from funis.evidence import load_evidence
    from funis.pipeline.calibration_data import reconstructions

    model = load_model(study.disease)
    ((made, _),) = reconstructions(load_evidence(study.disease), model, [study])
    reasons = dict.fromkeys(item.reason for item in made.skipped)
    silent = "; ".join(reasons) or "no number after baseline"
    return Modelled(
        study=study.id,
        disease=study.disease,
        template=made.template,
        arms=tuple(_arm(plan, model) for plan in made.arms),
        numbers=tuple(_number(row) for row in made.rows),
        baseline=tuple(_number(row) for row in made.baseline),
        skipped=_skipped(made),
        regimen=regimen,
        regimen_lines=() if regimen is None else _regimen_lines(regimen, model),
        reason="" if made.rows else silent,
    )


def _skipped(made: Reconstruction) -> tuple[tuple[str, str, str, str], ...]:
    return tuple(
        (item.arm, item.endpoint, "" if item.week is None else f"{item.week:g}", item.reason)
        for item in made.skipped
    )


def _arm(plan: ArmPlan, model: Model) -> ModelledArm:
    lines = tuple(dict.fromkeys(_variant_text(one, model) for one in plan.variants))
    return ModelledArm(
        plan.id, plan.n, plan.cells, lines[:MOST_REGIMENS], max(len(lines) - MOST_REGIMENS, 0),
        plan.drawn, plan.left_out, plan.stands_in,
    )  # fmt: skip


def _variant_text(arm: Arm, model: Model) -> str:
    given = [_given(one, model) for one in arm.interventions]
    return "; ".join(given) or NO_VARIANT


def _given(one: Intervention, model: Model) -> str:
    days = ", ".join(f"{day:g}" for day in one.days)
    if one.drug is not None:
        known = model.input(one.drug)
        name = one.drug if known is None else known.description
        return f"{name}, {one.dose:g} standard doses from day {days}"
    route = route_name(model, one)
    if one.sham:
        return f"sham of {route} on day {days}"
    product = (one.product or "").replace("_", " ")
    return f"{dose_text(one)} by {route} on day {days} ({product})"


def _number(row: Any) -> ModelledNumber:
    request = row.request
    interval = Interval(*(None if math.isnan(x) else x for x in (row.observed, row.low, row.high)))
    return ModelledNumber(
        row.arm, request.key, request.week, row.n, interval, row.published,
        request.measure == "responder",
    )  # fmt: skip


def _regimen_lines(regimen: Regimen, model: Model) -> tuple[str, ...]:
    return tuple(
        f"{variant.label}: " + "; ".join(_given(one, model) for one in variant.interventions)
        for variant in regimen.variants
    )


def modelled_document(found: Modelled) -> dict[str, Any]:
    """Return how the model represents a study as plain data."""
    import dataclasses

    regimen = found.regimen
    document = {
        "research_use": RESEARCH_USE,
        "study": found.study,
        "disease": found.disease,
        "represented": not found.reason,
        "reason": found.reason or None,
        "template": found.template or None,
        "arms": [dataclasses.asdict(arm) for arm in found.arms],
        "numbers": [dataclasses.asdict(one) for one in found.numbers],
        "baseline": [dataclasses.asdict(one) for one in found.baseline],
        "skipped": [
            dict(zip(("arm", "endpoint", "week", "reason"), item, strict=True))
            for item in found.skipped
        ],
        "protocol": None if regimen is None else {
            "id": regimen.id, "title": regimen.title, "source": regimen.source,
            "note": regimen.note, "variants": list(found.regimen_lines),
        },
    }  # fmt: skip
    return {key: finite(value) for key, value in document.items()}


def modelled_tables(found: Modelled) -> tuple[Table, ...]:
    """Return how the model represents a study as tables of text; empty ones are left out."""
    arms = tuple(
        (arm.id, str(arm.n or ""), "yes" if arm.cells else "no", _regimens(arm),
         "; ".join(arm.drawn), "; ".join((*arm.left_out, *arm.stands_in)))
        for arm in found.arms
    )  # fmt: skip
    numbers = tuple(_number_line(one) for one in (*found.baseline, *found.numbers))
    protocol = tuple((line,) for line in found.regimen_lines)
    title = f"Protocol of the library: {found.study}"
    tables = (
        Table(f"Arms, in patients of the trial {found.template}", ARMS, arms),
        Table("Numbers that the model is held against", NUMBERS, numbers),
        Table("Published numbers without a counterpart", SKIPPED, found.skipped),
        Table(title, ("what is given",), protocol),
    )
    return tuple(table for table in tables if table.rows)


ARMS = ("arm", "n", "cells", "what it may have been given", "drawn", "left out, stands for")
NUMBERS = ("arm", "endpoint", "week", "n", "published (95 %)", "published name")
SKIPPED = ("arm", "endpoint", "week", "reason")


def _regimens(arm: ModelledArm) -> str:
    more = f"; and {arm.more} more" if arm.more else ""
    return " or ".join(arm.regimens) + more


def _number_line(one: ModelledNumber) -> tuple[str, ...]:
    return (
        one.arm, one.endpoint, f"{one.week:g}", str(one.n or ""),
        interval_text(one.interval, one.percent), one.published,
    )  # fmt: skip
