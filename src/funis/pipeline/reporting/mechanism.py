"""Inside the model: infused cells by compartment, cytokines with their sources, immune cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.pipeline.reporting.courses import quantile_band
from funis.report.content import CellPanel, MechanismPanel
from funis.report.scales import Array
from funis.trial import Study
from funis.trial.twins import Courses
from funis.units import DAYS_PER_WEEK

COMPARTMENTS: Mapping[str, str] = {
    "lu": "lung and blood",
    "ls": "liver and spleen",
    "ti": "target tissue",
    "ot": "rest of the body",
}
"""Compartments of the core that cells are shown in, by the suffix of their states."""

MADE: Mapping[str, str] = {"IL10": "IL-10", "TGFB": "TGF-beta", "HGF": "HGF", "VEGF": "VEGF"}
"""What living cells make in each compartment: ``made_<factor>_<compartment>`` is an output."""

SOURCES: Mapping[str, str] = {
    "msc": "MSC",
    "monocyte": "Licensed monocytes",
    "treg": "Treg",
    "macrophage": "Macrophages",
    "tcell": "T cells",
    "nk": "NK cells",
    "stroma": "Tissue stroma",
    "background": "Other cells",
    "innate": "Innate cells",
    "drug": "Given as a drug",
    "il10": "IL-10 given as a drug",
}
"""Sources of a cytokine: ``<CYTOKINE>_by_<source>`` is an output of the model."""

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Factors of the infused cells", ("PGE2_IDO", "HGF", "VEGF", "LM", "HLA")),
    ("T, NK and B cells", ("TRG", "TH1", "T17", "TM", "NK", "BA", "BP", "AAB")),
    ("Macrophages and tissue", ("M1", "M2", "D", "R")),
)
"""Outputs of the core that are shown beside the cytokines, as far as a disease has them."""

UNITS: Mapping[str, str] = {
    "megacell": "million cells",
    "pg_per_mL": "pg/mL",
    "pg_per_day": "pg/day",
    "per_day": "1/day",
}


def mechanism_outputs(model: Model) -> tuple[str, ...]:
    """Return the outputs that the panels of a disease need."""
    names = [name for _, group in GROUPS for name in group]
    for cytokine in cytokines(model):
        names += [cytokine, *sources(model, cytokine)]
    for place in COMPARTMENTS:
        names += [name for _, parts in _states(place) for name in parts]
        names += [f"made_{factor}_{place}" for factor in MADE]
    known = {*model.form.outputs}
    return tuple(name for name in dict.fromkeys(names) if name in known)


def cytokines(model: Model) -> tuple[str, ...]:
    """Return the cytokines that the model declares, whether they are states or algebraic."""
    return tuple(dict.fromkeys(model.text.words("cytokines")))


def compartments(model: Model) -> dict[str, str]:
    """Return the compartments that cells are shown in, the target tissue by its own name."""
    named = {place: model.in_words(name) for place, name in COMPARTMENTS.items()}
    return {place: name[:1].upper() + name[1:] for place, name in named.items()}


def sources(model: Model, cytokine: str) -> tuple[str, ...]:
    """Return the outputs that say how much of a cytokine each source makes."""
    start = f"{cytokine}_by_"
    return tuple(name for name in model.form.outputs if name.startswith(start))


def mechanism_panels(study: Study, twins: Sequence[Courses]) -> tuple[MechanismPanel, ...]:
    """Return the panels of every arm but the reference, within the time of the trial."""
    reference = study.protocol.reference
    twin = next((c for c in twins if reference is not None and c.arm == reference.id), None)
    if twin is None:
        return ()
    rows = _within(study, twin)
    others = [course for course in twins if course is not twin]
    return tuple(panel for course in others for panel in _panels(study.model, course, twin, rows))


def _panels(
    model: Model, course: Courses, twin: Courses, rows: NDArray[np.intp]
) -> list[MechanismPanel]:
    """Return the panels of one arm."""
    shown = [("Cytokines and their sources", cytokines(model)), *GROUPS]
    panels = [
        _panel(model, (course, twin), (group, name), rows)
        for group, names in shown
        for name in names
        if name in course.outputs
    ]
    made = [_made(model, (course, twin), factor, rows) for factor in MADE]
    return [*panels, *(panel for panel in made if panel is not None)]


def _made(
    model: Model, pair: tuple[Courses, Courses], factor: str, rows: NDArray[np.intp]
) -> MechanismPanel | None:
    """Return what living cells make of one factor, and the share of each compartment."""
    course = pair[0]
    places = {f"made_{factor}_{place}": name for place, name in compartments(model).items()}
    parts = [name for name in places if name in course.outputs]
    if not parts:
        return None
    whole, untreated = (
        sum((c.output(name) for name in parts[1:]), c.output(parts[0])) for c in pair
    )
    return MechanismPanel(
        arm=course.arm,
        id=f"made_{factor}",
        name=f"{MADE[factor]} made by living MSC",
        group="What living MSC make, by compartment",
        weeks=course.days[rows] / DAYS_PER_WEEK,
        treated=quantile_band(whole, rows),
        twin=quantile_band(untreated, rows),
        unit=UNITS[model.text.units[parts[0]]],
        shares=_split(course, {name: places[name] for name in parts}, rows),
    )


def cell_panels(study: Study, twins: Sequence[Courses]) -> tuple[CellPanel, ...]:
    """Return the infused cells of every arm that gets some, by compartment and state."""
    given = {a.id for a in study.protocol.arms if any(one.product for one in a.interventions)}
    panels = []
    for course in twins:
        if course.arm not in given:
            continue
        rows = _within(study, course)
        weeks = course.days[rows] / DAYS_PER_WEEK
        for place, name in compartments(study.model).items():
            states = {
                state: _median([course.output(n)[:, rows] for n in parts if n in course.outputs])
                for state, parts in _states(place)
                if any(n in course.outputs for n in parts)
            }
            if states:
                panels.append(CellPanel(course.arm, name, weeks, states))
    return tuple(panels)


def _states(place: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    naive = ("M_bl", "M_lu") if place == "lu" else (f"M_{place}",)
    return (
        ("live, not licensed", naive),
        ("live, licensed", (f"X_{place}",)),
        ("apoptotic", (f"An_{place}", f"Ax_{place}")),
        ("engulfed (imaging label)", (f"P_{place}",)),
        ("licensed monocytes", (f"LM_{place}",)),
    )


def _median(parts: Sequence[Array]) -> Array:
    median: Array = np.nanmedian(np.sum(parts, axis=0), axis=0)
    return median


def _within(study: Study, course: Courses) -> NDArray[np.intp]:
    last = study.protocol.visits.last_week * DAYS_PER_WEEK
    return np.flatnonzero(course.days <= last)


def _panel(
    model: Model, pair: tuple[Courses, Courses], what: tuple[str, str], rows: NDArray[np.intp]
) -> MechanismPanel:
    (course, twin), (group, name) = pair, what
    unit = model.text.units.get(name, "")
    return MechanismPanel(
        arm=course.arm,
        id=name,
        name=panel_name(model, name),
        group=group,
        weeks=course.days[rows] / DAYS_PER_WEEK,
        treated=quantile_band(course.output(name), rows),
        twin=quantile_band(twin.output(name), rows),
        unit=UNITS.get(unit, "fold of untreated" if name not in GROUPS[0][1] else "index"),
        shares=_shares(model, course, name, rows),
    )


def panel_name(model: Model, name: str) -> str:
    """Return an output in words, as the text of the model describes it."""
    words = model.in_words(model.text.descriptions.get(name) or name)
    return words[:1].upper() + words[1:]


def _shares(model: Model, course: Courses, name: str, rows: NDArray[np.intp]) -> dict[str, Array]:
    """Return the share of each source of a cytokine."""
    parts = [part for part in sources(model, name) if part in course.outputs]
    named = {part: part.split("_by_")[1] for part in parts}
    return _split(course, {part: SOURCES.get(s, s.capitalize()) for part, s in named.items()}, rows)


def _split(course: Courses, names: Mapping[str, str], rows: NDArray[np.intp]) -> dict[str, Array]:
    """Return the mean share of each output over patients, without those that give nothing.

    Where none gives anything, all shares are zero.
    """
    means = {name: np.nanmean(course.output(name)[:, rows], axis=0) for name in names}
    whole = np.sum(list(means.values()), axis=0) if means else np.zeros(0)
    divisor = np.where(whole > 0, whole, 1.0)
    return {names[name]: mean / divisor for name, mean in means.items() if np.any(mean > 0)}
