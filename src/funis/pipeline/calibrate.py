"""`funis calibrate`: the posterior of a disease from its studies, as an ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from funis.calibrate.ensemble import (
    CALIBRATABILITY,
    Basis,
    Ensemble,
    library_ensemble,
    no_effect,
    save_ensemble,
)
from funis.calibrate.likelihood import Data, StudyRows, data_of
from funis.calibrate.points import Points
from funis.calibrate.posterior import (
    Draws,
    Grid,
    Table,
    borrowed_posteriors,
    contraction,
    draw,
    grid_of,
    own_posterior,
    table_of,
)
from funis.calibrate.sbc import Ranks, ranks
from funis.calibrate.settings import Settings, load_settings
from funis.calibrate.validation import CLASS_SD, class_gain
from funis.checks import InputError, Issue, nearest
from funis.evidence import Evidence
from funis.evidence import Study as PublishedStudy
from funis.models import Model, disease_ids, load_model
from funis.pipeline.calibration_data import (
    PATIENTS,
    POINTS,
    SEED,
    design,
    kept_surface,
    reconstructions,
    study_rows,
)
from funis.pipeline.frozen_stages import frozen_draws
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.run import find_evidence, finite
from funis.pipeline.tables import Table as TextTable
from funis.population import uniform
from funis.report import RESEARCH_USE

DRAWS = 200
"""Draws of an ensemble."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The studies of a disease, and the posterior of what cells do.

    Attributes
    ----------
    studies : tuple of StudyRows
        With rows that could be simulated.
    table : Table
        Log likelihood on the grid.
    earlier : Points or None
        Draws of the factors of stages 1 and 2.
    """

    model: Model
    evidence: Evidence
    settings: Settings
    studies: tuple[StudyRows, ...]
    data: Data | None
    table: Table
    earlier: Points | None = None

    @property
    def grid(self) -> Grid:
        """Where the posterior is computed."""
        return self.table.grid

    def without(self, study: str) -> Table:
        """Return the likelihood without one study."""
        left = [one for one in self.studies if one.study.id != study]
        data = data_of(left, self.settings) if left else None
        return _table(data, self.grid, self.settings)


def calibration(
    disease: str,
    *,
    workers: int | None = None,
    patients: int = PATIENTS,
    points: int = POINTS,
    resume: bool = True,
    studies: Sequence[PublishedStudy] = (),
    without: Sequence[str] = (),
    progress: Progress = silent,
) -> Calibration:
    """Return the studies of a disease with what was simulated of them.

    Parameters
    ----------
    patients, points
        Virtual patients of each study, and points of the parameters.
    resume
        Whether studies that an earlier call simulated, and kept in the cache, are taken as they
        are; the result is the same either way.
    studies
        More studies than those of the library.
    without
        Ids of studies that are left out.
    """
    model, evidence = known_disease(disease)
    settings = load_settings(model.id)
    earlier = frozen_draws(model, evidence, settings)
    at = design(settings, points, earlier)
    rows = []
    chosen = [s for s in (*evidence.studies, *studies) if s.id not in without]
    for made, trial in reconstructions(evidence, model, chosen):
        if made.rows:
            surface = kept_surface(
                made, trial, model, at, workers=worker_count(workers), patients=patients,
                resume=resume, progress=progress,
            )  # fmt: skip
            rows.append(study_rows(made, trial, surface, at, settings))
    data = data_of(rows, settings) if rows else None
    grid = grid_of(settings)
    return Calibration(
        model, evidence, settings, tuple(rows), data, _table(data, grid, settings), earlier
    )


def known_disease(disease: str) -> tuple[Model, Evidence]:
    """Return a disease of the library with its evidence.

    Raises
    ------
    InputError
        No such disease, or one without evidence.
    """
    known = disease_ids()
    if disease not in known:
        expected = f"one of {', '.join(known)}"
        near = nearest(disease, known)
        raise InputError(Issue(None, None, None, f"unknown disease '{disease}'", expected, near))
    model = load_model(disease)
    evidence = find_evidence(model)
    if evidence is None:
        raise InputError(Issue(None, None, None, f"no evidence on '{disease}'", "library/evidence"))
    return model, evidence


@dataclass(frozen=True, slots=True, eq=False)
class Borrowed:
    """A disease's likelihood with what other diseases say.

    Attributes
    ----------
    table : Table
        With what they say of the spreads between studies.
    potency : (node,) probability of each node of potency.
    """

    table: Table
    potency: np.ndarray[Any, np.dtype[np.float64]]


def borrowed(disease: str, table: Table, others: Mapping[str, Profile] | None = None) -> Borrowed:
    """Return the likelihood of a disease with what the other diseases say.

    Parameters
    ----------
    others
        Profiles of the other diseases; those of the ensembles that ship with funis when None.
    """
    known = library_profiles() if others is None else others
    fits = {
        name: profile
        for name, profile in known.items()
        if name != disease and len(profile.potency) == len(table.grid.log_potency)
    }
    spreads = sum((profile.spreads for profile in fits.values()), np.zeros(len(table.by_spread)))
    own = replace(table, others=spreads)
    tables = {disease: own}
    tables |= {
        name: Table(table.grid, profile.potency[:, None, None]) for name, profile in fits.items()
    }
    return Borrowed(own, borrowed_posteriors(tables)[disease])


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What the rows of a disease say of potency and of the spreads between studies."""

    potency: np.ndarray[Any, np.dtype[np.float64]]
    spreads: np.ndarray[Any, np.dtype[np.float64]]


def profile_of(table: Table) -> Profile:
    """Return what a disease says to the others."""
    return Profile(table.by_potency, table.by_spread)


def library_profiles() -> dict[str, Profile]:
    """Return what the ensembles that ship with funis say."""
    found = {name: library_ensemble(name) for name in disease_ids()}
    return {
        name: Profile(one.profile, one.spreads) for name, one in found.items() if one is not None
    }


def ensemble_of(
    found: Calibration, command: str, others: Mapping[str, Profile] | None = None,
    count: int = DRAWS,
) -> Ensemble:  # fmt: skip
    """Return the posterior of a disease as draws; ``others`` as in `borrowed`."""
    grid = found.grid
    flat = Table(grid, np.zeros_like(found.table.log_likelihood))
    prior = np.exp(grid.prior)
    with_others = borrowed(found.model.id, found.table, others)
    mass: Mapping[Basis, Any] = {
        "borrowed": (with_others.table, with_others.potency),
        "own": (found.table, own_posterior(found.table)),
        "prior": (flat, prior),
    }
    luck = np.array([float(uniform(SEED, "ensemble", 0))])
    draws = {
        basis: _with_earlier(draw(table, nodes, count, luck), found.earlier)
        for basis, (table, nodes) in mass.items()
    }
    return Ensemble(
        found.model.id, draws, grid.log_potency, found.table.by_potency, found.table.by_spread,
        _about(found, draws, command),
    )  # fmt: skip


def _with_earlier(draws: Draws, earlier: Points | None) -> Draws:
    """Return draws with factors of stages 1 and 2 beside them, which are independent of stage 3."""
    if earlier is None:
        return draws
    order = np.argsort(uniform(SEED, "earlier", np.arange(len(draws))))
    shuffled = np.empty(len(draws), dtype=np.int64)
    shuffled[order] = np.arange(len(draws)) * len(earlier) // len(draws)
    return replace(draws, points=draws.points.beside(earlier.rows(shuffled)))


def calibrate(
    diseases: Sequence[str],
    *,
    out: Path | None = None,
    workers: int | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> dict[str, Ensemble]:
    """Calibrate some diseases and write their ensembles.

    Parameters
    ----------
    out
        Folder of the ensembles; none are written when None.
    """
    found = {
        name: calibration(name, workers=workers, resume=resume, progress=progress)
        for name in diseases
    }
    profiles = library_profiles() | {name: profile_of(one.table) for name, one in found.items()}
    ensembles = {}
    for name, one in found.items():
        ensembles[name] = ensemble_of(one, f"funis calibrate {name}", profiles)
        if out is not None:
            save_ensemble(ensembles[name], out / f"{name}.parquet")
    return ensembles


def against_none(table: Table) -> float:
    """Return the odds of an effect after the disease's own rows, over those before."""
    none, before = float(own_posterior(table)[0]), float(np.exp(table.grid.prior[0]))
    return (1 - none) / max(none, 1e-12) * before / (1 - before)


def least_against_none(found: Calibration) -> float:
    """Return the same without whichever study makes it least."""
    left = [against_none(found.without(one.study.id)) for one in found.studies]
    return min([against_none(found.table), *left])


def calibratability(found: Calibration) -> dict[str, Any]:
    """Return what a disease's posterior rests on: rows, centres, patients, regimens known."""
    controlled = [s for s in found.studies if any(s.active) and not all(s.active)]
    known = [s for s in controlled if s.regimen_known]
    randomised = [s for s in found.studies if s.study.randomised]
    return {
        "rows": sum(len(s.counted) for s in found.studies),
        "studies": len(found.studies),
        "centres": len({s.family for s in found.studies}),
        "randomised_patients": sum(s.study.population.n or 0 for s in randomised),
        "controlled_studies": len(controlled),
        "controlled_with_known_regimen": len(known),
        "label": "own data" if known else "borrowed",
    }


def places(found: Calibration, repeats: int) -> Ranks:
    """Return where true values lie in posteriors of numbers made from them.

    Raises
    ------
    InputError
        The disease has no study that could be simulated.
    """
    if found.data is None:
        message = f"no study of '{found.model.id}' could be simulated"
        raise InputError(Issue(None, None, None, message, "a disease with published rows"))
    at = design(found.settings, POINTS, found.earlier)
    return ranks(found.studies, found.data, at, found.grid, found.settings, repeats, SEED)


def places_table(found: Mapping[str, Ranks]) -> TextTable:
    """Return simulation-based calibration as a table of text."""
    rows = [
        (name, parameter, " ".join(str(n) for n in one.counts(parameter)),
         f"{one.p_value(parameter):.2f}")
        for name, one in found.items()
        for parameter in one.names
    ]  # fmt: skip
    return TextTable(
        "Places of the truth in its posterior, in ten bins, and the p-value of evenness",
        ("disease", "parameter", "places", "p"), tuple(rows),
    )  # fmt: skip


def calibration_document(
    ensembles: Mapping[str, Ensemble], checked: Mapping[str, Ranks] | None = None
) -> dict[str, Any]:
    """Return the posteriors as plain data, with simulation-based calibration where it was asked."""
    found: dict[str, Any] = {}
    for name, ensemble in ensembles.items():
        bases = {}
        for basis, draws in ensemble.draws.items():
            factor = draws.points.factors[:, draws.points.names.index("potency")]
            acting = factor[factor > 0]
            middle = np.quantile(acting, [0.1, 0.5, 0.9]).tolist() if len(acting) else [None] * 3
            bases[basis] = {
                "no_effect": no_effect(draws),
                "potency_factor": dict(zip(("low80", "median", "high80"), middle, strict=True)),
            }
        found[name] = {"posterior": bases, **ensemble.about}
        if checked and name in checked:
            ranks_of = checked[name]
            found[name]["places"] = {
                one: {"counts": list(ranks_of.counts(one)), "p": ranks_of.p_value(one)}
                for one in ranks_of.names
            }
    return {"research_use": RESEARCH_USE, "diseases": finite(found)}


def calibration_tables(ensembles: Mapping[str, Ensemble]) -> tuple[TextTable, ...]:
    """Return the posteriors as tables of text."""
    first = [
        (name, *(str(e.about["calibratability"][key]) for key in CALIBRATABILITY))
        for name, e in ensembles.items()
    ]
    second = [
        (name, basis, f"{100 * no_effect(draws):.0f} %", *_factor(draws))
        for name, e in ensembles.items()
        for basis, draws in e.draws.items()
    ]
    return (
        TextTable(
            "What each posterior rests on",
            ("disease", *(key.replace("_", " ") for key in CALIBRATABILITY)), tuple(first),
        ),
        TextTable(
            "What cells do, as a factor on the library's potency",
            ("disease", "basis", "no effect", "median if any", "80 % interval"), tuple(second),
        ),
    )  # fmt: skip


def _table(data: Data | None, grid: Grid, settings: Settings) -> Table:
    if data is not None:
        return table_of(data, grid, settings)
    shape = (*grid.at.shape[:2], len(grid.study_sd))
    return Table(grid, np.zeros(shape))


def _about(found: Calibration, draws: Mapping[Basis, Draws], command: str) -> dict[str, Any]:
    return {
        "command": command,
        "model": found.model.hash,
        "studies": [one.study.id for one in found.studies],
        "class_gain": list(class_gain(found.data)) if found.data is not None else [0.0, CLASS_SD],
        "calibratability": calibratability(found),
        "against_none": {
            "all_studies": round(against_none(found.table), 2),
            "without_the_most_telling": round(least_against_none(found), 2),
        },
        "no_effect": {basis: round(no_effect(one), 4) for basis, one in draws.items()},
        "contraction": {name: round(x, 3) for name, x in contraction(found.table).items()},
    }


def _factor(draws: Draws) -> tuple[str, str]:
    factor = draws.points.factors[:, draws.points.names.index("potency")]
    acting = factor[factor > 0]
    if not len(acting):
        return "", ""
    low, middle, high = np.quantile(acting, [0.1, 0.5, 0.9])
    return f"{middle:.2f}", f"{low:.2f} to {high:.2f}"
