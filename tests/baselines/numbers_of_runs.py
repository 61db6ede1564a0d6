"""The numbers of a whole small run: what a change of the program must not move unnoticed."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from funis.analysis import estimate
from funis.models import library_folder, load_model
from funis.pipeline.run import run_trial
from funis.population import draw, weigh_pool
from funis.product import library_product
from funis.protocol import load_protocol
from funis.trial import Study, conduct
from funis.trial.twins import twin_courses

FILE = Path(__file__).with_name("ra_demo.json")
ENSEMBLE_FILE = Path(__file__).with_name("ra_ensemble.json")
PATIENTS_PER_ARM = 8
WEEKS = (0, 4, 12, 24, 52)
OUTPUTS = ("DAS28_CRP_true", "TRG", "LM", "engulfed", "ERO")

Numbers = dict[str, Any]


def small_study() -> Study:
    """The trial of the library on 120 raw draws; the gate is left out, as it takes minutes."""
    model = load_model("ra")
    pool = weigh_pool(model, 1, draw(model, 120, 1), np.full(120, "accepted"), {})
    protocol = load_protocol(library_folder() / "trials" / "ra_demo.yaml")
    names = {i.product for arm in protocol.arms for i in arm.interventions if i.product}
    products = {name: library_product(name) for name in sorted(names)}
    return Study(protocol, model, pool, products, PATIENTS_PER_ARM, protocol.seed)


def numbers_of_a_run() -> Numbers:
    """Estimates, contrasts, who came and went, and courses of three twins under every arm."""
    study = small_study()
    data = conduct(study)
    results = estimate(study.protocol, data, study.model.endpoints)
    minutes = np.array(WEEKS, dtype=np.int64) * 10080
    courses = twin_courses(study, range(3), minutes, OUTPUTS)
    found: Numbers = {
        "subjects": {
            "screened": data.subjects["screened"].to_list(),
            "discontinued": data.subjects["discontinued_week"].to_list(),
            "rescued": data.subjects["rescued_week"].to_list(),
        },
        "doses": [float(data.doses["amount"].sum()), data.doses.height],
        "estimates": {
            f"{one.arm} {one.endpoint}": [one.estimate, one.low, one.high]
            for one in results.estimates
        },
        "contrasts": {
            f"{one.arm} {one.endpoint}": [one.estimate, one.low, one.high]
            for one in results.contrasts
        },
        "courses": {
            f"{course.arm} {name}": course.output(name).tolist()
            for course in courses
            for name in OUTPUTS
        },
    }
    return json.loads(json.dumps(_plain(found)))


def numbers_of_an_ensemble_run() -> Numbers:
    """The trial of the library from end to end, with cells drawn from the ensemble that ships."""
    done = run_trial("ra_demo", patients=PATIENTS_PER_ARM, twins=2, workers=1)
    view = done.report.uncertainty
    assert view is not None
    found: Numbers = {
        "contrasts": {
            f"{one.arm} {one.endpoint}": [one.estimate, one.low, one.high]
            for one in done.results.contrasts
        },
        "no_effect": dict(view.no_effect),
        "potency": [view.potency.estimate, view.potency.low, view.potency.high],
        "against_none": view.against_none,
        "uncertainty": {
            row.arm: [
                value if abs(value) > 1e-5 else 0.0
                for value in (
                    row.effect.estimate, row.effect.low, row.effect.high,
                    row.between_patients, row.sampling, row.between_draws,
                )
            ]
            for row in view.rows
        },
    }  # fmt: skip
    return json.loads(json.dumps(_plain(found)))


BASELINES = {FILE: numbers_of_a_run, ENSEMBLE_FILE: numbers_of_an_ensemble_run}


def _plain(value: Any) -> Any:
    """Numbers with ten digits; what is not a number as None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return value


def differences(old: Any, new: Any, place: str = "") -> list[str]:
    """Say where two sets of numbers differ by more than 1e-6 of their size."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = list(dict.fromkeys([*old, *new]))
        pairs = [(f"{place}{name}: ", old.get(name), new.get(name)) for name in names]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(f"{place}[{k}] ", a, b) for k, (a, b) in enumerate(zip(old, new, strict=True))]
    elif isinstance(old, int | float) and isinstance(new, int | float):
        near = abs(old - new) <= 1e-6 * max(abs(old), abs(new)) + 1e-9
        return [] if near else [f"{place}{old:g} is now {new:g}"]
    else:
        return [] if old == new else [f"{place}{str(old)[:40]} is now {str(new)[:40]}"]
    return [text for here, a, b in pairs for text in differences(a, b, here)]
