"""From a regimen to explicit dose events on the grid of whole minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from funis.checks import InputError, Issue
from funis.protocol.values import CONTINUOUS, Arm, Intervention
from funis.units import MINUTES_PER_DAY, to_minute

CELLS_PER_UNIT = 1e6
"""Cells in one unit of the disease models' cell states."""


@dataclass(frozen=True, slots=True, eq=False)
class DoseEvents:
    """Administrations of many patients, one a row, sorted by patient and minute.

    Rows of one patient and minute keep the order in which they were declared. Arrays are
    read-only and of one length.

    Attributes
    ----------
    patient : (n,) int64
    minute : (n,) int64
        Start, relative to randomisation [minute].
    input : (n,) str
        Input of the disease model: the route of a product, or the drug.
    amount : (n,) float64
        Cells, viable and dead [1e6], or drug [standard dose x day].
    duration_minute : (n,) int64
        Time over which the amount is spread evenly; 0 is a bolus [minute].
    intervention : (n,) str
        Id of the intervention that gave the row.
    """

    patient: NDArray[np.int64]
    minute: NDArray[np.int64]
    input: NDArray[np.str_]
    amount: NDArray[np.float64]
    duration_minute: NDArray[np.int64]
    intervention: NDArray[np.str_]

    def __post_init__(self) -> None:
        """Refuse columns that do not fit together, and make them read-only."""
        columns = self.columns()
        if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
            raise ValueError("the columns of DoseEvents differ in length")
        if not np.all(np.isfinite(self.amount)) or np.any(self.amount < 0):
            raise ValueError("an amount is negative or not finite")
        if np.any(self.duration_minute < 0):
            raise ValueError("a duration is negative")
        patient_step, minute_step = np.diff(self.patient), np.diff(self.minute)
        if np.any(patient_step < 0) or np.any((patient_step == 0) & (minute_step < 0)):
            raise ValueError("dose events are not sorted by patient and minute")
        for column in columns:
            column.setflags(write=False)

    def __len__(self) -> int:
        """Return the number of administrations."""
        return len(self.patient)

    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """Columns in the order of the fields."""
        return (
            self.patient,
            self.minute,
            self.input,
            self.amount,
            self.duration_minute,
            self.intervention,
        )


def dose_events(
    given: Arm | Sequence[Intervention],
    weight_kg: ArrayLike | None,
    patients: ArrayLike,
    *,
    start_minute: int = 0,
    end_minute: int | None = None,
    recovered_fraction: Mapping[str, float] | None = None,
) -> DoseEvents:
    """Expand a regimen into one row for each patient, intervention and day.

    Parameters
    ----------
    given : Arm or sequence of Intervention
    weight_kg : (n,) array or None
        Body weight [kg]; None when no dose is per kg.
    patients : (n,) array of int
        Index of each patient, in any order, each once.
    start_minute : int
        Minute that day 0 of the regimen means: the visit, for what a rule gives [minute].
    end_minute : int or None
        End of the trial: later doses are left out, running ones end there at the same rate
        [minute]. Needed for continuous drugs.
    recovered_fraction : mapping of str to float
        Share of the cells of a product or lot that reach the patient (1 where not named).

    Returns
    -------
    DoseEvents
        Cells in total, viable and dead: viability is a parameter of the simulated model.

    Raises
    ------
    InputError
        If a dose is per kg and a patient has no weight above 0.
    """
    interventions = given.interventions if isinstance(given, Arm) else tuple(given)
    patient = np.asarray(patients, dtype=np.int64)
    if len(np.unique(patient)) != len(patient):
        raise ValueError("a patient stands twice")
    weight = _weights(interventions, weight_kg, patient)
    recovered = recovered_fraction or {}
    blocks = []
    for one in interventions:
        amount = _amount(one, weight) * recovered.get(one.supply or "", 1.0)
        for minute in (start_minute + to_minute(day) for day in one.days):
            duration = _duration_minute(one, minute, end_minute)
            blocks.append(_block(one, minute, duration, amount, patient))
    events = _sorted(blocks)
    return events if end_minute is None else end_doses(events, end_minute)


def no_doses() -> DoseEvents:
    """Table without a row."""
    return _sorted([])


def merge_doses(*tables: DoseEvents) -> DoseEvents:
    """Join tables; rows of one patient and minute keep the order of the tables."""
    return _sorted([table.columns() for table in tables])


def end_doses(
    events: DoseEvents,
    minute: int,
    *,
    patients: ArrayLike | None = None,
    interventions: Sequence[str] | None = None,
) -> DoseEvents:
    """End doses at a minute: rows that start then or later go, running ones are cut.

    Parameters
    ----------
    events : DoseEvents
    minute : int
    patients : array of int or None
        Patients whose doses end; None for all.
    interventions : sequence of str or None
        Ids of the interventions that end; None for all.

    Returns
    -------
    DoseEvents
        What is cut keeps its rate; what it delivers falls in proportion to its duration.
    """
    ends = np.ones(len(events), dtype=bool)
    if patients is not None:
        ends &= np.isin(events.patient, np.asarray(patients, dtype=np.int64))
    if interventions is not None:
        ends &= np.isin(events.intervention, np.asarray(list(interventions), dtype=np.str_))
    left = minute - events.minute
    cut = ends & (left > 0) & (events.duration_minute > left)
    duration = np.where(cut, left, events.duration_minute)
    amount = events.amount.copy()
    amount[cut] *= left[cut] / events.duration_minute[cut]
    keep = ~ends | (left > 0)
    columns = (*events.columns()[:3], amount, duration, events.intervention)
    return DoseEvents(*(column[keep] for column in columns))


def _weights(
    interventions: Sequence[Intervention], weight_kg: ArrayLike | None, patient: NDArray[np.int64]
) -> NDArray[np.float64]:
    per_kg = [one.id for one in interventions if one.per_kg]
    if weight_kg is None and not per_kg:
        return np.ones(len(patient))
    if weight_kg is None:
        raise _no_weight(f"'{per_kg[0]}' is dosed per kg and the patients have no weight")
    weight = np.asarray(weight_kg, dtype=np.float64)
    if weight.shape != patient.shape:
        raise ValueError("weight_kg and patients differ in length")
    wrong = ~(np.isfinite(weight) & (weight > 0))
    if per_kg and np.any(wrong):
        who = f"patient {patient[wrong][0]} weighs {weight[wrong][0]:g} kg"
        raise _no_weight(f"'{per_kg[0]}' is dosed per kg and {who}")
    return weight


def _no_weight(message: str) -> InputError:
    expected = "a weight above 0 kg for every patient, or dose_cell"
    return InputError(Issue(None, None, "dose_cell_per_kg", message, expected))


def _amount(one: Intervention, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amount of each patient: cells of one dose [1e6], or standard doses a day of a drug."""
    if one.dose_cell_per_kg is not None:
        return one.dose_cell_per_kg * weight / CELLS_PER_UNIT
    if one.dose_cell is not None:
        return np.full(weight.shape, one.dose_cell / CELLS_PER_UNIT)
    return np.full(weight.shape, one.dose or 0.0)


def _duration_minute(one: Intervention, minute: int, end_minute: int | None) -> int:
    if one.duration_day != CONTINUOUS:
        return to_minute(one.duration_day)
    if end_minute is None:
        raise ValueError(f"'{one.id}' is continuous: dose_events needs end_minute")
    return max(end_minute - minute, 0)


def _block(
    one: Intervention,
    minute: int,
    duration: int,
    amount: NDArray[np.float64],
    patient: NDArray[np.int64],
) -> tuple[NDArray[np.generic], ...]:
    """Rows of one intervention on one day."""
    count = len(patient)
    return (
        patient,
        np.full(count, minute, dtype=np.int64),
        np.full(count, one.input),
        amount * (duration / MINUTES_PER_DAY) if one.drug is not None else amount,
        np.full(count, duration, dtype=np.int64),
        np.full(count, one.id),
    )


def _sorted(blocks: Sequence[tuple[NDArray[np.generic], ...]]) -> DoseEvents:
    empty = (
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        np.empty(0, "<U1"),
        np.empty(0),
        np.empty(0, np.int64),
        np.empty(0, "<U1"),
    )
    columns = [np.concatenate(column) for column in zip(empty, *blocks, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    return DoseEvents(*(column[order] for column in columns))
