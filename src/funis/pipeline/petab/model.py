"""The model with its doses as events, whose days and amounts are parameters of a condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funis.models import Model
from funis.protocol import CONTINUOUS, Intervention
from funis.protocol.doses import CELLS_PER_UNIT
from funis.solver import ParameterTable

NEVER = 1e6
"""Day of a dose that is not given [day]."""


@dataclass(frozen=True, slots=True)
class Given:
    """One administration: of cells at a day, of a drug from a day to another.

    Attributes
    ----------
    amount : cells [1e6], or standard doses a day.
    """

    input: str
    amount: float
    first: float
    last: float | None


def given_to(
    interventions: Sequence[Intervention], weight: float, recovered: Mapping[str, float]
) -> list[Given]:
    """Return what a patient of some weight is given, a row a day."""
    rows = []
    for one in interventions:
        share = recovered.get(one.supply or "", 1.0)
        cells = (one.dose_cell or 0.0) + (one.dose_cell_per_kg or 0.0) * weight
        amount = one.dose or 0.0 if one.drug is not None else cells * share / CELLS_PER_UNIT
        for day in one.days:
            end = NEVER if one.duration_day == CONTINUOUS else day + one.duration_day
            rows.append(Given(one.input, amount, day, end if one.drug is not None else None))
    return sorted(rows, key=lambda row: (row.input, row.first))


def slots(arms: Sequence[Sequence[Given]]) -> dict[str, int]:
    """Return how often an input is given at most."""
    counts: dict[str, int] = {}
    for arm in arms:
        for name in {row.input for row in arm}:
            own = sum(row.input == name for row in arm)
            counts[name] = max(counts.get(name, 0), own)
    return dict(sorted(counts.items()))


def condition_values(
    arm: Sequence[Given], counts: Mapping[str, int], model: Model
) -> dict[str, float]:
    """Return the value of every dose parameter in an arm."""
    values: dict[str, float] = {}
    for name, count in counts.items():
        own = [row for row in arm if row.input == name]
        for place in range(count):
            row = own[place] if place < len(own) else None
            for key in _names(name, place + 1, model):
                values[key] = 0.0 if key.startswith("amount") else NEVER
            if row is not None:
                first, amount, *last = _names(name, place + 1, model)
                values |= {first: row.first, amount: row.amount}
                values |= {key: row.last if row.last is not None else NEVER for key in last}
    return values


def model_with_doses(model: Model, counts: Mapping[str, int], patient: ParameterTable) -> str:
    """Return the SBML of one patient whose doses are events.

    Events read values as they are when they fire, so that doses of one moment add up.
    """
    import libsbml

    document = libsbml.readSBMLFromString(model.sbml)
    text = document.getModel()
    for name, value in zip(patient.names, patient.values[0].tolist(), strict=True):
        own = text.getParameter(name)
        if own is not None:
            own.setValue(value)
    for name, count in counts.items():
        targets = next(one.targets for one in model.inputs if one.id == name)
        for place in range(1, count + 1):
            first, amount, *last = _names(name, place, model)
            _parameters(text, (first, NEVER), (amount, 0.0), *((key, NEVER) for key in last))
            if not last:
                added = {s: f"{s} + gain_{name}_{s}*{amount}" for s in targets}
                _event(text, f"give_{name}_{place}", first, added)
                continue
            for sign, day, words in (("+", first, "start"), ("-", last[0], "stop")):
                flows = {
                    f"inflow_{s}": f"inflow_{s} {sign} gain_{name}_{s}*{amount}" for s in targets
                }
                _event(text, f"{words}_{name}_{place}", day, flows)
    return str(libsbml.writeSBMLToString(document))


def _names(name: str, place: int, model: Model) -> tuple[str, ...]:
    kind = next(one.kind for one in model.inputs if one.id == name)
    first = (f"day_{name}_{place}", f"amount_{name}_{place}")
    return first if kind == "cells" else (*first, f"until_{name}_{place}")


def _parameters(text: Any, *values: tuple[str, float]) -> None:
    for name, value in values:
        item = text.createParameter()
        item.setId(name)
        item.setValue(value)
        item.setConstant(True)
        item.setUnits("day" if not name.startswith("amount") else "dimensionless")


def _event(text: Any, name: str, day: str, assigned: Mapping[str, str]) -> None:
    import libsbml

    event = text.createEvent()
    event.setId(name)
    event.setUseValuesFromTriggerTime(False)
    trigger = event.createTrigger()
    trigger.setInitialValue(False)
    trigger.setPersistent(True)
    trigger.setMath(libsbml.parseL3Formula(f"time >= {day}"))
    for target, formula in assigned.items():
        parameter = text.getParameter(target)
        if parameter is not None:
            parameter.setConstant(False)
        item = event.createEventAssignment()
        item.setVariable(target)
        item.setMath(libsbml.parseL3Formula(formula))
