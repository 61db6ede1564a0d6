"""A meta-analysis as plain data, for a JSON document."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from funis.evidence.meta import METHODS, Pooled, Range, Scale
from funis.pipeline.meta.numbers import Z95, shown_interval
from funis.pipeline.meta.values import STUDY_TYPES, Choice, Member, MetaAnalysis, Stratum
from funis.report import RESEARCH_USE


def choices_document(disease: str, of: str, found: Sequence[Choice]) -> dict[str, Any]:
    """Return what can be pooled as plain data."""
    return {
        "research_use": RESEARCH_USE,
        "disease": disease,
        "of": of,
        "endpoints": [
            {
                "endpoint": one.endpoint,
                "name": one.name,
                "week": one.week,
                "poolable": one.poolable,
                "strata": [
                    {"kind": kind, "studies": count, "patients": patients}
                    for kind, count, patients in one.studies
                ],
            }
            for one in found
        ],
    }


def document(found: MetaAnalysis) -> dict[str, Any]:
    """Return everything as plain data; what is not a number is None."""
    return {
        "research_use": RESEARCH_USE,
        "evidence": found.evidence,
        "disease": found.disease,
        "of": found.of,
        "endpoint": found.endpoint,
        "name": found.name,
        "unit": found.unit,
        "better": found.better,
        "week": found.week,
        "window": found.window,
        "week_chosen": found.week_chosen,
        "by": found.by,
        "strata": [_stratum_document(stratum) for stratum in found.strata],
        "left_out": [dataclasses.asdict(item) for item in found.left_out],
    }


def _stratum_document(stratum: Stratum) -> dict[str, Any]:
    pooled = stratum.pooled
    weights: Sequence[float | None] = pooled.weights if pooled else [None] * len(stratum.members)
    return {
        "kind": stratum.kind,
        "label": stratum.label,
        "mechanism": stratum.mechanism or None,
        "study_type": STUDY_TYPES[stratum.kind],
        "measure": stratum.measure,
        "studies": len(stratum.members),
        "patients": stratum.patients,
        "randomised_patients": stratum.randomised,
        "shared_families": list(stratum.shared),
        "members": [
            _member_document(member, weight)
            for member, weight in zip(stratum.members, weights, strict=True)
        ],
        "pooled": None if pooled is None else _pooled_document(pooled),
        "reason": stratum.reason or None,
        "regression": _plain(stratum.regression),
        "regression_reason": stratum.regression_reason or None,
        "asymmetry": _plain(stratum.asymmetry),
        "asymmetry_reason": stratum.asymmetry_reason or None,
    }


def _member_document(member: Member, weight: float | None) -> dict[str, Any]:
    plain = {key: value for key, value in dataclasses.asdict(member).items() if key != "effect"}
    shown = shown_interval(member.effect)
    return {
        "study": member.effect.study,
        "analysed": {"estimate": member.effect.estimate, "error": member.effect.error},
        "estimate": _known(shown.estimate),
        "low": _known(shown.low),
        "high": _known(shown.high),
        "weight": weight,
        **{key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()},
    }


def _pooled_document(pooled: Pooled) -> dict[str, Any]:
    scale = pooled.scale
    heterogeneity = pooled.heterogeneity
    half = Z95 * pooled.fixed.error
    fixed = Range(pooled.fixed.estimate - half, pooled.fixed.estimate + half)
    return {
        "method": METHODS[pooled.method],
        "interval": pooled.interval,
        "scale_of_analysis": scale.transform,
        "analysed": {
            "estimate": pooled.estimate,
            "error": pooled.error,
            "low": pooled.low,
            "high": pooled.high,
        },
        **_shown(scale, pooled.estimate, Range(pooled.low, pooled.high)),
        "p_value": _known(pooled.p_value) if scale.contrast else None,
        "prediction": _limits(scale, pooled.prediction),
        "wald": _limits(scale, pooled.wald),
        "fixed_effect": _shown(scale, pooled.fixed.estimate, fixed),
        "heterogeneity": _plain(heterogeneity),
        "leave_one_out": [
            {
                "without": one.study,
                **_shown(scale, one.estimate, Range(one.low, one.high)),
                "tau2": _known(one.tau2),
            }
            for one in pooled.leave_one_out
        ],
        "notes": list(pooled.notes),
    }


def _shown(scale: Scale, estimate: float, limits: Range) -> dict[str, Any]:
    found = {"estimate": estimate, "low": limits.low, "high": limits.high}
    return {key: _turned(scale, value) for key, value in found.items()}


def _limits(scale: Scale, limits: Range) -> dict[str, Any]:
    return {"low": _turned(scale, limits.low), "high": _turned(scale, limits.high)}


def _turned(scale: Scale, value: float) -> float | None:
    return None if math.isnan(value) else _known(scale.shown(value))


def _plain(value: Any) -> Any:
    """Turn frozen values into plain data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _known(value) if isinstance(value, float) else value


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
