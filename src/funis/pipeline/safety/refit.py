"""`funis safety --refit`: the pools and ratios of adverse events, computed from the evidence.

What is written names the rows behind each number. A risk is pooled over patients by the
binomial-normal model with priors (`funis.evidence.meta.predictive`): zero in 40 is not zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from funis.checks import Document, InputError, Issue, read_yaml, validate
from funis.evidence import AdverseEvent, Arm, Study, library_studies
from funis.evidence.meta import (
    SHARES,
    Counts,
    Events,
    Measure,
    arm_rate,
    predict_risk,
    printed_effect,
)
from funis.pipeline.meta.printed import gives_cells, is_control, not_cells, said
from funis.safety.load import LIBRARY, POOLS
from funis.safety.schema import PoolSchema, RatioSchema, SafetySchema
from funis.store import write_text

MONTHS_PER_YEAR = 12.0
HEAD = """# Computed by `funis safety --refit` from library/evidence as library/safety.yaml says.
# Not edited by hand. estimate: expected risk of a patient (or rate a year) in a further study;
# low and high: 95 % range of the true risk there; quantiles: of the true risk at 0.5, 2.5, 5, 10,
# 25, 50, 75, 90, 95, 97.5 and 99.5 %, on the logit or log scale.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """Counts of one study, with the rows behind them."""

    study: str
    family: str
    counts: Counts
    administrations: float
    source: str


def refit(path: str | Path = LIBRARY, out: str | Path | None = None) -> dict[str, Any]:
    """Compute every pool and ratio of a file of adverse events, and write them.

    Raises
    ------
    InputError
        A pool without rows, or a row that does not exist.
    """
    found = computed(path)
    write_text(Path(path).parent / POOLS if out is None else Path(out), written(found))
    return found


def computed(path: str | Path = LIBRARY) -> dict[str, Any]:
    """Compute every pool and ratio of a file of adverse events.

    Raises
    ------
    InputError
        As for `refit`.
    """
    document = read_yaml(path)
    asked = validate(SafetySchema, document)
    studies = library_studies()
    found: dict[str, Any] = {"pools": {}, "ratios": {}}
    try:
        for name, one in asked.pools.items():
            at = ("pools", name)
            found["pools"][name] = _pool(one, studies, asked.nothing)
        for name, ratio in asked.ratios.items():
            at = ("ratios", name)
            found["ratios"][name] = _ratio(ratio, studies)
    except ValueError as error:
        raise _fault(document, at, str(error)) from None
    return found


def written(found: Mapping[str, Any]) -> str:
    """Return pools and ratios as the text of their file."""
    return HEAD + _yaml(found)


def _fault(document: Document, at: tuple[str, str], message: str) -> InputError:
    line, expected = document.line(at), "rows of library/evidence"
    return InputError(Issue(document.file, line, ".".join(at), message, expected))


def _pool(
    asked: PoolSchema, studies: Sequence[Study], nothing: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    if asked.rate is not None:
        return _published_rate(asked)
    if asked.per == "year":
        return _rate(asked, studies)
    if asked.printed is not None:
        return _printed(asked, studies)
    rows = list(_counted(asked, studies, nothing))
    rows += [
        Row(one.id, one.id, Counts(one.events, one.patients), 1.0, f"{one.id} ({one.source})")
        for one in asked.counts
    ]
    if not rows:
        raise ValueError("no row of the evidence fits")
    return _risk(rows)


def _risk(rows: Sequence[Row]) -> dict[str, Any]:
    """Predict the risk of a further study from counts of patients."""
    counts = [row.counts for row in rows]
    found, n = predict_risk(counts), sum(one.n for one in counts)
    return {
        "scale": "logit", "quantiles": list(found.logits), "estimate": found.mean,
        "low": found.low, "high": found.high,
        "administrations": sum(row.administrations * row.counts.n for row in rows) / n,
        "spread": found.spread, "studies": len(rows), "events": sum(one.events for one in counts),
        "n": n, "years": None, "rows": [row.source for row in rows],
    }  # fmt: skip


def _normal(scale: str, middle: float, spread: float) -> dict[str, Any]:
    """Return quantiles of a normal distribution on the scale, and its mean by simple means."""
    points = [middle + spread * float(z) for z in ndtri(np.asarray(SHARES))]
    scores = ndtri((np.arange(2000) + 0.5) / 2000)
    whole = np.exp(middle + spread * scores)
    whole = whole if scale == "log" else whole / (1 + whole)
    low, high = whole[49], whole[1950]
    return {
        "scale": scale, "quantiles": points, "estimate": float(whole.mean()), "low": float(low),
        "high": float(high), "spread": spread,
    }  # fmt: skip


def _counted(
    asked: PoolSchema, studies: Sequence[Study], nothing: Mapping[str, Sequence[str]]
) -> Iterator[Row]:
    """Return one row a family of studies: of one centre, the study with most patients."""
    best: dict[str, Row] = {}
    zero = {word for name in asked.nothing for word in nothing[name]}
    for study in studies:
        row = _of_study(asked, study, zero)
        if row is not None:
            known = best.get(row.family)
            best[row.family] = row if known is None or row.counts.n > known.counts.n else known
    yield from best.values()


def _of_study(asked: PoolSchema, study: Study, zero: set[str]) -> Row | None:
    """Return the counts of one study, those of its own words before those of nothing at all."""
    if not _usable(study, asked):
        return None
    for words, zeros in ((set(asked.words), False), (zero, True)):
        rows = [
            one for one in study.adverse_events if one.term in words and _fits(asked, study, one)
        ]
        rows += [] if zeros else _outcomes(asked, study)
        rows = [one for one in rows if not zeros or (one.patients or one.events or 0) == 0]
        if rows:
            return _row(study, rows)
    for one in asked.unmentioned:
        arm = study.arm(one.arm)
        if one.study == study.id and arm is not None and arm.n:
            source = f"{study.id}: {arm.id}, not mentioned"
            return Row(
                study.id, _family(study), Counts(0, arm.n), float(arm.infusions or 1), source
            )
    return None


def _outcomes(asked: PoolSchema, study: Study) -> list[AdverseEvent]:
    """Return counts that stand among the outcomes of a study as adverse events."""
    return [
        AdverseEvent(one.arm, one.endpoint, patients=one.events, n=one.n)
        for one in study.outcomes
        if one.endpoint in asked.words and one.events is not None and one.n
    ]


def _row(study: Study, rows: Sequence[AdverseEvent]) -> Row:
    first = {one.arm: one for one in reversed(rows)}.values()
    counts = Counts(sum(_patients(one) for one in first), sum(one.n or 0 for one in first))
    given = [_infusions(study, one) for one in first]
    source = "; ".join(_printed_row(study, one) for one in first)
    unknown = "" if all(one is not None for one in given) else " (infusions not stated: 1)"
    mean = sum((g or 1.0) * (one.n or 0) for g, one in zip(given, first, strict=True)) / counts.n
    return Row(study.id, _family(study), counts, mean, source + unknown)


def _printed_row(study: Study, one: AdverseEvent) -> str:
    return f"{study.id}: {one.arm}, {one.term}, {_patients(one)}/{one.n}"


def _patients(one: AdverseEvent) -> int:
    """Return patients with the event; none where none occurred."""
    return one.patients if one.patients is not None else 0


def _usable(study: Study, asked: PoolSchema) -> bool:
    if study.evidence_type in ("meta-analysis", "other") or said(study, "duplicate_of"):
        return False
    if asked.only and study.id not in asked.only:  # what is left out of effects may count here
        return False
    return asked.of == "control" or not not_cells(study)


def _fits(asked: PoolSchema, study: Study, row: AdverseEvent) -> bool:
    """Whether a row has a count, and is of an arm of the kind and route that is asked for."""
    if not row.n or (row.patients is None and row.events != 0):
        return False
    arms = [arm for arm in study.arms if row.arm == arm.id]
    if asked.of == "control":
        return bool(arms) and is_control(arms[0])
    arms = arms or [arm for arm in study.arms if gives_cells(arm, study)]
    return bool(arms) and all(_of_cells(asked, study, arm) for arm in arms)


def _of_cells(asked: PoolSchema, study: Study, arm: Arm) -> bool:
    return gives_cells(arm, study) and (not asked.routes or arm.route in asked.routes)


def _infusions(study: Study, row: AdverseEvent) -> float | None:
    """Return the mean number of administrations of the arm or arms of a row."""
    arms = [arm for arm in study.arms if arm.id == row.arm] or [
        arm for arm in study.arms if gives_cells(arm, study)
    ]
    known = [(arm.infusions, arm.n or 1) for arm in arms if arm.infusions is not None]
    if not known:
        return None
    return sum(k * n for k, n in known) / sum(n for _, n in known)


def _family(study: Study) -> str:
    return str(said(study, "family") or study.id)


def _rate(asked: PoolSchema, studies: Sequence[Study]) -> dict[str, Any]:
    """Return a rate a year: patients with the event over patients times mean follow-up."""
    assert asked.years is not None
    assert asked.spread is not None
    timed = next(study for study in studies if study.id == asked.years)
    years = float(said(timed.population, "followup_months_mean")) / MONTHS_PER_YEAR
    study = next(study for study in studies if study.id in asked.only)
    rows = {
        one.term: one
        for one in study.adverse_events
        if one.term in (*asked.words, *asked.minus) and one.patients is not None and one.n
    }
    events = sum(_patients(one) * (-1 if one.term in asked.minus else 1) for one in rows.values())
    n = next(one.n or 0 for one in rows.values())
    effect = arm_rate(study.id, Events(events, n * years, n))
    return {
        **_normal("log", effect.estimate, math.hypot(effect.error, asked.spread.sd)),
        "administrations": 1.0, "studies": 1, "events": events, "n": n, "years": n * years,
        "rows": [*(_printed_row(study, one) for one in rows.values()),
                 f"{timed.id}: mean follow-up"],
    }  # fmt: skip


def _published_rate(asked: PoolSchema) -> dict[str, Any]:
    """Return a rate that was published without its patient-years."""
    assert asked.rate is not None
    assert asked.spread is not None
    return {
        **_normal("log", math.log(asked.rate.value), asked.spread.sd),
        "administrations": 1.0, "studies": 1, "events": 0, "n": 0, "years": None,
        "rows": [f"{asked.rate.value:g} a year ({asked.rate.source})"],
    }  # fmt: skip


def _printed(asked: PoolSchema, studies: Sequence[Study]) -> dict[str, Any]:
    """Return a share that a meta-analysis printed, as of its number of patients."""
    assert asked.printed is not None
    assert asked.spread is not None
    study, row = _find(studies, asked.printed.study, asked.printed.term)
    if row.pct is None or not row.n:
        raise ValueError("the row has no share with its patients")
    share = row.pct / 100
    middle = math.log(share / (1 - share))
    error = 1 / math.sqrt(row.n * share * (1 - share))
    return {
        **_normal("logit", middle, math.hypot(error, asked.spread.sd)),
        "administrations": 1.0, "studies": 1, "events": round(share * row.n), "n": row.n,
        "years": None, "rows": [f"{study.id}: {row.term}, {row.pct:g} % of {row.n}"],
    }  # fmt: skip


def _ratio(asked: RatioSchema, studies: Sequence[Study]) -> dict[str, Any]:
    if asked.value is not None:
        return {
            "scale": "risk_ratio", "log": math.log(asked.value), "error": 0.0,
            "estimate": asked.value, "low": asked.value, "high": asked.value, "rows": [],
        }  # fmt: skip
    study, row = _find(studies, str(asked.study), str(asked.term))
    if row.kind not in ("risk_ratio", "odds_ratio") or row.estimate is None or row.ci95 is None:
        raise ValueError("the row is no ratio with its interval")
    low, high = row.ci95
    measure: Measure = "rr" if row.kind == "risk_ratio" else "or"
    logs = (math.log(low), math.log(high))
    effect = printed_effect(study.id, measure, math.log(row.estimate), logs)
    return {
        "scale": row.kind, "log": effect.estimate, "error": effect.error,
        "estimate": row.estimate, "low": low, "high": high, "rows": [f"{study.id}: {row.term}"],
    }  # fmt: skip


def _find(studies: Sequence[Study], name: str, term: str) -> tuple[Study, AdverseEvent]:
    for study in studies:
        if study.id == name:
            for row in study.adverse_events:
                if row.term == term:
                    return study, row
    raise ValueError(f"no row '{term}' in the study '{name}'")


def _yaml(found: Mapping[str, Any]) -> str:
    """Write numbers of six digits, and every list a row a line."""
    lines: list[str] = []
    for part, items in found.items():
        lines.append(f"{part}:")
        for name, item in items.items():
            lines.append(f"  {name}:")
            for key, value in item.items():
                if key == "quantiles":
                    lines.append(f"    {key}: [{', '.join(map(_number, value))}]")
                elif isinstance(value, list):
                    lines.append(f"    {key}:" if value else f"    {key}: []")
                    lines += [f"      - {_quoted(one)}" for one in value]
                else:
                    lines.append(f"    {key}: {_number(value)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _number(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        text = f"{value:.6g}"
        if "e" in text and "." not in text.split("e")[0]:
            text = text.replace("e", ".0e")
        return text if "." in text else f"{text}.0"
    return str(value)
