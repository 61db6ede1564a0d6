"""What differs between two models: equations, parameters, and the courses that follow from them.

No single course stands without the band of its cohort, and no treated one without its twin: the
courses are those of `simulate_cohort`. Each model has a pool of its own, so the two cohorts are not
the same people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from funis.checks import InputError, Issue, IssueList
from funis.models import Model, find_disease, library_folder, load_model
from funis.models.model import FILES
from funis.pipeline.model_view.equations import plain_formulas
from funis.pipeline.processes import Progress, silent
from funis.pipeline.run import finite
from funis.pipeline.simulate import CohortCourse, Series, evidence_of, simulate_cohort
from funis.pipeline.tables import Table
from funis.report.statement import RESEARCH_USE, SIMULATED
from funis.units import DAYS_PER_WEEK

Way = Literal["added", "removed", "changed"]

DOSES = ("70e6:iv@0,28",)
"""What both models are given where nothing else is asked for."""

WEEKS, PATIENTS, SEED = 24.0, 40, 1
LARGEST = 200_000
"""Longest text of a file that is compared [characters]."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that differs: ours is the library's, theirs the other; empty where none is."""

    way: Way
    what: str
    id: str
    part: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """What both models do under the same doses, each treated course beside its untreated twin."""

    ours: CohortCourse
    theirs: CohortCourse


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """All that differs between two models; ``courses`` is None where none were asked for."""

    disease: str
    other: str
    equations: tuple[Line, ...]
    parameters: tuple[Line, ...]
    courses: Courses | None
    evidence: str

    @property
    def same(self) -> bool:
        """Whether no equation and no parameter differs."""
        return not (self.equations or self.parameters)

    def tables(self) -> tuple[Table, ...]:
        """Return the differences as tables of text."""
        columns = ("", "name", "of it", self.disease, "other")
        tables = [
            Table(f"{len(found)} {title}", columns,
                  tuple((one.way, one.id, one.part, one.ours, one.theirs) for one in found))
            for title, found in (("equations differ", self.equations),
                                 ("parameters differ", self.parameters))
        ]  # fmt: skip
        if self.courses is not None:
            tables.append(course_table(self.courses, self.evidence))
        return tuple(tables)

    def document(self) -> dict[str, Any]:
        """Return the differences as plain data."""
        courses = self.courses
        document = {
            "research_use": RESEARCH_USE, "simulated": SIMULATED, "evidence": self.evidence,
            "disease": self.disease, "other": self.other,
            "equations": [asdict(one) for one in self.equations],
            "parameters": [asdict(one) for one in self.parameters],
            "courses": None if courses is None else {
                "ours": _shown(courses.ours), "theirs": _shown(courses.theirs)
            },
        }  # fmt: skip
        return {name: finite(value) for name, value in document.items()}


def compare_folder(
    disease: str, other: str | Path, *, doses: Sequence[str] = DOSES, weeks: float = WEEKS,
    patients: int = PATIENTS, courses: bool = True, workers: int | None = None,
    progress: Progress = silent,
) -> Difference:  # fmt: skip
    """Compare a disease with the model of a folder, or with another disease.

    Raises
    ------
    InputError
        No such disease or folder, whatever is wrong in its files, or a dose that neither takes.
    """
    if Path(other).is_dir() and not (Path(other) / "model.ant").is_file():
        raise InputError(Issue(str(other), None, None, "holds no model.ant", "a disease's folder"))
    folder = find_disease(str(other))
    ours, theirs = load_model(find_disease(disease)), load_model(folder)
    both = None
    if courses:
        found = [
            simulate_cohort(
                place, doses, weeks=weeks, patients=patients, seed=SEED, workers=workers,
                progress=progress,
            )
            for place in (disease, folder)
        ]  # fmt: skip
        both = Courses(found[0], found[1])
    return Difference(
        disease, str(other), equation_lines(ours, theirs), parameter_lines(ours, theirs), both,
        evidence_of(ours),
    )  # fmt: skip


def compare_texts(disease: str, model: str, parameters: str) -> Difference:
    """Compare a disease of the library with texts of `model.ant` and `parameters.yaml`.

    An empty text stands for the library's file. Nothing is composed or simulated, so formulas are
    compared as they are written; `funis check` and `funis model diff` see more. Nothing is kept.

    Raises
    ------
    InputError
        A text that is too long, or whatever is wrong in it, by file name and line.
    """
    for name, text in (("model.ant", model), ("parameters.yaml", parameters)):
        if len(text) > LARGEST:
            message = f"is longer than {LARGEST} characters"
            raise InputError(Issue(name, None, None, message))
    _check_includes(model)
    own = library_folder() / "diseases" / disease
    given = {"model.ant": model, "parameters.yaml": parameters}
    with TemporaryDirectory() as place:
        folder = Path(place) / disease
        folder.mkdir()
        for name in FILES:
            text = given.get(name) or (own / name).read_text(encoding="utf-8")
            (folder / name).write_text(text, encoding="utf-8")
        try:
            theirs = load_model(folder, keep=False)  # it is not ours to keep
        except InputError as error:
            raise _placed(error, place) from None
        ours = load_model(own)
        return Difference(
            disease, "text", equation_lines(ours, theirs), parameter_lines(ours, theirs), None,
            evidence_of(ours),
        )  # fmt: skip


def _check_includes(model: str) -> None:
    """Refuse a text that includes anything but a fragment of the core by its name."""
    for number, line in enumerate(model.splitlines(), 1):
        names = line.partition("// include:")[2].split()
        if any(not name.isidentifier() for name in names):
            issue = Issue("model.ant", number, "include", "names no fragment of the core")
            raise InputError(issue)


def _placed(error: InputError, place: str) -> InputError:
    """Return an error whose files are named as the reader gave them, without our folder."""
    issues = (
        replace(one, file=None if one.file is None else Path(one.file).name,
                message=one.message.replace(place, ""))
        for one in error.issues
    )  # fmt: skip
    return InputError(IssueList(issues))


def equation_lines(ours: Model, theirs: Model) -> tuple[Line, ...]:
    """Return what differs in the equations: formula, start, unit; those that are new or gone."""
    return _lines("equation", plain_formulas(ours), plain_formulas(theirs), dict)


def parameter_lines(ours: Model, theirs: Model) -> tuple[Line, ...]:
    """Return what differs in the parameters: value, unit, status, source, spread."""
    first, second = ({one.id: one for one in model.parameters} for model in (ours, theirs))
    return _lines("parameter", first, second, _parameter_parts)


def _lines(
    what: str, ours: Mapping[str, Any], theirs: Mapping[str, Any],
    parts: Callable[[Any], dict[str, str]],
) -> tuple[Line, ...]:  # fmt: skip
    lines: list[Line] = []
    for name in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(name), theirs.get(name)
        way: Way = "added" if one is None else "removed" if other is None else "changed"
        first, second = ({} if x is None else parts(x) for x in (one, other))
        for part in dict.fromkeys((*first, *second)):
            pair = first.get(part, ""), second.get(part, "")
            if pair[0] != pair[1]:
                lines.append(Line(way, what, name, part, *pair))
    order = ("removed", "added", "changed")
    return tuple(sorted(lines, key=lambda line: order.index(line.way)))


def _parameter_parts(one: Any) -> dict[str, str]:
    spread = "" if one.distribution is None else ", ".join(
        f"{name} {value}"
        for name, value in one.distribution.model_dump(exclude_defaults=True).items()
    )  # fmt: skip
    return {
        "value": f"{one.value:.6g}", "unit": one.unit, "status": one.status, "source": one.source,
        "spread": spread,
    }  # fmt: skip


def course_table(courses: Courses, evidence: str) -> Table:
    """Return main quantities at the end in both models: median (10 to 90 %), beside untreated."""
    theirs = {one.id: one for one in courses.theirs.series}
    weeks = courses.ours.days[-1] / DAYS_PER_WEEK
    rows = tuple(
        (f"{one.name} [{one.unit}]", _band(one, "treated"), _band(theirs[one.id], "treated"),
         _band(one, "untreated"), _band(theirs[one.id], "untreated"))
        for one in courses.ours.series if one.main and one.id in theirs
    )  # fmt: skip
    title = (
        f"{' and '.join(courses.ours.doses)}, week {weeks:g}: median (10 % to 90 %) of"
        f" {courses.ours.patients} and {courses.theirs.patients} virtual patients, each of its own"
        f" model's pool. {evidence}"
    )
    columns = ("", "treated, ours", "treated, other", "untreated, ours", "untreated, other")
    return Table(title, columns, rows)


def _band(one: Series, group: Literal["treated", "untreated"]) -> str:
    values = getattr(one, group)
    low, median, high = (float(np.asarray(values[key])[-1]) for key in ("low", "median", "high"))
    return f"{median:.3g} ({low:.3g} to {high:.3g})"


def _shown(course: CohortCourse) -> dict[str, Any]:
    """Return the main quantities of a course, each treated series with its untreated one."""
    document = course.document()
    main = {one.id for one in course.series if one.main}
    series = {name: one for name, one in document["series"].items() if name in main}
    return {**document, "series": series}
