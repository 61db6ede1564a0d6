"""`Model`: the equations, parameters and endpoints of one disease, loaded and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from importlib import metadata, resources
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funis.cache import cache_key, cached, keep
from funis.checks import Document, InputError, Issue, IssueList, nearest, read_yaml, validate
from funis.models.compose import UNITS, ModelText, antimony_text, read_text, sbml_text
from funis.models.endpoints import Endpoints, load_endpoints
from funis.models.form import OdeForm, form_of, form_text, read_form
from funis.models.schema import Distribution, ParameterFile, ParameterRow, Target

Array = NDArray[np.float64]
FILES = ("model.ant", "parameters.yaml", "endpoints.yaml", "card.md")
"""A disease is these four files."""

TARGET_TISSUE = "target tissue"
"""What the texts of the core call the tissue of any disease."""

OUTSIDE = frozenset(
    {"noise_time", "expectation", "expectation_time", "expectation_site", "inflation"}
)
"""Parameters of the shared core that act outside the equations: in the forcing and at visits."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constant of the equations: its value, unit, spread between patients, and source."""

    id: str
    name: str
    value: float
    unit: str
    status: Literal["measured", "derived", "calibrated", "assumed"]
    source: str
    where: str | None
    note: str | None
    distribution: Distribution | None
    role: Literal["parameter", "covariate"]
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Input:
    """What may be given to a patient, and the states that it reaches."""

    id: str
    kind: Literal["cells", "drug"]
    description: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """One disease on the shared core.

    Attributes
    ----------
    text : the composed equations.
    parameters : every parameter, the core's first.
    covariates : parameter id -> column of the subjects table.
    correlations : (parameter, parameter, rho) of the Gaussian copula.
    bounds : observable or parameter -> (low, high) of a plausible untreated patient.
    targets : moments that the pool of virtual patients is weighted to.
    endpoints : components, scores and responder rules.
    """

    id: str
    name: str
    folder: Path
    course: Literal["steady", "progressive"]
    text: ModelText
    functions: str
    parameters: tuple[Parameter, ...]
    covariates: Mapping[str, str]
    correlations: tuple[tuple[str, str, float], ...]
    bounds: Mapping[str, tuple[float, float]]
    targets: tuple[Target, ...]
    endpoints: Endpoints

    def __getstate__(self) -> dict[str, object]:
        """Leave out what is compiled: it is made again where the value arrives."""
        kept = {field.name for field in fields(self)} | {"sbml"}
        return {name: value for name, value in self.__dict__.items() if name in kept}

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        """Inputs in the order of the text."""
        return tuple(
            Input(
                given.id,
                "cells" if given.kind == "cells" else "drug",
                given.description,
                given.targets,
            )
            for given in self.text.inputs
        )

    @cached_property
    def sbml(self) -> str:
        """The model as SBML Level 3, units declared."""
        return self.sbml_variant()

    @cached_property
    def full_sbml(self) -> str:
        """The verification twin as SBML: fast species as states."""
        return self.sbml_variant(full=True)

    def sbml_variant(self, *, full: bool = False, corrupt: Mapping[str, str] | None = None) -> str:
        """Return the SBML of the full form, or with a unit corrupted on purpose (for tests)."""
        text = self._antimony(full, corrupt)
        return self._kept("sbml", text, lambda: sbml_text(text, self.id, self.text.lines))

    def _antimony(self, full: bool, corrupt: Mapping[str, str] | None = None) -> str:
        values = {p.id: (p.value, p.unit) for p in self.parameters}
        return antimony_text(self.text, self.functions, values, full=full, corrupt=corrupt)

    def _kept(self, kind: str, text: str, make: Callable[[], str]) -> str:
        """Return what is made of a text, from the cache if it was made before."""
        key = cache_key(text, *self.text.words("forcing"), *translators())
        known = cached(kind, key)
        if known is None:
            known = make().encode()
            keep(kind, key, known)
        return known.decode()

    @cached_property
    def form(self) -> OdeForm:
        """The equations in symbols; fast species algebraic."""
        return self._form(full=False)

    @cached_property
    def full_form(self) -> OdeForm:
        """The verification twin: fast species as states."""
        return self._form(full=True)

    def _form(self, full: bool) -> OdeForm:
        forcing = self.text.words("forcing")

        def make() -> str:
            return form_text(read_form(self.full_sbml if full else self.sbml, forcing))

        return _form(self._kept("forms", self._antimony(full), make))

    @cached_property
    def hash(self) -> str:
        """Content hash of equations and parameters (not of endpoints)."""
        digest = hashlib.sha256(self.sbml.encode())
        for p in self.parameters:
            digest.update(repr((p.id, p.value, p.unit, p.distribution)).encode())
        digest.update(repr((self.correlations, sorted(self.bounds.items()), self.targets)).encode())
        return digest.hexdigest()

    @cached_property
    def accumulators(self) -> tuple[str, ...]:
        """States that only collect and are left out of the stability gate."""
        return self.text.words("accumulators")

    @property
    def tissue(self) -> str:
        """Name of the compartment ``ti``, as the text of the disease gives it."""
        return self.text.directives.get("tissue", TARGET_TISSUE)

    def in_words(self, words: str) -> str:
        """Return words about the model with the target tissue by its name."""
        return words.replace(TARGET_TISSUE, self.tissue)

    @cached_property
    def cell_states(self) -> tuple[str, ...]:
        """States in 1e6 cells, zero without treatment."""
        return self.text.cells

    def parameter(self, name: str) -> Parameter:
        """Return one parameter by id."""
        return next(p for p in self.parameters if p.id == name)

    def input(self, name: str) -> Input | None:
        """Return one input by id, or None."""
        return next((given for given in self.inputs if given.id == name), None)


@lru_cache(maxsize=8)
def _form(text: str) -> OdeForm:
    return form_of(text)


@lru_cache(maxsize=1)
def translators() -> tuple[str, ...]:
    """Return what makes SBML and forms of a text: versions of libraries, and our own modules."""
    names = ("antimony", "python-libsbml")
    own = sorted(Path(__file__).parent.glob("*.py"))
    return (
        *(f"{name} {metadata.version(name)}" for name in names),
        *(hashlib.sha256(path.read_bytes()).hexdigest() for path in own),
    )


def library_folder() -> Path:
    """Return the folder of the data that ships with the package."""
    return Path(str(resources.files("funis.models"))).parent / "library"


def disease_ids(root: Path | None = None) -> tuple[str, ...]:
    """Return the diseases of a library: the folders that hold a model."""
    folder = (root or library_folder()) / "diseases"
    return tuple(sorted(path.parent.name for path in folder.glob("*/model.ant")))


def find_disease(name: str, root: Path | None = None) -> Path:
    """Return the folder of a disease, given its id or a path.

    Raises
    ------
    InputError
        An unknown disease, with the nearest one.
    """
    if Path(name).is_dir() and (Path(name) / "model.ant").is_file():
        return Path(name)
    known = disease_ids(root)
    if name not in known:
        issue = Issue(
            None,
            None,
            "disease",
            f"unknown disease '{name}'",
            f"one of {', '.join(known)}",
            nearest(name, known),
        )
        raise InputError(IssueList((issue,)))
    return (root or library_folder()) / "diseases" / name


def load_model(disease: str | Path, *, core: Path | None = None, keep: bool = True) -> Model:
    """Load a disease by id or folder.

    Parameters
    ----------
    disease
        Id in the library, or the folder of one.
    core
        Folder of what all diseases share; that of the library when None.
    keep
        Whether what is read of the disease's parameters may be kept, see `funis.checks.read_yaml`.

    Raises
    ------
    InputError
        Whatever is wrong in its files, with file and line.
    """
    folder = disease if isinstance(disease, Path) else find_disease(disease)
    core = core or library_folder() / "core"
    text = read_text(folder.name, folder / "model.ant", core)
    shared, shared_rows = _rows(core / "parameters.yaml")
    own, own_rows = _rows(folder / "parameters.yaml", keep)
    used = text_words(text)
    rows = {name: row for name, row in shared_rows.items() if name in used} | own_rows
    covariates = dict(own.covariates)
    return Model(
        folder.name,
        text.directives.get("name", folder.name),
        folder,
        "progressive" if text.directives.get("course") == "progressive" else "steady",
        text,
        (core / "functions.ant").read_text(encoding="utf-8"),
        tuple(_parameter(name, row, name in covariates) for name, row in rows.items()),
        covariates,
        (*shared.correlations, *own.correlations),
        dict(shared.bounds) | dict(own.bounds),
        own.targets,
        load_endpoints(folder / "endpoints.yaml"),
    )


def _rows(
    file: Path, keep: bool = True
) -> tuple[ParameterFile, dict[str, tuple[ParameterRow, str, int | None]]]:
    document: Document = read_yaml(file, keep=keep)
    parsed = validate(ParameterFile, document)
    rows = {
        name: (row, document.file, document.line(("parameters", name)))
        for name, row in parsed.parameters.items()
    }
    issues = [
        Issue(
            file_,
            line,
            f"parameters.{name}.unit",
            f"unknown unit '{row.unit}'",
            f"one of {', '.join(UNITS)}",
            nearest(row.unit, list(UNITS)),
        )
        for name, (row, file_, line) in rows.items()
        if row.unit not in UNITS
    ]
    IssueList(tuple(issues)).raise_errors()
    return parsed, rows


def _parameter(
    name: str, given: tuple[ParameterRow, str, int | None], covariate: bool
) -> Parameter:
    row, file, line = given
    return Parameter(
        name,
        row.name or name,
        row.value,
        row.unit,
        row.status,
        row.source,
        row.where,
        row.note,
        row.distribution,
        "covariate" if covariate else "parameter",
        file,
        line,
    )


def text_words(text: ModelText) -> frozenset[str]:
    """Return every name that the equations hold, or that acts outside of them."""
    words: set[str] = set(text.fast.values())
    for line in text.lines:
        words.update(re.findall(r"[A-Za-z_]\w*", line.text))
    return frozenset(words | OUTSIDE)
