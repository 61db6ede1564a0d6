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
    "lu": "Lung and blood",
    "ls": "Liver and spleen",
    "ti": "Target tissue",
}
"""Compartments of the core that cells are shown in, by the suffix of their states."""

SOURCES: Mapping[str, str] = {
    "msc": "MSC",
    "monocyte": "Licensed monocytes",
    "treg": "Treg",
    "macrophage": "Macrophages",
    "tcell": "T cells",
    "nk": "NK cells",
    "stroma": "Tissue stroma",
    "background": "Other cells",
}
"""Sources of a cytokine: ``<CYTOKINE>_by_<source>`` is an output of the model."""

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Factors of the infused cells", ("PGE2_IDO", "HGF", "VEGF", "LM", "HLA")),
    ("T, NK and B cells", ("TRG", "TH1", "T17", "NK", "BA", "BP", "AAB")),
    ("Macrophages and tissue", ("M1", "M2", "D", "R")),
)
"""Outputs of the core that are shown beside the cytokines, as far as a disease has them."""

UNITS: Mapping[str, str] = {
    "megacell": "million cells",
    "pg_per_mL": "pg/mL",
    "per_day": "1/day",
}


def mechanism_outputs(model: Model) -> tuple[str, ...]:
    """Return the outputs that the panels of a disease need."""
    names = [name for _, group in GROUPS for name in group]
    for cytokine in cytokines(model):
        names += [cytokine, *sources(model, cytokine)]
    for place in COMPARTMENTS:
        names += [name for _, parts in _states(place) for name in parts]
    known = {*model.form.outputs}
    return tuple(name for name in dict.fromkeys(names) if name in known)


def cytokines(model: Model) -> tuple[str, ...]:
    """Return the fast species that are no factor of the infused cells alone."""
    own = GROUPS[0][1]
    return tuple(name for name in model.text.fast if name not in own)


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
    shown = [("Cytokines and their sources", cytokines(study.model)), *GROUPS]
    return tuple(
        _panel(study.model, (course, twin), (group, name), rows)
        for course in twins
        if course is not twin
        for group, names in shown
        for name in names
        if name in course.outputs
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
        for place, name in COMPARTMENTS.items():
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
    words = model.text.descriptions.get(name) or name
    return words[:1].upper() + words[1:]


def _shares(model: Model, course: Courses, name: str, rows: NDArray[np.intp]) -> dict[str, Array]:
    """Return the mean share of each source over patients, without sources that give nothing."""
    parts = [part for part in sources(model, name) if part in course.outputs]
    if not parts:
        return {}
    means = {part: np.nanmean(course.output(part)[:, rows], axis=0) for part in parts}
    whole = np.sum(list(means.values()), axis=0)
    return {
        SOURCES.get(part.split("_by_")[1], part.split("_by_")[1].capitalize()): mean / whole
        for part, mean in means.items()
        if np.any(mean > 0)
    }
