"""`ModelView`: all that a reader may ask of a disease's model, joined by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock

from funis.checks import unknown
from funis.models import Model, disease_ids, find_disease, library_folder, load_model
from funis.models.model import FILES
from funis.pipeline.model_view.arrows import Graph, influences
from funis.pipeline.model_view.drawing import diagram_svg
from funis.pipeline.model_view.equations import Equation, equations, functions
from funis.pipeline.model_view.estimates import Estimate, basis_words, estimates
from funis.pipeline.model_view.forms import Form, forms, structures_of
from funis.pipeline.model_view.layout import Layout, layout
from funis.pipeline.model_view.numbers import Number, numbers, status_counts
from funis.pipeline.model_view.scores import Measure, measures
from funis.pipeline.model_view.trust import Trust, trust

_MAKING = Lock()
"""One view is made at a time: a second reader of the same model waits for the first."""


@dataclass(frozen=True, eq=False)
class ModelView:
    """A disease's model as a reader sees it.

    Attributes
    ----------
    equations, functions : as written, and the functions that they use.
    graph, places : who acts on whom, and where each node stands in the picture.
    numbers : parameters.
    estimates : numbers that calibration may change.
    forms : structural alternatives.
    measures : scores, responses, components.
    trust : what was tested and what failed.
    basis : what the posterior of cells rests on, in a sentence; empty where there is none.
    """

    model: Model
    equations: tuple[Equation, ...]
    functions: tuple[Equation, ...]
    graph: Graph
    places: Layout
    numbers: tuple[Number, ...]
    estimates: tuple[Estimate, ...]
    forms: tuple[Form, ...]
    measures: tuple[Measure, ...]
    trust: Trust
    basis: str

    @cached_property
    def by_equation(self) -> Mapping[str, Equation]:
        """Equations by what they define."""
        return {one.id: one for one in self.equations}

    @cached_property
    def by_number(self) -> Mapping[str, Number]:
        """Parameters by id."""
        return {one.id: one for one in self.numbers}

    @cached_property
    def by_measure(self) -> Mapping[str, Measure]:
        """Measures by id."""
        return {one.id: one for one in self.measures}

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that a formula may lead to: equations, parameters, measures."""
        return frozenset((*self.by_equation, *self.by_number, *self.by_measure))

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many parameters have each status."""
        return status_counts(self.numbers)

    @cached_property
    def words(self) -> Mapping[str, str]:
        """The name of each node of the diagram."""
        return {node.id: node.words for node in self.places.nodes}

    def svg(self, *, link: str = "#eq-{id}", alone: bool = False) -> str:
        """Return the diagram; see `diagram_svg`."""
        return diagram_svg(
            self.model.id, self.model.name, self.graph, self.places, link=link, alone=alone
        )

    def equation(self, name: str) -> Equation:
        """Return an equation by what it defines.

        Raises
        ------
        InputError
            The model has none, with the nearest one.
        """
        if name not in self.by_equation:
            raise unknown(f"equation of {self.model.id}", name, list(self.by_equation))
        return self.by_equation[name]

    def measure(self, name: str) -> Measure:
        """Return what is measured by its id.

        Raises
        ------
        InputError
            The disease measures nothing of this name, with the nearest.
        """
        if name not in self.by_measure:
            raise unknown(f"measure of {self.model.id}", name, list(self.by_measure))
        return self.by_measure[name]


def model_view(disease: str) -> ModelView:
    """Return the model of a disease of the library, or of a folder, as a reader sees it.

    Raises
    ------
    InputError
        No such disease, or something is wrong with its files.
    """
    folder = find_disease(disease)
    files = [*(folder / name for name in FILES), *sorted((library_folder() / "core").iterdir())]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes() if path.is_file() else b"")
    with _MAKING:
        return _view(str(folder), digest.hexdigest())


def library_view(disease: str) -> ModelView:
    """Return the model of a disease of the library; a path is no disease.

    Raises
    ------
    InputError
        The library has no such disease.
    """
    if disease not in disease_ids():
        raise unknown("disease", disease, list(disease_ids()))
    return model_view(disease)


@lru_cache(maxsize=16)
def _view(folder: str, digest: str) -> ModelView:
    """Return the view of a folder whose files have a digest: it is made once."""
    model = load_model(Path(folder))
    written, known = equations(model), trust(model)
    graph = influences(model)
    calibrated = estimates(model.id) if known.computed else ()
    return ModelView(
        model, written, functions(model), graph, layout(model, graph, written),
        numbers(model, written, structures_of(model), calibrated), calibrated,
        forms(model, written, graph.arrows, known.moved()), measures(model), known,
        basis_words(model.id) if known.computed else "",
    )  # fmt: skip
