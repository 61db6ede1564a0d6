"""What the page of a job shows of its result: labels for ids, texts for numbers, warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from funis.pipeline.runs.headline import contrast_text, contrast_words, estimate_text
from funis.report.alerts import Alert, alerts, not_told_from_none
from funis.report.content import TrialReport

if TYPE_CHECKING:
    from funis.pipeline.design.plan import DesignPlan


def shown_of_run(document: Mapping[str, Any], report: TrialReport) -> dict[str, Any]:
    """Return the warnings and the tables of a run, in words.

    Parameters
    ----------
    document
        The results as plain data.
    report
        The same with the labels of arms and endpoints.
    """
    names = {arm.id: arm.label for arm in report.arms}
    names |= {one.key: f"{one.name} at week {one.week:g}" for one in report.endpoints}
    verdicts = {
        (one["arm"], one["reference"], one["endpoint"]): one["verdict"]
        for one in document["success"]
    }
    return {
        "alerts": [asdict(one) for one in alerts(report)],
        "success_rule": report.success.rule,
        "contrasts": [_contrast(row, document["arms"], names, verdicts)
                      for row in document["contrasts"]],
        "arms": {names[arm]: found["n"] for arm, found in document["arms"].items()},
        "endpoints": _endpoints(document["arms"], names),
    }  # fmt: skip


def _contrast(
    row: Mapping[str, Any], arms: Mapping[str, Any], names: Mapping[str, str],
    verdicts: Mapping[tuple[str, str, str], str | None],
) -> dict[str, Any]:  # fmt: skip
    arm, reference, endpoint = (row[name] for name in ("arm", "reference", "endpoint"))
    return {
        "words": contrast_words(row, names),
        "treated": _value(arms, arm, endpoint),
        "control": _value(arms, reference, endpoint),
        "difference": contrast_text(row),
        "rule": verdicts.get((arm, reference, endpoint)) or "",
    }


def _endpoints(arms: Mapping[str, Any], names: Mapping[str, str]) -> list[list[str]]:
    """Return a row for each endpoint: its name, then its estimate in every arm."""
    keys = dict.fromkeys(key for found in arms.values() for key in found["endpoints"])
    return [[names.get(key, key), *(_value(arms, arm, key) for arm in arms)] for key in keys]


def _value(arms: Mapping[str, Any], arm: str, endpoint: str) -> str:
    row = arms.get(arm, {}).get("endpoints", {}).get(endpoint)
    return "–" if row is None or row["estimate"] is None else estimate_text(row)


def shown_of_design(plan: DesignPlan, basis: str) -> dict[str, Any]:
    """Return the warnings of a design and the words for its ids.

    Parameters
    ----------
    plan
        The trial and its success rule.
    basis
        What the cells are drawn from: borrowed | own | prior.
    """
    from funis.pipeline.reporting.endpoints import endpoint_name

    protocol, rule = plan.trial.protocol, plan.rule
    name = endpoint_name(rule.endpoint, plan.trial.model.endpoints)
    return {
        "alerts": [asdict(one) for one in _design_alerts(plan, basis)],
        "labels": {arm.id: arm.label for arm in protocol.arms},
        "endpoint": f"{name} at week {rule.week:g}",
    }


def _design_alerts(plan: DesignPlan, basis: str) -> tuple[Alert, ...]:
    from funis.pipeline.uncertainty import ENOUGH, against_none, chances, chosen_ensemble

    ensemble = chosen_ensemble(plan.trial.model, basis)
    if ensemble is None or against_none(ensemble) >= ENOUGH:
        return ()
    return (not_told_from_none(basis, chances(ensemble)),)
