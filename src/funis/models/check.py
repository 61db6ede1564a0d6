"""Is a model complete? Sources, symbols, names, endpoints, units and files."""

from __future__ import annotations

import math
import re
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from funis.checks import Issue, IssueList, nearest
from funis.models.compose import Line
from funis.models.endpoints import Component, Structural
from funis.models.model import FILES, Model, text_words
from funis.models.unit_checks import scale_issues, unit_issues

Array = NDArray[np.float64]

DIRECTIVES = ("accumulators", "floored", "floor sink")
"""Lines of the model text that list states."""


def check_model(model: Model) -> IssueList:
    """Check a model as `funis check` does: sources, symbols, names, endpoints, files, units.

    Units are asked last, their kind before their size: a symbol without a value has none, and
    libsbml would say so six times.
    """
    issues = [
        *check_sources(model),
        *check_symbols(model),
        *check_names(model),
        *check_endpoints(model),
        *check_files(model),
    ]
    found = IssueList(tuple(issues))
    found = found if found.errors else found + IssueList(tuple(check_start(model)))
    if found.errors:
        return found
    units = unit_issues(model.sbml, model.id)
    return found + (units if units else scale_issues(model.full_sbml, model.id))


def check_sources(model: Model) -> list[Issue]:
    """Every parameter carries a source; `assumed` says so in words."""
    return [
        Issue(
            p.file,
            p.line,
            f"parameters.{p.id}.source",
            "no source",
            "where the value was seen, or why assumed",
        )
        for p in model.parameters
        if not p.source.strip()
    ]


def check_symbols(model: Model) -> list[Issue]:
    """Every symbol of the equations is defined, and every row of the disease is used."""
    form = model.form
    known = {p.id for p in model.parameters} | set(model.text.words("forcing"))
    inflows = {f"inflow_{target}" for given in model.inputs for target in given.targets}
    issues = []
    for name in form.parameters:
        if name not in known | inflows:
            line = _line_with(model, name)
            near = nearest(name, sorted(known | set(form.outputs)))
            expected = "a row in parameters.yaml"
            message = f"'{name}' has no value"
            issues.append(Issue(line.file, line.number, name, message, expected, near))
    used = text_words(model.text) | set(model.covariates)
    issues += [
        Issue(p.file, p.line, f"parameters.{p.id}", "not used by the equations", severity="warning")
        for p in model.parameters
        if p.id not in used
    ]
    return issues


def check_start(model: Model) -> list[Issue]:
    """The typical untreated patient has finite states and rates."""
    form = model.form
    values = np.asarray(form.defaults)[None]
    fixed = np.hstack([values, form.derived(values)])
    start = form.start(fixed)
    rates = form.rates_at(start, fixed)
    issues: list[Issue] = []
    for what, found in (("the value", start[0]), ("the rate", rates[0])):
        for name, value in zip(form.states, found.tolist(), strict=True):
            if not math.isfinite(value) and not issues:
                line = _line_with(model, name)
                message = f"{what} of '{name}' without treatment is {value:g} at the start"
                issues.append(Issue(line.file, line.number, name, message, "a finite number"))
    return issues or _event_issues(model, start, fixed)


def _event_issues(model: Model, start: Array, fixed: Array) -> list[Issue]:
    """Events are counted from a cumulative intensity that starts at 0."""
    items = [item for item in model.endpoints.components if item.scale == "events"]
    items = [item for item in items if item.observable in model.form.outputs]
    values = model.form.observe([item.observable for item in items], start, fixed)[0]
    return [
        Issue(
            str(model.folder / "endpoints.yaml"),
            item.line,
            f"components.{item.id}.observable",
            f"'{item.observable}' is {value:g} at the start",
            "an accumulator that starts at 0",
        )
        for item, value in zip(items, values.tolist(), strict=True)
        if value != 0
    ]


def check_names(model: Model) -> list[Issue]:
    """Directives list states; covariates, correlations and bounds name what there is."""
    states, parameters = model.form.states, [p.id for p in model.parameters]
    issues = []
    for directive in DIRECTIVES:
        line = _directive_line(model, directive)
        for name in model.text.words(directive):
            issues += _unknown(line, directive, name, states, "state")
    line = _directive_line(model, "cytokines")
    for name in model.text.words("cytokines"):
        issues += _unknown(line, "cytokines", name, model.form.outputs, "output")
    rows = Line(str(model.folder / "parameters.yaml"), None, "", "")
    for name in model.covariates:
        issues += _unknown(rows, "covariates", name, parameters, "parameter")
    for pair in model.correlations:
        for name in pair[:2]:
            issues += _unknown(rows, "correlations", name, parameters, "parameter")
    for name in model.bounds:
        known = [*parameters, *model.form.outputs]
        issues += _unknown(rows, "bounds", name, known, "parameter or output")
    return issues


def check_endpoints(model: Model) -> list[Issue]:
    """Every component and structural endpoint observes something that the model computes."""
    file = str(model.folder / "endpoints.yaml")
    items: tuple[Component | Structural, ...] = (
        *model.endpoints.components,
        *model.endpoints.structural,
    )
    issues = []
    for item in items:
        line = Line(file, item.line, "", "")
        issues += _unknown(line, item.id, item.observable, model.form.outputs, "observable")
    return issues


def check_files(model: Model) -> list[Issue]:
    """A disease is a folder of four files."""
    return [
        Issue(str(model.folder), None, name, "no such file", "a disease has four files")
        for name in FILES
        if not (model.folder / name).is_file()
    ]


def _unknown(where: Line, key: str, name: str, known: Collection[str], kind: str) -> list[Issue]:
    if name in known:
        return []
    near = nearest(name, known)
    return [Issue(where.file, where.number, key, f"unknown {kind} '{name}'", None, near)]


def _directive_line(model: Model, directive: str) -> Line:
    named = [line for line in model.text.lines if line.comment.startswith(f"{directive}:")]
    return named[0] if named else _model_line(model)


def _line_with(model: Model, name: str) -> Line:
    word = re.compile(rf"\b{re.escape(name)}\b")
    return next((line for line in model.text.lines if word.search(line.text)), _model_line(model))


def _model_line(model: Model) -> Line:
    return Line(str(model.folder / "model.ant"), None, "", "")
