"""Adverse events of a block of patients, from what each was given and how long each stayed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from funis.protocol import Arm, DoseEvents, Intervention
from funis.safety import Exposed, Given, Rates, draw_events, library_safety, true_rates
from funis.trial.observe import Array, Integers
from funis.trial.study import MINUTES_PER_DAY, Study
from funis.units import to_minute

CELLS_PER_UNIT = 1e6
SHAM = "(sham)"

Columns = dict[str, NDArray[np.generic]]


def adverse_events(
    study: Study,
    arms: Sequence[Arm],
    arm_of: Integers,
    patient: Integers,
    attempt: Integers,
    doses: DoseEvents,
    leave_minute: Array,
    rates: Rates | None = None,
) -> Columns:
    """Return the adverse events of some patients, see `funis.safety.draw_events`.

    Parameters
    ----------
    arms, arm_of
        Arms, and the place of each patient's among them.
    patient, attempt
        Keys of each patient.
    doses
        What was given; patients are numbered by their row.
    leave_minute
        When each patient leaves, infinite for never.
    rates
        True rates; by default those of the trial's seed.
    """
    known = rates if rates is not None else trial_rates(study.seed, study.model.id)
    given = administrations(study, arms, arm_of, patient, attempt, doses, leave_minute)
    until = np.minimum(leave_minute, study.horizon_minute) / MINUTES_PER_DAY
    got = np.isin(patient, given.patient[given.cells > 0])
    exposed = Exposed(patient, attempt, until, got)
    return draw_events(library_safety(), known, study.seed, given, exposed)


@lru_cache(maxsize=8)
def trial_rates(seed: int, disease: str) -> Rates:
    """Return the true rates of the trial of a seed."""
    return true_rates(library_safety(), seed, disease)


def administrations(
    study: Study,
    arms: Sequence[Arm],
    arm_of: Integers,
    patient: Integers,
    attempt: Integers,
    doses: DoseEvents,
    leave_minute: Array,
) -> Given:
    """Return what patients were given until they left, mock administrations of controls too."""
    return administered(study, arms, arm_of, patient, attempt, doses, leave_minute)[0]


def administered(
    study: Study,
    arms: Sequence[Arm],
    arm_of: Integers,
    patient: Integers,
    attempt: Integers,
    doses: DoseEvents,
    leave_minute: Array,
) -> tuple[Given, Integers]:
    """Return what patients were given as `administrations` does, and the row of each patient."""
    product = _products(study, arms)
    keys = zip(arm_of[doses.patient].tolist(), doses.intervention.tolist(), strict=True)
    of_dose = np.array([product.get(key, "") for key in keys], dtype=str)
    real = np.flatnonzero(of_dose != "")
    mock_row, mock_minute, mock_route = _mock(study, arms, arm_of)
    row = np.concatenate([doses.patient[real], mock_row])
    minute = np.concatenate([doses.minute[real], mock_minute])
    route = np.concatenate([doses.input[real], mock_route])
    cells = np.concatenate([doses.amount[real] * CELLS_PER_UNIT, np.zeros(len(mock_row))])
    name = np.concatenate([of_dose[real], np.full(len(mock_row), "")])
    order = np.lexsort((route, minute, row))
    order = order[minute[order] < leave_minute[row[order]]]
    row = row[order]
    given = Given(
        patient=patient[row], attempt=attempt[row], minute=minute[order], route=route[order],
        cells=cells[order], number=_numbers(row),
        tissue=np.array([_tissue(study, one) for one in name[order].tolist()], dtype=str),
        allogeneic=np.array([_allogeneic(study, one) for one in name[order].tolist()], dtype=bool),
    )  # fmt: skip
    return given, row


def mock_interventions(arms: Sequence[Arm]) -> tuple[Intervention, ...]:
    """Return the interventions that a masked control imitates: of the arm with most doses."""
    treated = [tuple(one for one in arm.interventions if one.product) for arm in arms]
    return max(treated, key=lambda given: sum(len(one.days) for one in given), default=())


def _mock(
    study: Study, arms: Sequence[Arm], arm_of: Integers
) -> tuple[Integers, Integers, NDArray[np.str_]]:
    """Return rows, minutes and routes of the mock administrations of placebo arms."""
    masked = [
        arm.control == "placebo" and not any(one.product or one.sham for one in arm.interventions)
        for arm in arms
    ]
    rows = np.flatnonzero(np.asarray(masked, dtype=np.bool_)[arm_of])
    times = [
        (to_minute(day), one.input)
        for one in mock_interventions(study.protocol.arms)
        for day in one.days
    ]
    minutes = np.array([minute for minute, _ in times], dtype=np.int64)
    routes = np.array([route for _, route in times], dtype=str)
    return np.repeat(rows, len(times)), np.tile(minutes, len(rows)), np.tile(routes, len(rows))


def _products(study: Study, arms: Sequence[Arm]) -> dict[tuple[int, str], str]:
    """Return the product of each intervention of each arm, by its regimen or by rules."""
    found: dict[tuple[int, str], str] = {}
    for place, arm in enumerate(arms):
        rules = [rule for rule in study.protocol.rules if rule.applies_to(arm.id)]
        by_rule = [one for rule in rules for one in rule.action.give]
        for one in (*by_rule, *arm.interventions):
            if one.product is not None or one.sham:
                found[place, one.id] = one.product or SHAM
    return found


def _tissue(study: Study, product: str) -> str:
    return study.products[product].tissue if product in study.products else ""


def _allogeneic(study: Study, product: str) -> bool:
    return product in study.products and study.products[product].allogeneic


def _numbers(row: Integers) -> Integers:
    """Return the running number of each administration of a patient; rows are sorted."""
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    counts = np.diff(np.append(starts, len(row)))
    return np.asarray(np.arange(len(row)) - np.repeat(starts, counts) + 1, dtype=np.int64)
