"""`funis control --score`: every control arm of the evidence predicted from the other trials."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from funis.analysis import Skipped, published_results
from funis.cache import cache_key, cached, keep
from funis.calibrate.control import METHODS, Case, Rules, misses
from funis.calibrate.control_arms import control_arms
from funis.calibrate.control_drift import Drift, drift
from funis.calibrate.control_file import ControlFile, load_control_file
from funis.calibrate.control_scores import (
    LEAST_COMPARABLE,
    MIXTURE,
    PRINTED,
    Scored,
    best,
    coverage,
    difference,
    mean_crps,
    rows_of_trials,
    score,
    stack,
    with_mixture,
    with_printed,
)
from funis.calibrate.reconstruction_file import load_stand_ins
from funis.calibrate.settings import load_settings
from funis.evidence import Evidence
from funis.models import Model, disease_ids, load_model
from funis.pipeline.control_cases import PATIENTS, code_key, evidence_cases
from funis.pipeline.processes import Progress, silent
from funis.pipeline.reporting.endpoints import better
from funis.pipeline.run import find_evidence

ALL = (*METHODS, MIXTURE)

SHOWN = (*ALL, PRINTED)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the evidence on a disease says of its control arms.

    Attributes
    ----------
    cases : arms beside simulated ones.
    rules : numbers of the predictors.
    drift : with the year.
    signs : endpoint -> +1 where it improves by rising.
    file : which records are one trial.
    """

    model: Model
    cases: tuple[Case, ...]
    rules: Rules
    drift: Drift
    signs: dict[str, float]
    file: ControlFile


def known(
    model: Model, *, patients: int = PATIENTS, workers: int | None = None,
    progress: Progress = silent,
) -> Known:  # fmt: skip
    """Return what the evidence on a disease says of its control arms; nothing where none is."""
    evidence = find_evidence(model) or Evidence(model.id, (), (), ())
    file, settings = load_control_file(), load_settings(model.id)
    cases = evidence_cases(
        model, evidence, file, patients=patients, workers=workers, progress=progress
    )
    rules = Rules.of(file, settings)
    signs = {case.arm.request.endpoint: sign_of(case.arm.request.endpoint, model) for case in cases}
    between = misses(cases, rules).mean_spread
    return Known(model, cases, rules, drift(cases, signs, file.drift.scale, between), signs, file)


def sign_of(endpoint: str, model: Model) -> float:
    """Return +1 where an endpoint improves by rising, -1 where by falling."""
    return 1.0 if better(endpoint, model.endpoints) == "higher" else -1.0


def scored_cases(found: Known) -> list[Scored]:
    """Return every arm predicted from the other trials, with the mixture."""
    made = [score(case, found.cases, found.rules) for case in found.cases]
    return with_printed(with_mixture(made, found.file.mixture.trials))


@dataclass(frozen=True, slots=True)
class Standing:
    """How the methods did in a disease where they can be compared, and what is printed.

    Attributes
    ----------
    weights : of the methods in the mixture.
    scores : method -> mean score by trial, where another trial has the endpoint; lower is better.
    printed : method with the best score; the mixture where nothing can be compared.
    trials, rows : what the scores rest on.
    """

    weights: tuple[float, ...]
    scores: Mapping[str, float]
    printed: str
    trials: int
    rows: int

    def weights_text(self) -> str:
        """Return the weights of the mixture in words."""
        parts = zip(METHODS, self.weights, strict=True)
        return ", ".join(f"{name} {100 * weight:.0f} %" for name, weight in parts)


def standing(scored: Sequence[Scored], worth: float) -> Standing:
    """Return how the methods did where another trial has the endpoint."""
    used = comparable_rows(scored)
    weights = tuple(float(weight) for weight in stack(scored, worth))
    scores = {name: mean_crps(used, name) for name in ALL} if used else {}
    return Standing(weights, scores, best(used), len(rows_of_trials(used)), len(used))


def comparable_rows(scored: Sequence[Scored]) -> list[Scored]:
    """Return the rows whose endpoint another trial has near the same week."""
    return [one for one in scored if one.comparable >= LEAST_COMPARABLE]


def kept_standing(found: Known) -> Standing:
    """Return how the methods did in a disease, from the cache if it is there."""
    key = cache_key("standing", code_key(), *map(repr, (found.cases, found.rules, found.file)))
    stored = cached("control", key)
    if stored is not None:
        return Standing(**{**json.loads(stored), "weights": tuple(json.loads(stored)["weights"])})
    made = standing(scored_cases(found), found.file.mixture.trials)
    words = {name: getattr(made, name) for name in ("scores", "printed", "trials", "rows")}
    keep("control", key, json.dumps({**words, "weights": list(made.weights)}).encode())
    return made


@dataclass(frozen=True, slots=True, eq=False)
class DiseaseScore:
    """One disease: every arm predicted, and how the methods stand.

    Attributes
    ----------
    dated : rows with a year, predicted without and with it; empty where the year says nothing.
    skipped : what is no control arm, and why.
    """

    disease: str
    rows: tuple[Scored, ...]
    standing: Standing
    drift: Drift
    dated: tuple[tuple[Scored, Scored], ...]
    skipped: tuple[Skipped, ...]


def disease_score(
    model: Model, *, patients: int = PATIENTS, workers: int | None = None,
    progress: Progress = silent,
) -> DiseaseScore:  # fmt: skip
    """Return the scores of one disease."""
    found = known(model, patients=patients, workers=workers, progress=progress)
    rows = scored_cases(found)
    stands = standing(rows, found.file.mixture.trials)
    return DiseaseScore(
        model.id, tuple(rows), stands, found.drift, tuple(_dated(found, rows)), _skipped(found)
    )


def _dated(found: Known, rows: Sequence[Scored]) -> list[tuple[Scored, Scored]]:
    """Return the dated arms without and with their year, the drift learned from other trials."""
    between = misses(found.cases, found.rules).mean_spread
    pairs = []
    for one in rows:
        arm = one.case.arm
        if arm.year is None or not found.drift.known:
            continue
        others = [case for case in found.cases if case.arm.trial != arm.trial]
        learned = drift(others, found.signs, found.file.drift.scale, between)
        shift = learned.shift(arm.year, found.signs[arm.request.endpoint])
        pairs.append((one, score(one.case, found.cases, found.rules, shift)))
    return pairs


def _skipped(found: Known) -> tuple[Skipped, ...]:
    evidence = find_evidence(found.model) or Evidence(found.model.id, (), (), ())
    published, _ = published_results(evidence, found.model.endpoints)
    return control_arms(published, evidence, found.file, load_stand_ins())[1]


def all_scores(
    diseases: Sequence[str] = (), *, patients: int = PATIENTS, workers: int | None = None,
    progress: Progress = silent,
) -> tuple[DiseaseScore, ...]:  # fmt: skip
    """Return the scores of some diseases, of all of the library where none is named."""
    return tuple(
        disease_score(load_model(name), patients=patients, workers=workers, progress=progress)
        for name in diseases or disease_ids()
    )


def score_document(scores: Sequence[DiseaseScore]) -> dict[str, Any]:
    """Return the scores as plain data."""
    rows = [row for one in scores for row in one.rows]
    return {
        "overall": summary(rows),
        "diseases": {one.disease: _disease_document(one) for one in scores},
        "families": [
            {"disease": disease, "endpoint": endpoint, "measure": measure, **summary(own)}
            for (disease, endpoint, measure), own in families(scores).items()
        ],
        "rows": [_row_document(one.disease, row) for one in scores for row in one.rows],
        "skipped": [
            {"disease": one.disease, "record": lost.study, "arm": lost.arm,
             "endpoint": lost.endpoint, "reason": lost.reason}
            for one in scores for lost in one.skipped
        ],
    }  # fmt: skip


def families(scores: Sequence[DiseaseScore]) -> dict[tuple[str, str, str], list[Scored]]:
    """Return the comparable rows of each kind of number of each disease."""
    found: dict[tuple[str, str, str], list[Scored]] = {}
    for one in scores:
        for row in comparable_rows(one.rows):
            found.setdefault((one.disease, *row.case.arm.family), []).append(row)
    return found


def summary(rows: Sequence[Scored]) -> dict[str, Any]:
    """Return number, scores and coverage of rows: all, and those that can be compared."""
    used = comparable_rows(rows)
    document: dict[str, Any] = {
        "rows": len(rows),
        "trials": len(rows_of_trials(rows)),
        "comparable_rows": len(used),
        "crps": {name: mean_crps(rows, name) for name in SHOWN},
        "coverage80": {name: coverage(rows, name, 0.80) for name in SHOWN},
        "coverage95": {name: coverage(rows, name, 0.95) for name in SHOWN},
    }
    if used:
        gain, low, high = difference(used, "model", "map")
        document["comparable_crps"] = {name: mean_crps(used, name) for name in SHOWN}
        document["model_better_than_map"] = {"difference": gain, "low95": low, "high95": high}
    return document


def _disease_document(one: DiseaseScore) -> dict[str, Any]:
    return {
        **summary(one.rows),
        "weights": dict(zip(METHODS, one.standing.weights, strict=True)),
        "printed": one.standing.printed,
        "drift_per_decade": {"mean": one.drift.mean, "sd": one.drift.sd,
                             "trials": one.drift.trials, "used": one.drift.known},
    }  # fmt: skip


def _row_document(disease: str, row: Scored) -> dict[str, Any]:
    arm = row.case.arm
    document: dict[str, Any] = {
        "disease": disease, "trial": arm.trial, "record": arm.record, "template": arm.template,
        "endpoint": arm.request.endpoint, "measure": arm.measure, "week": arm.request.week,
        "n": arm.n, "n_printed": arm.size_known, "year": arm.year, "set_to": arm.target,
        "source": arm.source, "observed": arm.observed, "simulated": row.case.simulated,
        "comparable": row.comparable,
    }  # fmt: skip
    for name in SHOWN:
        (low80, high80), (low95, high95) = (row.interval(name, share) for share in (0.80, 0.95))
        document[name] = {
            "predicted": float(np.median(row.draws[name])), "low80": low80, "high80": high80,
            "low95": low95, "high95": high95, "crps": row.crps(name),
        }  # fmt: skip
    return document
