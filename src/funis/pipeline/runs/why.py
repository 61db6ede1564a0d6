"""`funis why CODE`: from the short code of a figure back to all that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funis.checks import InputError, Issue
from funis.pipeline.runs.manifest import run_manifest
from funis.pipeline.runs.record import StoredRun, run_folders, stored_run
from funis.protocol import content_hash
from funis.report.codes import FigureMark, read_code

if TYPE_CHECKING:
    from funis.models import Model
    from funis.pipeline.model_view.scores import Measure

SUFFIXES = ("_change", "_value", "_time", "_rate")
"""What follows the name of an endpoint where it is not reported as a response."""


@dataclass(frozen=True, slots=True)
class Formula:
    """How one number in a figure is computed.

    Attributes
    ----------
    id, name, unit
        Of the endpoint, score, component or observable.
    sort
        score | responder | component | structural | equation | ...
    text
        The formula; empty for what is measured directly.
    source
        Where the formula comes from.
    """

    id: str
    name: str
    unit: str
    sort: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class UsedParameter:
    """A parameter that a figure depends on; `steps` equations lie between."""

    id: str
    name: str
    value: float
    unit: str
    status: str
    source: str
    steps: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a figure is as it is.

    Attributes
    ----------
    code
        The short code.
    figure
        What it is of.
    run
        The stored run that drew it.
    disease
        Id in the library, under which its model is explained.
    protocol, protocol_hash, model_hash
        The trial file as the run names it, and what was hashed of it and of the model.
    estimand, rule
        Fixed before the run; empty for a plan.
    formulas
        From the endpoint down to the observables of the model; empty where the figure is of none.
    parameters
        All that the formulas depend on, the nearest first.
    statuses
        How many of them are measured, derived, calibrated, assumed.
    command, again
        What made the run, and what makes it again and compares it.
    notes
        What the reader has to know, such as a library that has changed since.
    """

    code: str
    figure: FigureMark
    run: StoredRun
    disease: str
    protocol: str
    protocol_hash: str
    model_hash: str
    estimand: str
    rule: str
    formulas: tuple[Formula, ...]
    parameters: tuple[UsedParameter, ...]
    statuses: Mapping[str, int]
    command: str
    again: str
    notes: tuple[str, ...]


def figures_of(run: StoredRun) -> tuple[FigureMark, ...]:
    """Return the figures and tables of a run with their codes; none of an older one."""
    return tuple(_figures(run_manifest(run.folder)))


def why(code: str, folder: Path) -> tuple[Reason, ...]:
    """Return why a figure is as it is: usually one answer; every run with the code gives one.

    Parameters
    ----------
    code
        As it stands under a figure; case, hyphens and the part before them do not count.
    folder
        Where stored runs lie.

    Raises
    ------
    InputError
        No code, a slip in it, or no run here has such a figure.
    """
    signs = read_code(code)
    looked, older = 0, 0
    found: list[Reason] = []
    for place, manifest in _manifests(folder):
        looked, older = looked + 1, older + ("figures" not in manifest)
        for mark in _figures(manifest):
            if read_code(mark.code) == signs:
                found.append(_reason(mark, stored_run(place, folder), manifest))
    if not found:
        told = f", {older} of them older than these codes" if older else ""
        message = f"no figure has the code '{code[:60]}' in the {looked} runs of {folder}{told}"
        raise InputError(Issue(None, None, None, message, "the folder of the run, by --folder"))
    return tuple(found)


def _manifests(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the runs of a folder with their manifests; one that cannot be read has no figures."""
    for place in run_folders(folder):
        with suppress(InputError):
            yield place, run_manifest(place)


def _figures(manifest: Mapping[str, Any]) -> Iterator[FigureMark]:
    for row in manifest.get("figures", ()):
        yield FigureMark(**row)


def _reason(mark: FigureMark, run: StoredRun, manifest: Mapping[str, Any]) -> Reason:
    protocol = manifest.get("protocol", {})
    noted = protocol if isinstance(protocol, Mapping) else {"file": protocol}
    formulas, parameters, notes = _science(mark, manifest)
    return Reason(
        code=mark.code,
        figure=mark,
        run=run,
        disease=str(manifest.get("disease_id", "")),
        protocol=str(noted.get("file", "")),
        protocol_hash=str(noted.get("hash", "")),
        model_hash=str(manifest.get("model_hash", "")),
        estimand=str(manifest.get("estimand", "")),
        rule=str(manifest.get("success_rule", "")),
        formulas=formulas,
        parameters=parameters,
        statuses=dict(Counter(one.status for one in parameters)),
        command=str(manifest.get("command", "")),
        again=f"funis runs reproduce {run.folder}",
        notes=notes,
    )


def _science(
    mark: FigureMark, manifest: Mapping[str, Any]
) -> tuple[tuple[Formula, ...], tuple[UsedParameter, ...], tuple[str, ...]]:
    """Return formulas and parameters behind a figure, from the library as it stands now."""
    from funis.models import disease_ids, load_model

    disease = str(manifest.get("disease_id", ""))
    if not mark.about:
        return (), (), ("This figure is not of one endpoint: its formulas stand in the report.",)
    if disease not in disease_ids():
        return (), (), (f"The disease '{disease}' is not of this library: formulas are not shown.",)
    model = load_model(disease)
    notes = tuple(_changes(model, manifest))
    chain = tuple(_chain(model, mark.about))
    start = [one.observable for one in chain if one.observable] or [mark.about]
    equations, parameters = _depends(model, start)
    formulas = (*(_formula(one, rule) for one in chain for rule in _rules(one)), *equations)
    return formulas, parameters, notes


def _changes(model: Model, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Say what of the model is not as it was; an older manifest names no endpoints."""
    if manifest.get("model_hash") not in (None, model.hash):
        yield "The model has changed since this run: formulas and parameters are those of today."
    if manifest.get("endpoints_hash") not in (None, content_hash(model.endpoints)):
        yield "The endpoints of the model have changed since this run: scores are those of today."


def _chain(model: Model, about: str) -> Iterator[Measure]:
    """Yield the endpoint that a figure is of and all that it is made of, each once."""
    from funis.pipeline.model_view.scores import measures

    known = {one.id: one for one in measures(model)}
    name = about.split("@")[0]
    names = [name, *(name.removesuffix(end) for end in SUFFIXES if name.endswith(end))]
    named = [one.id for one in known.values() if one.name == about]
    waiting = [one for one in (*names, *named) if one in known][:1]
    seen = set(waiting)
    while waiting:
        one = known[waiting.pop(0)]
        yield one
        new = [part for part in one.parts if part not in seen and part in known]
        seen.update(new)
        waiting += new


def _rules(one: Measure) -> Sequence[str]:
    return [f"{rule.label}: {rule.text}" if rule.label else rule.text for rule in one.rules] or [
        f"observable {one.observable}, {dict(one.facts).get('noise', 'no noise')}"
    ]


def _formula(one: Measure, text: str) -> Formula:
    source = "; ".join(part for part in (one.source, one.where or "") if part)
    return Formula(one.id, one.name, one.unit, one.sort, text, source)


def _depends(
    model: Model, start: Sequence[str]
) -> tuple[tuple[Formula, ...], tuple[UsedParameter, ...]]:
    """Return the equations of observables, and every parameter that they depend on."""
    from funis.pipeline.model_view.equations import equations

    known = {one.id: one for one in equations(model)}
    steps: dict[str, int] = {}
    waiting = [(name, 0) for name in dict.fromkeys(start) if name in known]
    seen = {name for name, _ in waiting}
    first = tuple(
        Formula(one.id, one.description, one.unit, "equation", one.text, f"{one.file}:{one.line}")
        for one in (known[name] for name, _ in waiting)
    )
    while waiting:
        name, far = waiting.pop(0)
        for parameter in known[name].parameters:
            steps.setdefault(parameter, far)
        new = [other for other in known[name].uses if other not in seen]
        seen.update(new)
        waiting += [(other, far + 1) for other in new]
    rows = {one.id: one for one in model.parameters}
    used = sorted((far, name) for name, far in steps.items() if name in rows)
    return first, tuple(_used(rows[name], far) for far, name in used)


def _used(row: Any, steps: int) -> UsedParameter:
    source = "; ".join(part for part in (row.source, row.where or "") if part)
    return UsedParameter(row.id, row.name, row.value, row.unit, row.status, source, steps)
