"""Conduct a trial: allocate, then in blocks of patients visit to visit: observe, decide, dose, simulate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol as Shape

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoints import evaluate_endpoints
from funis.population import allocate, blocks, exponential
from funis.protocol import (
    Arm,
    DoseEvents,
    Rule,
    dose_events,
    end_doses,
    merge_doses,
)
from funis.solver import FAILED, STATUS, Forcing, ParameterTable, Start, simulate
from funis.trial.data import Block, TrialData, gather
from funis.trial.enrol import Enrolled, covariates, enrol, forcing_of, observers_of
from funis.trial.observe import Array, Integers, Observers, observables, observe
from funis.trial.study import MINUTES_PER_WEEK, Study, week_minute


class Map(Shape):
    """`map` of one function over independent tasks, in order: serial, processes or a cluster."""

    def __call__(
        self, function: Callable[[Study, range], Block], study: Study, tasks: Iterable[range]
    ) -> Iterable[Block]:
        """Return the results in the order of the tasks."""


def serial(
    function: Callable[[Study, range], Block], study: Study, tasks: Iterable[range]
) -> Iterable[Block]:
    """Map one task after the other in this process."""
    return (function(study, task) for task in tasks)


def conduct(study: Study, map_blocks: Map = serial) -> TrialData:
    """Conduct the whole trial.

    Patients come in fixed blocks of 512 by index, so neither workers nor neighbours change a byte.
    """
    return gather(map_blocks(conduct_block, study, blocks(study.size)), study.model)


def conduct_block(study: Study, patients: range) -> Block:
    """Conduct the trial for one block of patients (a pure function)."""
    index = np.arange(patients.start, patients.stop, dtype=np.int64)
    who = enrol(study, index)
    arm_of = allocate(study.seed, study.patients_per_arm, study.arm_ids)[index]
    parts = [
        _Course.of(study, arm, who.rows(np.flatnonzero(arm_of == number))).run()
        for number, arm in enumerate(study.protocol.arms)
        if np.any(arm_of == number)
    ]
    return Block.joined(parts)


@dataclass(slots=True)
class _Course:
    """The state of one arm's patients on their way through the visits of one block."""

    study: Study
    arm: Arm
    who: Enrolled
    parameters: ParameterTable
    observers: Observers
    forcing: Forcing
    doses: DoseEvents
    leave_minute: Array
    states: Array
    status: NDArray[np.int8]
    rescued_week: Array
    fired: dict[str, list[tuple[int, int]]]
    rule_of: list[tuple[str, Integers, DoseEvents]]

    @classmethod
    def of(cls, study: Study, arm: Arm, who: Enrolled) -> _Course:
        size = len(who.patient)
        rate = study.protocol.dropout.rate(arm.id)
        luck = exponential(study.seed, "discontinuation", who.patient)
        years = luck / rate if rate > 0 else np.full(size, np.inf)
        return cls(
            study,
            arm,
            who,
            who.parameters.replaced(study.parameters_of(arm)),
            observers_of(study, who),
            forcing_of(study, who, study.horizon_minute),
            regimen_doses(study, arm, who, study.horizon_minute),
            years * 365.25 * 1440,
            who.states.copy(),
            who.status.copy(),
            np.full(size, np.nan),
            {},
            [],
        )

    def run(self) -> Block:
        """Go through the visits."""
        weeks = self.study.protocol.visits.weeks
        seen: list[dict[str, Array]] = []
        for number, week in enumerate(weeks):
            minute = week_minute(week)
            truth = self._simulate(week_minute(weeks[number - 1]) if number else minute, minute)
            seen.append(self._see(truth, minute))
            if minute < self.study.horizon_minute:
                self._decide(week, seen)
        return self._block(seen)

    def _simulate(self, start: int, end: int) -> dict[str, Array]:
        names = observables(self.study.model)
        times = np.array([end], dtype=np.int64)
        found = simulate(
            self.study.model,
            self.parameters,
            self.doses,
            times,
            start=Start(start, self.states),
            forcing=self.forcing,
            outputs=names,
            rtol=self.study.rtol,
        )
        self.states = found.end
        self.status = np.maximum(self.status, found.status)
        return {name: found.values[:, 0, place] for place, name in enumerate(names)}

    def _see(self, truth: Mapping[str, Array], minute: int) -> dict[str, Array]:
        """Observe those who are still in the trial."""
        seen = observe(self.study.model, self.observers, truth, minute, entry=minute <= 0)
        absent = (self.leave_minute <= minute) | (self.status == FAILED)
        return {name: np.where(absent, np.nan, values) for name, values in seen.items()}

    def _decide(self, week: float, seen: list[dict[str, Array]]) -> None:
        for rule in self.study.protocol.rules:
            asked = week in rule.weeks if rule.weeks else week > 0
            if asked and rule.applies_to(self.arm.id):
                self._apply(rule, week, self._fires(rule, week, seen))

    def _fires(self, rule: Rule, week: float, seen: list[dict[str, Array]]) -> Integers:
        environment = self._environment(rule, week, seen)
        holds = np.broadcast_to(
            np.asarray(rule.when.evaluate(environment), dtype=np.bool_), self.rescued_week.shape
        ).copy()
        minute = week_minute(week)
        holds &= (self.leave_minute > minute) & (self.status != FAILED)
        gap = week_minute(rule.min_gap_week)
        for row, when in self.fired.get(rule.id, []):
            times = sum(1 for other, _ in self.fired[rule.id] if other == row)
            if (rule.at_most is not None and times >= rule.at_most) or minute - when < gap:
                holds[row] = False
        return np.flatnonzero(holds)

    def _environment(
        self, rule: Rule, week: float, seen: list[dict[str, Array]]
    ) -> dict[str, Array | float]:
        endpoints = self.study.model.endpoints
        used = {name.split(":")[-1] for name in rule.when.lookups}
        wanted = [name for name in used if name in endpoints.order]
        previous = seen[-2] if len(seen) > 1 else None
        values: dict[str, Array | float] = {"week": week, "doses_given": self._doses_given(week)}
        values |= covariates(self.study.model, self.who)
        values |= seen[-1] | _named("baseline", seen[0])
        if wanted:
            values |= evaluate_endpoints(endpoints, seen[-1], seen[0], previous, names=wanted)
            values |= _named(
                "baseline", evaluate_endpoints(endpoints, seen[0], seen[0], names=wanted)
            )
        if previous is not None:
            values |= _named("previous", previous)
            if wanted:
                before = evaluate_endpoints(endpoints, previous, seen[0], names=wanted)
                values |= _named("previous", before)
        return values

    def _doses_given(self, week: float) -> Array:
        products = {i.id for i in self.arm.interventions if i.product is not None}
        past = np.isin(self.doses.intervention, list(products))
        past &= self.doses.minute < week_minute(week)
        return np.bincount(self.doses.patient[past], minlength=len(self.rescued_week)).astype(
            np.float64
        )

    def _apply(self, rule: Rule, week: float, rows: Integers) -> None:
        if len(rows) == 0:
            return
        minute = week_minute(week)
        action = rule.action
        if action.stop:
            ids = None if action.stop == ("all",) else action.stop
            self.doses = end_doses(self.doses, minute, patients=rows, interventions=ids)
        if action.give:
            given = dose_events(
                action.give,
                self.who.covariate("weight")[rows] if _has_weight(self.who) else None,
                rows,
                start_minute=minute,
                end_minute=self.study.horizon_minute,
                recovered_fraction=self.study.recovered,
            )
            self.doses = merge_doses(self.doses, given)
            self.rule_of.append((rule.id, rows, given))
        if action.rescue:
            first = rows[np.isnan(self.rescued_week[rows])]
            self.rescued_week[first] = week
        self.fired.setdefault(rule.id, []).extend((int(row), minute) for row in rows)

    def _block(self, seen: list[dict[str, Array]]) -> Block:
        components = tuple(seen[0])
        values = np.stack([np.stack([s[c] for c in components], axis=1) for s in seen], axis=1)
        failed = self.status == FAILED
        values[failed] = np.nan
        left = np.minimum(self.leave_minute, 1e15)
        gone = left <= self.study.horizon_minute
        return Block(
            arms=np.full(len(failed), self.arm.id, dtype=object),
            patient=self.who.patient,
            site=self.who.site,
            attempt=self.who.attempt,
            covariates=covariates(self.study.model, self.who),
            status=np.where(failed, "failed", np.where(gone, "discontinued", "completed")),
            reason=np.where(failed, STATUS[FAILED], ""),
            ladder=self.status,
            discontinued_week=np.where(gone, left / MINUTES_PER_WEEK, np.nan),
            rescued_week=self.rescued_week,
            weeks=self.study.protocol.visits.weeks,
            components=components,
            values=values,
            doses=self._dose_rows(),
        )

    def _dose_rows(self) -> dict[str, NDArray[np.generic]]:
        doses, leave = self.doses, self.leave_minute
        kept = doses.minute < np.minimum(leave, self.study.horizon_minute + 1)[doses.patient]
        cells = np.isin(doses.input, [i.id for i in self.study.model.inputs if i.kind == "cells"])
        rule = np.full(len(doses.patient), "", dtype=object)
        for name, _, given in self.rule_of:
            for patient, minute, intervention in zip(
                given.patient, given.minute, given.intervention, strict=True
            ):
                same = (doses.patient == patient) & (doses.minute == minute)
                rule[same & (doses.intervention == intervention)] = name
        return {
            "subject": self.who.patient[doses.patient][kept],
            "day": (doses.minute / 1440)[kept],
            "intervention": doses.intervention[kept],
            "route": doses.input[kept],
            "amount": np.where(cells, doses.amount * 1e6, doses.amount)[kept],
            "duration_day": (doses.duration_minute / 1440)[kept],
            "rule": rule[kept],
        }


def regimen_doses(study: Study, arm: Arm, who: Enrolled, end_minute: int) -> DoseEvents:
    """Return the dose events of an arm's regimen; patients are numbered by their row."""
    weight = who.covariate("weight") if _has_weight(who) else None
    return dose_events(
        arm,
        weight,
        np.arange(len(who.patient)),
        end_minute=end_minute,
        recovered_fraction=study.recovered,
    )


def _has_weight(who: Enrolled) -> bool:
    return "weight" in who.parameters.names


def _named(prefix: str, values: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{prefix}:{name}": column for name, column in values.items()}
