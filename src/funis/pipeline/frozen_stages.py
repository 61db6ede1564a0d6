"""Stages 1 and 2 of each disease as they came out, in the library: `library/stages`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from funis.cache import cache_key
from funis.calibrate.points import Points
from funis.calibrate.settings import Settings
from funis.evidence import Evidence
from funis.models import Model, library_folder
from funis.pipeline.earlier_stages import earlier_stages
from funis.pipeline.processes import Progress, silent
from funis.pipeline.run import json_text
from funis.pipeline.stage_rows import StageTrial, drug_trials, placebo_trials
from funis.pipeline.tables import Table
from funis.protocol import content_hash
from funis.store import write_text

TOLD = 0.3
"""Signal of a row from which its surface matters."""


def freeze_stages(
    model: Model, evidence: Evidence, settings: Settings, *,
    workers: int = 1, progress: Progress = silent, folder: Path | None = None,
) -> Path:  # fmt: skip
    """Make stages 1 and 2 of a disease again and put them into the library.

    Parameters
    ----------
    folder
        As for `earlier_stages`.
    """
    found = earlier_stages(
        model, evidence, settings, workers=workers, progress=progress, folder=folder
    )
    path = _path(model)
    content = {**found.document(), "basis": basis_of(model, evidence, settings)}
    write_text(path, json_text(content))
    return path


def frozen_draws(model: Model, evidence: Evidence, settings: Settings) -> Points | None:
    """Return the draws of stages 1 and 2 in the library.

    None where there are none, or where model, settings, trials or published rows have changed
    since.
    """
    path = _path(model)
    if not path.is_file():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    if kept["basis"] != basis_of(model, evidence, settings):
        return None
    return Points(tuple(kept["names"]), np.array(kept["draws"], dtype=np.float64))


def stage_overview() -> tuple[Table, Table]:
    """Return what the library's stages found, a row a disease and stage, and a row a factor."""
    kept = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((library_folder() / "stages").glob("*.json"))
    ]
    pairs = [(one["disease"], stage) for one in kept for stage in one["stages"]]
    return (
        Table(
            "Stages", ("disease", "stage", "rows", "inside 95 % before", "afterwards",
                       "largest signal", "least R2 of a signal above 0.3", "Pareto k", "effective"),
            tuple(_stage_cells(disease, stage) for disease, stage in pairs),
        ),
        Table(
            "Factors", ("disease", "stage", "factor", "afterwards", "contraction"),
            tuple(_factor_cells(d, stage, row) for d, stage in pairs for row in stage["parameters"]
                  if row["active"]),
        ),
    )  # fmt: skip


def _stage_cells(disease: str, stage: Mapping[str, Any]) -> tuple[str, ...]:
    rows = stage["rows"]
    told = [row["explained"] for row in rows if row["signal"] > TOLD]
    tail = "none" if stage["pareto_k"] is None else f"{stage['pareto_k']:.2f}"
    return (
        disease, str(stage["stage"]), str(len(rows)),
        *(str(sum(row[name] for row in rows)) for name in ("inside_prior", "inside_posterior")),
        f"{max((row['signal'] for row in rows), default=0):.2f}",
        f"{min(told):.2f}" if told else "none", tail,
        f"{stage['effective']:.0f} of {stage['candidates']}",
    )  # fmt: skip


def _factor_cells(
    disease: str, stage: Mapping[str, Any], row: Mapping[str, Any]
) -> tuple[str, ...]:
    found = f"{row['factor']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
    return disease, str(stage["stage"]), row["parameter"], found, f"{row['contraction']:.2f}"


def basis_of(model: Model, evidence: Evidence, settings: Settings) -> str:
    """Return a hash of what the stages of a disease were made from."""
    trials = (*placebo_trials(model, evidence), *drug_trials(model, evidence))
    priors = (*settings.stage(1), *settings.stage(2), *settings.limits)
    return cache_key(
        model.hash, content_hash(model.endpoints), repr(priors), repr(settings.within),
        repr(settings.discrepancy), *_rows(trials),
    )  # fmt: skip


def _rows(trials: Sequence[StageTrial]) -> list[str]:
    """Return trials and rows as text, numbers rounded: they differ a little between machines."""
    return [
        f"{trial.protocol.hash} {row.id} {row.kind} {content_hash(row.asked)} {row.source} "
        f"{row.sizes} {row.observed:.6g} {row.between:.6g} {row.error or 0:.6g}"
        for trial in trials
        for row in trial.rows
    ]


def _path(model: Model) -> Path:
    return library_folder() / "stages" / f"{model.id}.json"
