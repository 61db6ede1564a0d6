"""`funis ledger`: predictions of trials that nobody has reported, written down before they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from funis.calibrate.ensemble import LIBRARY as ENSEMBLES
from funis.calibrate.ensemble import Ensemble, load_ensemble, no_effect
from funis.calibrate.ledger_file import (
    LEDGER,
    LEVELS,
    Ledger,
    RegisteredFile,
    RegisteredTrial,
    append_entries,
    check_ledger,
    load_registered,
    read_ledger,
    require_dates,
)
from funis.calibrate.outlook import Array, ContrastOutlook, Outlook
from funis.calibrate.planned import Planned, design_of, registered_trial, with_structure
from funis.calibrate.posterior import Draws
from funis.calibrate.reconstruct import ArmPlan, template_name
from funis.calibrate.reconstruction_file import load_stand_ins
from funis.calibrate.settings import load_settings
from funis.checks import InputError, Issue, IssueList, dotted, nearest, read_yaml
from funis.evidence import Study, library_studies
from funis.models import load_model
from funis.pipeline.calibration_data import PATIENTS, POINTS
from funis.pipeline.inputs import Trial, load_trial, require_whole
from funis.pipeline.planned import CONDUCTS, simulate_planned
from funis.pipeline.processes import Progress, silent
from funis.pipeline.validate import spread_over
from funis.protocol import EndpointRequest, Intervention, Protocol
from funis.protocol.structures import library_structures
from funis.protocol.values import Direction, Structure
from funis.store import hash_file

ALWAYS_ASSUMED = (
    "nobody leaves the trial early, and rescue is that of the trial of the library",
    "forms of the model as by default, where every cell does the same whatever the dose",
)
"""What every prediction assumes."""


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A registered trial, ready to be predicted.

    Attributes
    ----------
    entry : mapping
        What is said of it beside the predictions, as plain data.
    """

    study: Study
    trial: Trial
    planned: Planned
    entry: Mapping[str, Any]


def predict_registered(
    ids: Sequence[str],
    date: str,
    *,
    path: Path = LEDGER,
    ensembles: Path = ENSEMBLES,
    workers: int | None = None,
    patients: int | None = None,
    points: int = POINTS,
    resume: bool = True,
    progress: Progress = silent,
) -> Ledger:
    """Predict registered trials and append the entries: all of them, or none.

    Parameters
    ----------
    ids
        Ids of registered trials; all of them when empty.
    date
        Day of the prediction, YYYY-MM-DD.
    path
        The ledger.
    ensembles
        Folder of ensembles as `funis calibrate --out` writes them.

    Raises
    ------
    InputError
        An unknown trial, no date, no ensemble, or a ledger that was changed.
    """
    require_whole(patients=patients)
    patients = PATIENTS if patients is None else patients
    require_dates(date)
    check_ledger(read_ledger(path)).raise_errors()
    registered = load_registered()
    known = {one.study: one for one in registered.trials}
    for name in ids:
        _require_known(name, known, registered)
    wanted = [registration(known[name], registered) for name in ids or known]
    forms = [_structure(name) for name in registered.structures]
    found = {one.study.disease: _ensemble(one.study.disease, ensembles) for one in wanted}
    entries = []
    for one in wanted:
        ensemble, digest = found[one.study.disease]
        simulated = simulate_planned(
            one.planned, one.trial, load_settings(one.study.disease), workers=workers,
            patients=patients, points=points, resume=resume, progress=progress,
        )  # fmt: skip
        draws = spread_over(ensemble.default, CONDUCTS)
        likely, idle = (simulated.outlook(each) for each in (draws, draws.without_cells()))
        others = {
            form.id: simulate_planned(
                with_structure(one.planned, form), one.trial, load_settings(one.study.disease),
                workers=workers, patients=patients, points=points, resume=resume,
                progress=progress,
            ).outlook(draws).probability
            for form in forms
            if one.planned.rule is not None
        }  # fmt: skip
        entries.append({**one.entry, **_predictions(one, likely, idle, others), "date": date,
                        "version": metadata.version("funis"),
                        "ensemble": _source(ensemble, digest, draws)})  # fmt: skip
    return append_entries(path, [_ordered(entry) for entry in entries])


def registered_issues(path: Path) -> IssueList:
    """Return every record and structure of a file of registered trials that does not exist.

    Raises
    ------
    InputError
        The file cannot be read as one; with file and line.
    """
    registered, document = load_registered(path), read_yaml(path)
    records, forms = [study.id for study in library_studies()], list(library_structures())
    named = [
        *((("trials", k, "study"), one.study, records) for k, one in enumerate(registered.trials)),
        *((("left_out", k, "study"), one.study, records)
          for k, one in enumerate(registered.left_out)),
        *((("unreported", k, "study"), one.study, [two.study for two in registered.trials])
          for k, one in enumerate(registered.unreported)),
        *((("not_counted", k, "study"), one.study, records)
          for k, one in enumerate(registered.not_counted)),
        *((("structures", k), name, forms) for k, name in enumerate(registered.structures)),
    ]  # fmt: skip
    return IssueList(
        Issue(
            document.file, document.line(at), dotted(at), f"there is no '{name}'", None,
            nearest(name, known),
        )
        for at, name, known in named
        if name not in known
    )  # fmt: skip


def registration(one: RegisteredTrial, registered: RegisteredFile) -> Registration:
    """Return a registered trial as a virtual one, with what had to be assumed.

    Raises
    ------
    InputError
        The evidence has no such record, or it cannot be simulated.
    """
    study = next((study for study in library_studies() if study.id == one.study), None)
    if study is None:
        message = f"no record '{one.study}' in the evidence"
        raise InputError(Issue("library/registered.yaml", None, one.study, message))
    if one.n is not None:
        study = replace(study, population=replace(study.population, n=one.n))
    model, stand_ins = load_model(study.disease), load_stand_ins()
    trial = load_trial(template_name(study, stand_ins))
    request, direction = _endpoint(one, trial.protocol)
    planned = registered_trial(
        study, trial.protocol, model, stand_ins, request, direction, registered.size.per_arm
    )
    if isinstance(planned, str):
        raise InputError(Issue("library/registered.yaml", None, one.study, planned))
    return Registration(study, trial, planned, _facts(study, one, trial, planned, registered))


def _endpoint(one: RegisteredTrial, template: Protocol) -> tuple[EndpointRequest, Direction]:
    """Return the primary endpoint of a trial: its own, else that of the disease's trial."""
    if one.endpoint is not None and one.week is not None:
        return EndpointRequest(one.endpoint, one.week, one.measure, "primary"), one.direction
    usual, rule = template.primary[0], template.success
    return usual, "greater" if rule is None else rule.direction


def _facts(
    study: Study, one: RegisteredTrial, trial: Trial, planned: Planned, registered: RegisteredFile
) -> dict[str, Any]:
    request = planned.reconstruction.rows[0].request
    own = one.endpoint is not None
    source = one.source if own else f"the usual one of the disease ({trial.protocol.id})"
    return {
        "study": study.id,
        "registry": study.registry,
        "title": study.title,
        "disease": study.disease,
        "design": f"{study.design.kind}, blinding {study.design.blinding or 'not stated'}",
        "population": {"criteria": study.population.criteria, "like": trial.protocol.id},
        "endpoint": {
            "endpoint": request.endpoint, "week": float(request.week), "measure": request.measure,
            "registered": own, "source": source,
        },
        "assumed": _assumed(study, planned, own, registered),
    }  # fmt: skip


def _assumed(study: Study, planned: Planned, own: bool, registered: RegisteredFile) -> list[str]:
    """Return what the record does not say and was set, in sentences."""
    said = [] if own else ["primary endpoint: not in the record"]
    if any(arm.n is None for arm in study.arms):
        total = study.population.n
        share = "an even share of it" if total else registered.size.source
        said.append(f"size of the arms: {f'{total} in all, {share}' if total else share}")
    said += [
        f"{arm.id}: {', '.join(arm.drawn)} not in the record, drawn"
        for arm in planned.reconstruction.arms
        if arm.drawn
    ]
    if study.design.blinding is None:
        taken = design_of(study).blinding
        words = "open" if taken is None else "blinded, for there is a placebo"
        said.append(f"blinding: not in the record, taken as {words}")
    return [*said, *ALWAYS_ASSUMED]


def _structure(name: str) -> Structure:
    known = library_structures()
    if name not in known:
        message, near = f"unknown structure '{name}'", nearest(name, list(known))
        raise InputError(Issue("library/registered.yaml", None, "structures", message, None, near))
    return known[name]


def _predictions(
    one: Registration, likely: Outlook, idle: Outlook, others: Mapping[str, float | None]
) -> dict[str, Any]:
    plans = {plan.id: plan for plan in one.planned.reconstruction.arms}
    arms = [
        {
            **_arm(plans[arm.row.arm], arm.row.n),
            "predicted": predicted(arm.draws),
            "if_cells_do_nothing": float(np.median(none.draws)),
        }
        for arm, none in zip(likely.arms, idle.arms, strict=True)
    ]
    return {
        "arms": arms,
        "contrasts": [
            _contrast(each, none)
            for each, none in zip(likely.contrasts, idle.contrasts, strict=True)
        ],
        "success": {
            "rule": rule_words(one.planned),
            "probability": likely.probability,
            "if_cells_do_nothing": idle.probability,
            "by_structure": dict(others),
        },
    }


def _arm(plan: ArmPlan, size: int | None) -> dict[str, Any]:
    regimens = ["; ".join(_given(item) for item in arm.interventions) for arm in plan.variants]
    return {
        "id": plan.id, "n": size, "cells": plan.cells,
        "regimens": [text or "no cells" for text in regimens],
        "drawn": list(plan.drawn), "not_represented": list(plan.left_out),
    }  # fmt: skip


def _given(item: Intervention) -> str:
    days = ", ".join(f"{day:g}" for day in item.days)
    if item.drug is not None:
        return f"{item.drug} from day {days}"
    dose = item.dose_cell_per_kg or item.dose_cell or 0.0
    unit = "cells/kg" if item.per_kg else "cells"
    return f"{dose:.3g} {unit} {item.route} on day {days}"


def _contrast(each: ContrastOutlook, none: ContrastOutlook) -> dict[str, Any]:
    return {
        "arm": each.arm, "reference": each.reference,
        "predicted": predicted(each.draws),
        "probability": each.probability, "if_cells_do_nothing": none.probability,
    }  # fmt: skip


def rule_words(planned: Planned) -> str:
    """Return what a registered trial has to show."""
    rule = planned.rule
    if rule is None:
        return "none: one arm, nothing to compare it with"
    which = "the arm" if len(rule.arms) == 1 else "any arm"
    better = "higher" if rule.direction == "greater" else "lower"
    return (
        f"{which} with cells {better} than {rule.reference} in the primary endpoint, two-sided"
        f" {rule.alpha:g}, without correction for several arms"
    )


def predicted(draws: Array) -> dict[str, Any]:
    """Return a predicted number as plain data: median, intervals, quantiles."""
    finite = draws[np.isfinite(draws)]
    cuts = (0.5, 0.1, 0.9, 0.025, 0.975)
    names = ("median", "low80", "high80", "low95", "high95")
    shown = dict(zip(names, np.quantile(finite, cuts).tolist(), strict=True))
    return {**shown, "quantiles": np.quantile(finite, LEVELS).tolist()}


def _source(ensemble: Ensemble, digest: str, draws: Draws) -> dict[str, Any]:
    return {
        "hash": digest, "model": str(ensemble.about.get("model", "")),
        "no_effect": no_effect(draws),
    }  # fmt: skip


_ORDER = (
    "study", "registry", "title", "disease", "date", "version", "design", "population", "endpoint",
    "assumed", "arms", "contrasts", "success", "ensemble",
)  # fmt: skip


def _ordered(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in _ORDER}


def _ensemble(disease: str, folder: Path) -> tuple[Ensemble, str]:
    path = folder / f"{disease}.parquet"
    if not path.is_file():
        message = f"no ensemble of '{disease}'"
        raise InputError(Issue(str(path), None, None, message, f"funis calibrate {disease} --out"))
    return load_ensemble(path), hash_file(path)


def _require_known(name: str, known: Mapping[str, object], registered: RegisteredFile) -> None:
    if name in known:
        return
    why = next((one.reason for one in registered.left_out if one.study == name), None)
    message = f"unknown registered trial '{name}'" if why is None else f"'{name}': {why}"
    expected = f"one of {', '.join(known)}"
    raise InputError(Issue(None, None, None, message, expected, nearest(name, list(known))))
