"""The page, the document and the manifest of a design, as one folder."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from funis.analysis import Results
from funis.pipeline.design.document import design_document
from funis.pipeline.design.plan import GROUPS, PATIENTS, PRESENT, DesignPlan
from funis.pipeline.design.run import DesignPoint, DesignResult, Dot
from funis.pipeline.design.trap import Series, Spread
from funis.pipeline.reporting import endpoints
from funis.pipeline.reporting.methods import engine_text, version
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import TRIAL, find_evidence, json_text
from funis.protocol import content_hash, library_structures
from funis.report import RESEARCH_USE
from funis.report.content import Interval, Provenance
from funis.report.design import (
    BinsView,
    DesignReport,
    DotView,
    SizeView,
    StripView,
    TrapView,
    write_design,
)
from funis.report.design_figures import design_code, design_figures, design_identity
from funis.report.statement import SIMULATED
from funis.store import run_folder, write_manifest, write_text

KIND = "design"
PAGE, DOCUMENT = "design.html", "design.json"


def write_folder(result: DesignResult, out: Path) -> None:
    """Write the folder of a design: complete, or not at all.

    Raises
    ------
    InputError
        The folder cannot be written, or holds what no run wrote.
    """
    report, trial = design_report(result), result.plan.trial
    with run_folder(out) as folder:
        write_design(report, folder / PAGE)
        write_text(folder / DOCUMENT, json_text(design_document(result)))
        if trial.text:
            write_text(folder / TRIAL, trial.text)
        grade = evidence_text(evidence_base(find_evidence(trial.model)))
        known = {
            "kind": KIND, "disease_id": trial.model.id, "evidence": grade,
            "request": design_request(result),
        }  # fmt: skip
        write_manifest(folder, {**design_manifest(report), **known})


def design_request(result: DesignResult) -> dict[str, Any]:
    """Return what a design was asked for, so that it can be asked for again."""
    return {
        "kind": KIND, "trial": result.plan.trial.name,
        "sizes": [point.n for point in result.points], "replicates": result.replicates,
        "structures": [name for name in result.structures if name != PRESENT],
        "ensemble": result.basis, "null": result.points[0].power is None,
        "patients": result.plan.patients,
    }  # fmt: skip


def design_manifest(report: DesignReport) -> dict[str, Any]:
    """Return what it takes to name this design and to make it again."""
    source = report.provenance
    return {
        "research_use": RESEARCH_USE, "data": SIMULATED, "title": report.title,
        "disease": report.disease, "seed": source.seed,
        "protocol": {"file": source.protocol_file, "hash": source.protocol_hash},
        "estimand": report.estimand, "success_rule": report.rule,
        "fixed_before_the_first_patient": report.fixed_hash,
        "library_version": source.library_version, "model_hash": source.model_hash,
        "endpoints_hash": source.endpoints_hash,
        "pool_hash": source.pool_hash, "engine": source.engine, "command": source.command,
        "failed": report.failed, "more": dict(source.more), "run": design_identity(report),
        "code": design_code(report),
        "figures": [mark.document() for mark in design_figures(report)],
    }  # fmt: skip


def design_report(result: DesignResult) -> DesignReport:
    """Return the content of the page of a design."""
    plan = result.plan
    protocol, model, rule = plan.declared, plan.trial.model, plan.rule
    sign = 1 if rule.direction == "greater" else -1
    forms = [name for name in result.structures if name != PRESENT]
    last = max(result.points, key=lambda point: point.n)
    return DesignReport(
        title=protocol.title,
        disease=model.name,
        question=endpoints.question(protocol, model.endpoints),
        estimand=endpoints.estimand_text(protocol),
        rule=_rule_text(plan),
        fixed_hash=protocol.plan_hash,
        measure=_measure(plan),
        limit=rule.null + sign * rule.minimal_difference,
        null=rule.null,
        greater=rule.direction == "greater",
        ratio=rule.measure == "rate_ratio",
        nominal=rule.alpha / 2,
        basis=result.basis,
        no_effect=result.no_effect,
        replicates=result.replicates,
        draws=result.draws,
        bank=GROUPS * plan.patients,
        parts=GROUPS,
        failed=result.failed,
        sizes=tuple(_size(plan, point) for point in result.points),
        strips=tuple(_strip(result, last, arm) for arm in rule.arms if last.dots),
        traps=tuple(_trap(plan, series) for point in result.points for series in point.series),
        forms={name: library_structures()[name].question for name in forms},
        provenance=_provenance(result),
        disease_id=model.id,
        endpoint=plan.request.key,
    )


def _rule_text(plan: DesignPlan) -> str:
    empty = Results((), (), (), ())
    return endpoints.success_view(plan.declared, empty, plan.trial.model.endpoints).rule


def _measure(plan: DesignPlan) -> str:
    if plan.rule.measure == "rate_ratio":
        return "ratio of rates"
    if plan.request.measure == "responder":
        return "percentage points"
    name = endpoints.endpoint_name(plan.request.endpoint, plan.trial.model.endpoints)
    return f"difference in {name}"


def _size(plan: DesignPlan, point: DesignPoint) -> SizeView:
    present = point.assurance.get(PRESENT)
    by_arm = {
        plan.declared.arm(arm).label: (
            point.type1.arms[arm],
            None if point.power is None else point.power.arms[arm],
            None if present is None else present.arms[arm],
        )
        for arm in plan.rule.arms
    }
    return SizeView(
        point.n, tuple(point.sizes.values()), point.type1.any_arm,
        None if point.power is None else point.power.any_arm,
        None if present is None else present.any_arm, point.if_any_effect,
        {name: one.any_arm for name, one in point.assurance.items() if name != PRESENT}, by_arm,
        (point.type1.patients, None if present is None else present.patients),
        None if point.type1.weeks is None
        else (point.type1.weeks, None if present is None else present.weeks),
    )  # fmt: skip


def _strip(result: DesignResult, point: DesignPoint, arm: str) -> StripView:
    dots = tuple(_dot(result, point, dot) for dot in point.dots if dot.arm == arm)
    return StripView(result.plan.declared.arm(arm).label, dots)


def _dot(result: DesignResult, point: DesignPoint, dot: Dot) -> DotView:
    interval = Interval(dot.estimate, dot.low, dot.high)
    command = twin_command(result, point.n, dot.replicate)
    return DotView(dot.replicate, interval, dot.success, dot.acting, command)


def twin_command(result: DesignResult, n: int, replicate: int) -> str:
    """Return the command that conducts one replicate of the posterior again."""
    return f"funis twin {result.plan.trial.name} --n {n} --replicate {replicate}{_more(result)}"


def _more(result: DesignResult) -> str:
    """Return the options that are not at their default."""
    words = "" if result.plan.patients == PATIENTS else f" --patients {result.plan.patients}"
    return words if result.basis == "borrowed" else f"{words} --ensemble {result.basis}"


def _trap(plan: DesignPlan, one: Series) -> TrapView:
    item = plan.trial.model.endpoints.number(one.improvement.score)
    least = one.improvement.least
    how = f"better by the important difference, {least:g}, or more" if least else "better at all"
    return TrapView(
        item.name, how, one.n, one.share, one.inside, one.finds, _bins(one.shares),
        _bins(one.differences),
    )  # fmt: skip


def _bins(one: Spread) -> BinsView:
    return BinsView(one.edges, one.shares)


def _provenance(result: DesignResult) -> Provenance:
    plan, protocol = result.plan, result.plan.declared
    sizes = ",".join(str(point.n) for point in result.points)
    forms = ",".join(name for name in result.structures if name != PRESENT) or "none"
    null = " --null" if result.points[0].power is None else f" --structures {forms}"
    command = (
        f"funis design {plan.trial.name} --n {sizes} --replicates {result.replicates}{null}"
        f"{_more(result)}"
    )
    more = {
        "ensemble": result.ensemble_hash, "replicates": str(result.replicates),
        "Python": platform.python_version(), "NumPy": version("numpy"),
    }  # fmt: skip
    return Provenance(
        plan.trial.place, protocol.hash, f"funis {version('funis')}", plan.trial.model.hash,
        result.pool_hash, engine_text(), protocol.seed, command, None,
        {name: text for name, text in more.items() if text},
        content_hash(plan.trial.model.endpoints),
    )  # fmt: skip
