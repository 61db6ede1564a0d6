"""`funis sbml`: any SBML model as a time course, and the SBML Test Suite."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue
from funis.models.sbml import RefusedError, check_start, read_sbml, start_values
from funis.pipeline.processes import Processes, Progress, silent, worker_count
from funis.pipeline.run import check_writable
from funis.pipeline.sbml_settings import Settings, output_nodes, read_settings
from funis.solver.scalar import integrate_checked
from funis.store import write_text

Array = NDArray[np.float64]

PASS, REFUSED, WRONG = "pass", "refused", "wrong"

FEW = 20
"""Cases that one process solves sooner than others start."""


@dataclass(frozen=True, slots=True, eq=False)
class SbmlCourse:
    """A time course of an SBML model.

    Attributes
    ----------
    times : (time,)
    names : variables, as in the settings.
    values : (time, variable)
    """

    times: Array
    names: tuple[str, ...]
    values: Array

    def csv(self) -> str:
        """Return the course as CSV; numbers are exact, others read NaN, INF and -INF."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["time", *self.names])
        for time, row in zip(self.times.tolist(), self.values.tolist(), strict=True):
            writer.writerow([_text(value) for value in (time, *row)])
        return text.getvalue()


@dataclass(frozen=True, slots=True)
class Conformance:
    """What became of each case of a test suite.

    Attributes
    ----------
    cases : `pass`, `refused: CONSTRUCT` or `wrong: WHERE`, by name of the case.
    """

    cases: Mapping[str, str]

    @property
    def passed(self) -> bool:
        """Whether no case is wrong: one that is refused says so, and misleads nobody."""
        return not self.found(WRONG)

    def found(self, kind: str) -> dict[str, str]:
        """Return the cases of one kind, with what follows the kind."""
        return {
            name: text.partition(": ")[2]
            for name, text in self.cases.items()
            if text.partition(": ")[0] == kind
        }

    def refused(self) -> dict[str, list[str]]:
        """Return the refused cases by construct, the most frequent first."""
        groups: dict[str, list[str]] = {}
        for name, construct in self.found(REFUSED).items():
            groups.setdefault(construct, []).append(name)
        return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))

    def document(self) -> dict[str, dict[str, str]]:
        """Return the cases as plain data."""
        return {"cases": dict(self.cases)}


def run_sbml(
    model: str | Path, settings: str | Path, *, out: str | Path | None = None
) -> SbmlCourse:  # fmt: skip
    """Simulate an SBML model.

    Parameters
    ----------
    model : an SBML file of any Level.
    settings : times, variables and tolerances, in the form of the SBML Test Suite.
    out : CSV file to write.

    Raises
    ------
    InputError
        What is wrong with the files, a line each; then nothing is written. Of a construct that is
        not supported it is a `RefusedError`.
    """
    if out is not None:
        check_writable(Path(out), file=True)
    course = _course(Path(model), Path(settings))[0]
    if out is not None:
        write_text(Path(out), course.csv())
    return course


def _course(model_file: Path, settings_file: Path) -> tuple[SbmlCourse, Settings]:
    model = read_sbml(model_file)
    settings = read_settings(settings_file)
    outputs = output_nodes(settings, model)
    check_start(model, start_values(model), outputs)
    values = integrate_checked(
        model, outputs, settings.times, absolute=settings.absolute, relative=settings.relative
    )
    return SbmlCourse(settings.times, settings.variables, values), settings


def conformance(
    folder: str | Path, *, workers: int | None = None, progress: Progress = silent
) -> Conformance:
    """Hold the solver against the SBML Test Suite.

    Parameters
    ----------
    folder : it holds a folder for each case, see `find_case`.
    workers, progress : as for `run_trial`.

    Raises
    ------
    InputError
        No folder, or no case in it.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InputError(Issue(str(folder), None, None, "no such folder", "a folder of cases"))
    cases = [case for found in sorted(place.iterdir()) if (case := find_case(found)) is not None]
    if not cases:
        expected = "folders with model.xml, settings.txt and results.csv"
        raise InputError(Issue(str(folder), None, None, "holds no case", expected))
    count = 1 if len(cases) < FEW else worker_count(workers)
    with Processes(None, count) as processes:
        found = progress("Cases", processes.map(judge, cases), len(cases))
        texts = list(found)
    return Conformance(dict(zip((case.name for case in cases), texts, strict=True)))


@dataclass(frozen=True, slots=True)
class Case:
    """The files of one case of a test suite."""

    name: str
    model: Path
    settings: Path
    results: Path


def find_case(folder: Path) -> Case | None:
    """Return the case in a folder, None where there is none.

    The files are `model.xml`, `settings.txt`, `results.csv`, or those of the SBML Test Suite:
    `00001-sbml-l3v2.xml` (of several the latest Level and Version), `00001-settings.txt`,
    `00001-results.csv`.
    """
    name = folder.name
    if (folder / "model.xml").is_file():
        return Case(name, *(folder / file for file in ("model.xml", "settings.txt", "results.csv")))
    models = sorted(folder.glob(f"{name}-sbml-l*v*.xml"))
    if not models:
        return None
    return Case(name, models[-1], folder / f"{name}-settings.txt", folder / f"{name}-results.csv")


def judge(_: None, case: Case) -> str:
    """Return what becomes of one case: `pass`, `refused: CONSTRUCT` or `wrong: WHERE`.

    A fault of the program in one case is told in its place, and the others go on.
    """
    try:
        course, settings = _course(case.model, case.settings)
        expected = read_results(case.results, course.names)
    except RefusedError as error:
        return f"{REFUSED}: {error.construct}"
    except InputError as error:
        return f"{REFUSED}: {error.issues[0]}"
    except Exception as error:
        words = " ".join(str(error).split())
        return f"{REFUSED}: unexpected fault ({type(error).__name__}: {words})"
    where = difference(course, expected, settings)
    return PASS if where is None else f"{WRONG}: {where}"


def difference(course: SbmlCourse, expected: Array, settings: Settings) -> str | None:
    """Return the first place where a course is wrong, None where it is right everywhere.

    A value is right within absolute + relative * |expected|.

    Parameters
    ----------
    expected : (time, 1 + variable), the time first.
    """
    if len(expected) != len(course.times):
        return f"{len(course.times)} times, expected {len(expected)}"
    allowed = settings.absolute + settings.relative * np.abs(expected[:, 1:])
    with np.errstate(invalid="ignore"):
        right = np.abs(course.values - expected[:, 1:]) <= allowed
    right |= course.values == expected[:, 1:]
    right |= np.isnan(course.values) & np.isnan(expected[:, 1:])
    if np.all(right):
        return None
    row, column = (int(found[0]) for found in np.nonzero(~right))
    value, wanted = course.values[row, column], expected[row, 1 + column]
    name = course.names[column]
    return f"{name} at time {course.times[row]:g} is {value:.9g}, expected {wanted:.9g}"


def read_results(path: Path, names: tuple[str, ...]) -> Array:
    """Read expected results, (time, 1 + variable), the time first.

    Raises
    ------
    InputError
        The file cannot be read, or a variable is missing in it.
    """
    try:
        rows = list(csv.reader(StringIO(path.read_text(encoding="utf-8-sig"))))
        head = [name.strip() for name in rows[0]]
        places = [0, *(head.index(name) for name in names)]
        return np.array([[float(row[k]) for k in places] for row in rows[1:] if row])
    except (OSError, ValueError, IndexError):
        expected = f"a table of time, {', '.join(names)}"
        raise InputError(Issue(str(path), None, None, "cannot be read", expected)) from None


def _text(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"
