"""`funis validate`: published numbers beside what is predicted of them, study by study.

Studies of the library are left out one by one, so none is predicted by itself. Studies from outside
meet the ensembles that ship with funis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from funis.analysis import Skipped
from funis.calibrate.ensemble import Ensemble, library_ensemble
from funis.calibrate.likelihood import data_of
from funis.calibrate.posterior import Draws, Table, draw
from funis.calibrate.predict import Prediction
from funis.calibrate.settings import load_settings
from funis.calibrate.validation import (
    PREDICTORS,
    ContrastResult,
    RowResult,
    StudyResult,
    Validation,
    class_gain,
    study_result,
)
from funis.checks import InputError, Issue
from funis.evidence import Study as PublishedStudy
from funis.evidence import read_study_file
from funis.models import disease_ids
from funis.pipeline.calibrate import (
    Calibration,
    Profile,
    borrowed,
    calibration,
    known_disease,
    library_profiles,
    profile_of,
)
from funis.pipeline.calibration_data import (
    PATIENTS,
    SEED,
    design,
    kept_surface,
    reconstructions,
    study_rows,
)
from funis.pipeline.frozen_stages import frozen_draws
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.run import finite
from funis.pipeline.tables import Table as TextTable
from funis.population import uniform
from funis.report import RESEARCH_USE

DRAWS = 2000
"""Draws of each predicted distribution."""


def validate(
    disease: str | None = None,
    *,
    studies: Sequence[Path] = (),
    workers: int | None = None,
    patients: int = PATIENTS,
    resume: bool = True,
    progress: Progress = silent,
) -> Validation:
    """Hold published numbers against what is predicted of them.

    Parameters
    ----------
    disease
        Of this disease alone; all when None.
    studies
        Files in the schema of the evidence. With none, the studies of the library are left out one
        by one; with some, they are predicted by the ensembles that ship with funis.
    patients
        Virtual patients of each study.
    """
    if studies:
        return _from_outside(disease, studies, worker_count(workers), patients, resume, progress)
    names = disease_ids() if disease is None else (disease,)
    found = {
        name: calibration(
            name, workers=workers, patients=patients, resume=resume, progress=progress
        )
        for name in names
    }
    profiles = library_profiles() | {name: profile_of(one.table) for name, one in found.items()}
    return _joined(left_out(one, profiles) for one in found.values())


def left_out(found: Calibration, others: Mapping[str, Profile] | None = None) -> Validation:
    """Return each study of a disease predicted from all the others."""
    results = []
    for number, one in enumerate(found.studies):
        assert found.data is not None
        known = borrowed(found.model.id, found.without(one.study.id), others)
        rows = found.data.only(np.flatnonzero(found.data.study == number))
        results.append(
            study_result(
                rows, draw(known.table, known.potency, DRAWS, _luck()), _prior(found), 
                class_gain(found.data.without(number)), found.settings, found.model.endpoints, SEED,
            )
        )  # fmt: skip
    made = reconstructions(found.evidence, found.model)
    skipped = [item for one, _ in made for item in one.skipped]
    single = [one for one in found.evidence.studies if one.evidence_type != "meta-analysis"]
    return Validation(tuple(results), (*skipped, *_context(single)))


def _context(studies: Sequence[PublishedStudy]) -> Iterator[Skipped]:
    """Yield the numbers of studies that are context, with the reason."""
    for study in studies:
        if not study.fitted:
            twin = f"the same patients as {study.duplicate_of}"
            why = study.excluded_reason or (twin if study.duplicate_of else "such as pooled ones")
            for row in study.outcomes:
                yield Skipped(study.id, row.arm, row.endpoint, row.week, f"context: {why}")


def _from_outside(
    disease: str | None, files: Sequence[Path], workers: int, patients: int, resume: bool,
    progress: Progress,
) -> Validation:  # fmt: skip
    studies = [study for file in files for study in read_study_file(file, open_form=True)]
    known = disease_ids()
    parts = []
    skipped = [
        Skipped(
            study.id, row.arm, row.endpoint, row.week, f"'{study.disease}' is no disease of funis"
        )
        for study in studies
        if study.disease not in known
        for row in study.outcomes
    ]
    for name in known if disease is None else (disease,):
        own = [study for study in studies if study.disease == name]
        if own:
            parts.append(_outside(name, own, workers, patients, resume, progress))
    return _joined([*parts, Validation((), tuple(skipped))])


def _outside(
    disease: str, studies: Sequence[PublishedStudy], workers: int, patients: int, resume: bool,
    progress: Progress,
) -> Validation:  # fmt: skip
    """Return studies from outside, predicted by the ensemble of their disease."""
    model, evidence = known_disease(disease)
    settings = load_settings(disease)
    ensemble = library_ensemble(disease)
    if ensemble is None:
        message = f"no ensemble of '{disease}' in the library"
        raise InputError(Issue(None, None, None, message, f"funis calibrate {disease}"))
    points = design(settings, earlier=frozen_draws(model, evidence, settings))
    results: list[StudyResult] = []
    skipped: list[Skipped] = []
    for made, trial in reconstructions(evidence, model, studies):
        skipped += made.skipped
        if not made.rows:
            continue
        surface = kept_surface(
            made, trial, model, points, workers=workers, patients=patients, resume=resume,
            progress=progress,
        )  # fmt: skip
        rows = data_of([study_rows(made, trial, surface, points, settings)], settings)
        results.append(
            study_result(
                rows, spread_over(ensemble.default), spread_over(ensemble.draws["prior"]),
                _gain(ensemble), settings, model.endpoints, SEED,
            )
        )  # fmt: skip
    return Validation(tuple(results), (*skipped, *_context(studies)))


def _gain(ensemble: Ensemble) -> tuple[float, float]:
    mean, spread = ensemble.about["class_gain"]
    return float(mean), float(spread)


def spread_over(draws: Draws, count: int = DRAWS) -> Draws:
    """Return the draws again and again, so that chance is averaged over enough of them."""
    from funis.calibrate.points import Points

    times = -(-count // len(draws))
    factors = np.tile(draws.points.factors, (times, 1))
    return Draws(
        Points(draws.points.names, factors), np.tile(draws.study_sd, times),
        np.tile(draws.row_sd, times),
    )  # fmt: skip


def _prior(found: Calibration) -> Draws:
    flat = Table(found.grid, np.zeros_like(found.table.log_likelihood))
    return draw(flat, np.exp(found.grid.prior), DRAWS, _luck())


def _luck() -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([float(uniform(SEED, "validation", 0))])


def _joined(parts: Iterable[Validation]) -> Validation:
    found = list(parts)
    return Validation(
        tuple(study for part in found for study in part.studies),
        tuple(item for part in found for item in part.skipped),
    )


def validation_document(found: Validation) -> dict[str, Any]:
    """Return a validation as plain data."""
    document: dict[str, Any] = {
        "research_use": RESEARCH_USE,
        "rows": [_row(row) for row in found.rows],
        "contrasts": [_contrast(row) for row in found.contrasts],
        "coverage80": None,
        "coverage95": None,
        "scores": dict.fromkeys(PREDICTORS),
        "skipped": [
            {"study": s.study, "arm": s.arm, "endpoint": s.endpoint, "week": s.week,
             "reason": s.reason}
            for s in found.skipped
        ],
    }  # fmt: skip
    if found.studies:
        document |= {
            "coverage80": found.coverage(0.8),
            "coverage80_interval": list(found.coverage_interval(0.8)),
            "coverage95": found.coverage(0.95),
            "width_of_prior": found.width,
            "structures_weighed": False,
            "scores": {name: found.score(name) for name in PREDICTORS},
            "brier": None if found.brier is None else dict(
                zip(("model", "base_rate", "contrasts"), found.brier, strict=True)
            ),
        }  # fmt: skip
    return {name: finite(value) for name, value in document.items()}


def _row(row: RowResult) -> dict[str, Any]:
    one = row.model
    return {
        "study": one.row.study, "arm": one.row.arm, "endpoint": one.row.published or
        one.row.request.endpoint, "our_endpoint": one.row.request.key, "week": one.row.request.week,
        "measure": one.row.request.measure, "n": one.row.n, "observed": one.row.observed,
        **_quantiles(one),
        "inside80": one.inside(0.8), "inside95": one.inside(0.95), "crps": one.crps,
        "scaled_crps": {name: row.predicted[name].scaled_crps for name in PREDICTORS},
        "without_effect": row.predicted["placebo_only"].quantile(0.5),
    }  # fmt: skip


def _contrast(row: ContrastResult) -> dict[str, Any]:
    low80, high80 = row.quantile(0.1), row.quantile(0.9)
    low95, high95 = row.quantile(0.025), row.quantile(0.975)
    return {
        "study": row.study, "arm": row.arm, "reference": row.reference,
        "endpoint": row.published or row.endpoint, "our_endpoint": row.endpoint,
        "week": row.week, "observed": row.observed, "predicted": row.quantile(0.5),
        "low80": low80, "high80": high80, "low95": low95, "high95": high95,
        "inside80": bool(low80 - 1e-9 <= row.observed <= high80 + 1e-9),
        "inside95": bool(low95 - 1e-9 <= row.observed <= high95 + 1e-9),
        "important_difference": row.important,
        "probability_important": row.probability,
    }  # fmt: skip


def _quantiles(one: Prediction) -> dict[str, float]:
    return {
        "predicted": one.quantile(0.5),
        "low80": one.quantile(0.1), "high80": one.quantile(0.9),
        "low95": one.quantile(0.025), "high95": one.quantile(0.975),
    }  # fmt: skip


def validation_tables(found: Validation) -> tuple[TextTable, ...]:
    """Return a validation as tables of text: where it loses first."""
    if not found.studies:
        return (_skipped_table(found),)
    scores = {name: found.score(name) for name in PREDICTORS}
    better = [name for name in PREDICTORS[1:] if scores[name] <= scores["model"]]
    head = "Mean score by study (CRPS, in spreads between patients; less is better): " + (
        f"the model LOSES to {', '.join(better)}" if better else "the model is best"
    )
    low, high = found.coverage_interval(0.8)
    brier = found.brier
    facts = [
        ("studies", str(len(found.studies))), ("rows", str(len(found.rows))),
        ("inside the 80 % interval", f"{_pc(found.coverage(0.8))} ({_pc(low)} to {_pc(high)})"),
        ("inside the 95 % interval", _pc(found.coverage(0.95))),
        ("median width against the prior's", f"{found.width:.2f}"),
        ("competing structures", "not weighed: the default form of the model alone"),
    ]  # fmt: skip
    if brier is not None:
        word = "loses to" if brier[0] >= brier[1] else "beats"
        facts.append(
            (f"Brier score, important difference ({brier[2]} contrasts)",
             f"{brier[0]:.3f}, {word} the base rate {brier[1]:.3f}")
        )  # fmt: skip
    return (
        TextTable(head, ("predictor", "score"),
                  tuple((name.replace("_", " "), f"{scores[name]:.4f}") for name in PREDICTORS)),
        TextTable("How well the intervals hold", ("", ""), tuple(facts)),
        TextTable("Rows, those outside their 80 % interval first",
                  ("study", "arm", "endpoint", "n", "published", "predicted (80 %)",
                   "without effect", "inside"), tuple(_lines(found))),
        _skipped_table(found),
    )  # fmt: skip


def _lines(found: Validation) -> list[tuple[str, ...]]:
    rows = sorted(found.rows, key=lambda row: row.model.inside(0.8))
    return [
        (one.row.study, one.row.arm, one.row.request.key, str(one.row.n or ""),
         f"{one.row.observed:.3g}",
         f"{one.quantile(0.5):.3g} ({one.quantile(0.1):.3g} to {one.quantile(0.9):.3g})",
         f"{row.predicted['placebo_only'].quantile(0.5):.3g}",
         "80 %" if one.inside(0.8) else "95 %" if one.inside(0.95) else "NO")
        for row in rows
        for one in [row.model]
    ]  # fmt: skip


def _skipped_table(found: Validation) -> TextTable:
    counts: dict[tuple[str, str, str], int] = {}
    for item in found.skipped:
        key = (item.study, item.endpoint, item.reason)
        counts[key] = counts.get(key, 0) + 1
    return TextTable(
        "Published numbers that cannot be predicted", ("study", "endpoint", "rows", "reason"),
        tuple((a, b, str(n), c) for (a, b, c), n in counts.items()),
    )  # fmt: skip


def _pc(share: float) -> str:
    return f"{100 * share:.0f} %"
