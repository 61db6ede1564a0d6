"""A PEtab problem as files: tables, model, and a page that says what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from funis.pipeline.petab.problem import Line, PetabProblem
from funis.report import RESEARCH_USE
from funis.store import run_folder, write_manifest, write_text

PROBLEM = "problem.yaml"
YAML = """\
format_version: 1
parameter_file: parameters.tsv
problems:
- sbml_files: [model.xml]
  condition_files: [conditions.tsv]
  observable_files: [observables.tsv]
  measurement_files: [measurements.tsv]
"""


def write_problem(problem: PetabProblem, out: Path) -> None:
    """Write a problem as a folder, whole or not at all.

    Raises
    ------
    InputError
        The place is taken by something else, or cannot be written to.
    """
    with run_folder(out) as folder:
        write_text(folder / PROBLEM, YAML)
        write_text(folder / "model.xml", problem.sbml)
        for name in ("parameters", "conditions", "observables", "measurements"):
            write_text(folder / f"{name}.tsv", table_text(getattr(problem, name)))
        write_text(folder / "README.md", readme(problem))
        write_manifest(folder, {"kind": "petab", "disease": problem.disease})


def table_text(lines: Sequence[Line]) -> str:
    """Return lines as values with tabs between them, the columns of all lines first."""
    columns = list(dict.fromkeys(key for line in lines for key in line))
    rows = [[str(line.get(key, "")) for key in columns] for line in lines]
    return "".join("\t".join(row) + "\n" for row in [columns, *rows])


def lint(out: Path) -> bool | None:
    """Return whether the PEtab linter passes a folder; None where PEtab is not installed."""
    try:
        metadata.version("petab")
    except metadata.PackageNotFoundError:
        return None
    import logging
    import warnings

    logging.getLogger("petab").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from petab import v1 as petab  # since 0.3
        except ImportError:
            import petab
        return not petab.lint_problem(petab.Problem.from_yaml(str(out / PROBLEM)))


def readme(problem: PetabProblem) -> str:
    """Return what the folder holds, and what PEtab cannot say."""
    rows = "".join(
        f"| {study} | {arm} | {what} | {why} |\n" for study, arm, what, why in problem.left_out
    )
    rows = rows or "| none | | | |\n"
    return _README.format(
        name=problem.name, disease=problem.disease, research=RESEARCH_USE,
        measured=len(problem.measurements), conditions=len(problem.conditions),
        lost=len(problem.left_out), rows=rows,
    )  # fmt: skip


_README = """\
# {name}: the calibration problem in PEtab (version 1)

{research}

Written by `funis petab {disease}`. {measured} measurements in {conditions} conditions; {lost}
counted rows left out.

- `model.xml`: the equations; doses are events whose days and amounts are parameters of a
  condition. A dose that an arm does not have lies on day 1000000. Cells are in millions, drugs in
  standard doses a day.
- `parameters.tsv`: what stage 3 estimates, with log-normal priors around the library's values.
  Stages 1 and 2 are fixed.
- `measurements.tsv`: published means of arms with cells. `observableParameters` is what the arm
  would have shown without working cells, in the virtual patients, less the untreated typical
  patient: regression to the mean, expectation, background and the bias of the design.
  `noiseParameters` joins chance, the spread between studies and rows, the doubt about the bias
  and what the earlier stages leave open.
- An arm whose regimen is not known stands once for each regimen that was drawn, with its variance
  times their number.

## What PEtab cannot say

- That cells may do nothing: the prior of funis has a point mass at potency 0; here potency is
  above 0.
- Many patients: here one typical patient carries the effect, so shares of responders and rates are
  left out.
- Random effects that studies, centre families and arms share: they are independent noise here.
- What other diseases say (borrowing), and doubt about a drawn regimen beyond the repeats.
- Rules of a trial (rescue), rounding, ranges and noise of a visit.

Events read values when they fire (`useValuesFromTriggerTime` is false), so that doses of one
moment add up; a tool that reads them otherwise loses doses.

## Rows left out

| study | arm | endpoint | reason |
| --- | --- | --- | --- |
{rows}"""
