"""The scenario in which registered trials that nobody has reported found no effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from funis.calibrate.ensemble import LIBRARY as ENSEMBLES
from funis.calibrate.ledger_file import (
    LeftOutTrial,
    UnreportedTrial,
    load_registered,
)
from funis.calibrate.likelihood import StudyRows, data_of
from funis.calibrate.posterior import effective_share, joint_mass, own_posterior, table_of
from funis.calibrate.settings import load_settings
from funis.calibrate.unreported import without_effect
from funis.calibrate.unreported_file import NullEntry
from funis.evidence import library_studies
from funis.pipeline.calibrate import (
    DRAWS,
    Calibration,
    Profile,
    borrowed,
    calibration,
    library_profiles,
    profile_of,
)
from funis.pipeline.calibration_data import PATIENTS, POINTS
from funis.pipeline.ledger import registration
from funis.pipeline.planned import planned_study
from funis.pipeline.processes import Progress, silent
from funis.pipeline.tables import Table
from funis.store import hash_file


@dataclass(frozen=True, slots=True)
class Simulation:
    """How trials are simulated: as `funis.pipeline.calibrate.calibration` takes it."""

    workers: int | None = None
    patients: int = PATIENTS
    points: int = POINTS
    resume: bool = True
    progress: Progress = silent

    def options(self) -> dict[str, Any]:
        """Return it as keyword arguments."""
        return {name: getattr(self, name) for name in self.__slots__}


def unreported_trials(disease: str | None = None) -> tuple[UnreportedTrial, ...]:
    """Return the trials of a disease (of all when None) that count as unreported."""
    of = _disease_of()
    trials = load_registered().unreported
    return tuple(one for one in trials if disease in (None, of[one.study]))


def not_counted(disease: str) -> tuple[LeftOutTrial, ...]:
    """Return the registered trials of a disease that do not count, with the reason."""
    of = _disease_of()
    return tuple(one for one in load_registered().not_counted if of[one.study] == disease)


def _disease_of() -> dict[str, str]:
    return {study.id: study.disease for study in library_studies()}


def null_rows(disease: str, how: Simulation) -> tuple[StudyRows, ...]:
    """Return the rows of a disease's unreported trials with the numbers of no effect."""
    registered = load_registered()
    known = {one.study: one for one in registered.trials}
    made = [registration(known[one.study], registered) for one in unreported_trials(disease)]
    settings = load_settings(disease)
    return tuple(
        without_effect(planned_study(one.planned, one.trial, settings, **how.options()))
        for one in made
    )


def with_rows(found: Calibration, more: tuple[StudyRows, ...]) -> Calibration:
    """Return a calibration with more rows."""
    if not more:
        return found
    studies = (*found.studies, *more)
    data = data_of(studies, found.settings)
    table = table_of(data, found.grid, found.settings)
    return replace(found, studies=studies, data=data, table=table)


def null_profiles(disease: str, how: Simulation) -> dict[str, Profile]:
    """Return what the other diseases with unreported trials say in the scenario."""
    of = _disease_of()
    others = dict.fromkeys(of[one.study] for one in unreported_trials())
    found = {}
    for name in others:
        if name != disease:
            whole = with_rows(calibration(name, **how.options()), null_rows(name, how))
            found[name] = profile_of(whole.table)
    return found


def trials_table(disease: str) -> Table:
    """Return which trials are taken for null and which are not, with the reasons."""
    rows = [*_counted(disease), *_others(disease)]
    title = (
        "Registered trials: those that are taken for trials that found no effect (randomised, past"
        " their end, no results), and those that are not"
    )
    return Table(title, ("trial", "taken for null", "end", "no results as of", "why"), tuple(rows))


def _counted(disease: str) -> Iterator[tuple[str, ...]]:
    for one in unreported_trials(disease):
        yield one.study, "yes", one.ended, one.as_of or "a page without a date", one.why


def _others(disease: str) -> Iterator[tuple[str, ...]]:
    for one in not_counted(disease):
        yield one.study, "no", "", "", one.reason


def trials_document(disease: str) -> dict[str, Any]:
    """Return the same as plain data."""
    return {
        "counted": [one.model_dump() for one in unreported_trials(disease)],
        "not_counted": [one.model_dump() for one in not_counted(disease)],
    }


def null_entries(how: Simulation) -> dict[str, NullEntry]:
    """Return what the scenario says of every disease with an ensemble."""
    shipped = {name: calibration(name, **how.options()) for name in library_profiles()}
    scenario = {name: with_rows(found, null_rows(name, how)) for name, found in shipped.items()}
    profiles = [
        {name: profile_of(one.table) for name, one in each.items()} for each in (shipped, scenario)
    ]
    return {name: _entry(found, scenario[name], profiles) for name, found in shipped.items()}


def _entry(
    before: Calibration, after: Calibration, profiles: list[dict[str, Profile]]
) -> NullEntry:
    name = before.model.id
    old, new = (
        borrowed(name, found.table, said)
        for found, said in zip((before, after), profiles, strict=True)
    )
    share = effective_share(joint_mass(old.table, old.potency), joint_mass(new.table, new.potency))
    return NullEntry(
        ensemble=hash_file(ENSEMBLES / f"{name}.parquet"),
        trials=tuple(one.study for one in unreported_trials(name)),
        no_effect=_short(old.potency[0]), with_null=_short(new.potency[0]),
        own=_short(own_posterior(before.table)[0]),
        own_with_null=_short(own_posterior(after.table)[0]),
        effective=round(DRAWS * share, 1), draws=DRAWS,
    )  # fmt: skip


def _short(probability: float) -> float:
    return round(float(probability), 4)
