"""What a drug does to an output of the model, such as the rate at which cells are licensed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from funis.models import Model, load_model
from funis.plan.consulted import Consultation
from funis.plan.criteria import DrugEffect
from funis.plan.severity import BACKGROUND
from funis.solver import ParameterTable, simulate
from funis.solver.values import DoseRows

WEEKS = 8
"""Weeks of the drug before its effect is read: long enough for every class but B-cell depletion."""

DAY = 1440


@dataclass(frozen=True, slots=True)
class Effect:
    """An output of the typical untreated patient, without and with a drug at standard dose."""

    without: float
    taking: float

    @property
    def percent(self) -> float:
        """Change in percent."""
        return 100.0 * (self.taking - self.without) / self.without


def drug_effect(model: Model, drug_class: str, output: str) -> Effect | None:
    """Simulate the typical patient with and without a class of drugs; None if it is no input.

    Parameters
    ----------
    model : Model
    drug_class : str
        Id of a drug input.
    output : str
        State or assignment that is read after `WEEKS`.
    """
    given = model.input(drug_class)
    if given is None or given.kind != "drug":
        return None
    return _effect(str(model.folder), drug_class, output)


@lru_cache(maxsize=64)
def _effect(folder: str, drug_class: str, output: str) -> Effect:
    model = load_model(folder)
    entry = f"{BACKGROUND}{drug_class}"
    names = tuple(one.id for one in model.parameters if one.id == entry)
    days = 7 * WEEKS
    doses = DoseRows(
        np.array([1]), np.array([0]), np.array([drug_class]), np.array([float(days)]),
        np.array([days * DAY]),
    )  # fmt: skip
    found = simulate(
        model,
        ParameterTable(names, np.zeros((2, len(names)))),
        doses,
        np.array([0, days * DAY], dtype=np.int64),
        outputs=[output],
        checked=0.0,
    )
    without, taking = found.values[:, -1, 0]
    return Effect(float(without), float(taking))


def drug_notes(
    consultation: Consultation, model: Model, effects: Iterable[DrugEffect]
) -> tuple[str, ...]:
    """Say what each drug that is taken now does to the outputs asked for.

    Parameters
    ----------
    consultation : Consultation
    model : Model
        Its disease.
    effects : iterable of DrugEffect
    """
    notes = []
    for asked in effects:
        taken = [
            one.drug
            for one in consultation.medication or ()
            if one.drug_class == asked.drug_class and one.stopped_week is None
        ]
        found = drug_effect(model, asked.drug_class, asked.output) if taken else None
        if found is not None:
            notes.append(
                f"{', '.join(taken)}, in the model at the standard dose: {asked.text} "
                f"{found.without:.3g} -> {found.taking:.3g} {asked.unit} ({found.percent:+.0f} %) "
                f"in the typical virtual patient [{asked.source}]"
            )
    return tuple(notes)
