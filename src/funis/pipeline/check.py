"""`funis check`: what kind of file it is, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from funis.checks import InputError, Issue, IssueList, nearest, read_yaml
from funis.models import check_model, disease_ids, library_folder, load_model
from funis.models.model import FILES
from funis.pipeline.draft import Draft, check_draft
from funis.pipeline.evidence_check import evidence_issues
from funis.pipeline.inputs import load_trial
from funis.product import library_lots, library_products, load_lot, load_product, load_rules
from funis.protocol import Intervention, Regimen, load_regimen, load_structures

FileKind = Literal[
    "trial", "disease", "product", "protocol", "evidence", "structures", "claims", "ledger",
    "registered", "safety", "costs", "lot", "release", "consultation", "eligibility",
    "drug_names", "words", "directions", "regulatory", "worksheet", "calendar",
]  # fmt: skip


STDIN = "-"
"""How standard input is called in place of a file."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One file or folder, its kind where it was recognised, and its issues."""

    path: str
    kind: FileKind | None
    issues: IssueList


def check_files(paths: Sequence[str | Path] = ()) -> tuple[Checked, ...]:
    """Check files and folders; the whole library when none are given.

    Parameters
    ----------
    paths
        Trial, product, lot, protocol, evidence, structure or claim files, consultations and the
        criteria they are judged by, rules of release, directions for use, ledgers of predictions,
        and disease folders or their files.

    Returns
    -------
    tuple of Checked
        Nothing is raised for what is wrong with a file: it is in the issues.
    """
    chosen = list(paths) if paths else library_paths()
    return tuple(check_file(path) for path in chosen)


def check_text(text: str) -> Checked:
    """Check the text of a trial that stands in no file, such as standard input: ``-``."""
    try:
        return Checked(STDIN, "trial", check_draft(Draft(text, STDIN)).issues)
    except InputError as error:
        return Checked(STDIN, "trial", error.issues)


def library_paths() -> list[Path]:
    """Return everything in the library that can be checked."""
    root = library_folder()
    folders = [root / "diseases" / name for name in disease_ids()]
    names = (
        "trials", "protocols", "products", "lots", "consultations", "directions", "evidence",
    )  # fmt: skip
    singles = (
        "structures.yaml", "claims.yaml", "registered.yaml", "ledger.yaml", "safety.yaml",
        "optimise.yaml", "release.yaml", "eligibility.yaml", "drug_names.yaml",
        "consultation_words.yaml", "regulatory.yaml", "worksheet.yaml", "calendar.yaml",
    )  # fmt: skip
    single = [root / name for name in singles]
    return (
        folders + single + [path for name in names for path in sorted((root / name).glob("*.yaml"))]
    )


def check_file(path: str | Path) -> Checked:
    """Check one file or folder."""
    kind: FileKind | None = None
    try:
        kind = recognise(Path(path))
        return Checked(str(path), kind, CHECKS[kind](Path(path)))
    except InputError as error:
        return Checked(str(path), kind, error.issues)


def recognise(path: Path) -> FileKind:
    """Return the kind of a file or folder by its name and its keys.

    Raises
    ------
    InputError
        A file that cannot be read, or is of no known kind.
    """
    if path.is_dir() and (path / "model.ant").is_file():
        return "disease"
    if path.name in FILES and (path.parent / "model.ant").is_file():
        return "disease"
    if path.is_dir():
        expected = f"a file, or the folder of a disease ({', '.join(FILES)})"
        raise InputError(Issue(str(path), None, None, "is a folder", expected))
    data = read_yaml(path).data
    if isinstance(data, list):
        first = data[0] if data and isinstance(data[0], dict) else {}
        return "ledger" if {"previous", "hash"} <= set(first) else "evidence"
    keys = set(data) if isinstance(data, dict) else set()
    scores = {kind: len(keys & marks) for kind, marks in MARKS.items()}
    best = max(scores, key=lambda kind: scores[kind])
    if scores[best] == 0:
        expected = "a " + ", ".join(list(MARKS)[:-1]) + f" or {list(MARKS)[-1]} file"
        raise InputError(Issue(str(path), None, None, "the kind of file is not known", expected))
    return best


MARKS: Mapping[FileKind, frozenset[str]] = {
    "trial": frozenset(
        {"arms", "visits", "endpoints", "population", "estimand", "success", "rules"}
    ),
    "product": frozenset({"tissue", "viability", "hold_minute", "recovered_fraction", "release"}),
    "lot": frozenset({"simulated", "donation", "vials", "results", "cords"}),
    "release": frozenset({"release_rules"}),
    "protocol": frozenset({"variants", "kind"}),
    "structures": frozenset({"structures"}),
    "claims": frozenset({"claims", "testimony"}),
    "registered": frozenset({"size", "trials", "left_out"}),
    "safety": frozenset({"pools", "ratios", "terms", "modifiers", "dose_limiting"}),
    "costs": frozenset({"costs"}),
    "directions": frozenset({"routes", "vial", "premedication", "decisions", "schedule"}),
    "regulatory": frozenset({"stale_day", "rows"}),
    "worksheet": frozenset({"band_kg", "intrathecal_ml"}),
    "calendar": frozenset({"windows", "after_infusion", "before_repeat", "stopping"}),
    "consultation": frozenset({"virtual", "severity", "medication", "weight_kg", "allergies"}),
    "eligibility": frozenset({"criteria", "effects"}),
    "drug_names": frozenset({"classes", "drugs"}),
    "words": frozenset({"comorbidities", "allergies", "goals", "criteria_met", "labs", "units"}),
    "evidence": frozenset(
        {"placebo_response", "baseline_distributions", "response_criteria", "gaps"}
    ),
}
"""Keys by which a file is recognised."""


def _check_trial(path: Path) -> IssueList:
    load_trial(path)
    return IssueList()


def _check_disease(path: Path) -> IssueList:
    folder = path if path.is_dir() else path.parent
    return check_model(load_model(folder))


def _check_product(path: Path) -> IssueList:
    load_product(path)
    return IssueList()


def _check_lot(path: Path) -> IssueList:
    load_lot(path)
    return IssueList()


def _check_release(path: Path) -> IssueList:
    load_rules(path)
    return IssueList()


def _check_protocol(path: Path) -> IssueList:
    return IssueList(regimen_issues(load_regimen(path)))


def _check_structures(path: Path) -> IssueList:
    """Every parameter that a structure sets is one of some disease of the library."""
    file = load_structures(path)
    known = sorted({p.id for name in disease_ids() for p in load_model(name).parameters})
    return IssueList(
        file.where.issue(
            ("structures", one.id, "parameters", name),
            f"no disease has a parameter '{name}'",
            nearest=nearest(name, known),
        )
        for one in file.structures.values()
        for name in one.parameters
        if name not in known
    )


def _check_claims(path: Path) -> IssueList:
    from funis.pipeline.claims.check import register_issues

    return register_issues(path)


def _check_ledger(path: Path) -> IssueList:
    from funis.calibrate.ledger_file import check_ledger, read_ledger

    return check_ledger(read_ledger(path))


def _check_registered(path: Path) -> IssueList:
    from funis.pipeline.ledger import registered_issues

    return registered_issues(path)


def _check_safety(path: Path) -> IssueList:
    from funis.pipeline.safety.check import safety_file_issues

    return safety_file_issues(path)


def _check_directions(path: Path) -> IssueList:
    from funis.plan.directions_schema import load_directions

    load_directions(path)
    return IssueList()


def _check_regulatory(path: Path) -> IssueList:
    from funis.plan.regulatory import load_regulatory

    load_regulatory(path)
    return IssueList()


def _check_worksheet(path: Path) -> IssueList:
    from funis.plan.limits import load_limits

    load_limits(path)
    return IssueList()


def _check_calendar(path: Path) -> IssueList:
    from funis.plan.calendar_file import load_calendar_rules

    load_calendar_rules(path)
    return IssueList()


def _check_costs(path: Path) -> IssueList:
    from funis.pipeline.optimise.costs import load_costs

    load_costs(path)
    return IssueList()


def _check_consultation(path: Path) -> IssueList:
    from funis.plan.consultation import read_consultation

    read_consultation(path)
    return IssueList()


def _check_eligibility(path: Path) -> IssueList:
    from funis.plan.criteria import load_rules

    inputs = {one for name in disease_ids() for one in load_model(name).inputs}
    load_rules(path, sorted({one.id for one in inputs if one.kind == "cells"}))
    return IssueList()


def _check_drug_names(path: Path) -> IssueList:
    from funis.plan.vocabulary import load_drugs

    load_drugs(path)
    return IssueList()


def _check_words(path: Path) -> IssueList:
    from funis.plan.vocabulary import load_words

    load_words(path)
    return IssueList()


def regimen_issues(regimen: Regimen) -> Iterable[Issue]:
    """Return every disease, route, drug and product of a regimen that does not exist."""
    known = disease_ids()
    if regimen.disease not in known:
        message = f"unknown disease '{regimen.disease}'"
        yield _unknown(regimen, ("disease",), message, regimen.disease, known)
        return
    model = load_model(regimen.disease)
    names = {
        "product": library_products(),
        "lot": library_lots(),
        "route": tuple(one.id for one in model.inputs if one.kind == "cells"),
        "drug": tuple(one.id for one in model.inputs if one.kind == "drug"),
    }
    for number, variant in enumerate(regimen.variants):
        for place, given in enumerate(variant.interventions):
            at = ("variants", number, "interventions", place)
            for key, name in _named(given):
                if name not in names[key]:
                    message = f"unknown {key} '{name}'"
                    yield _unknown(regimen, (*at, key), message, name, names[key])


def _named(given: Intervention) -> Iterable[tuple[str, str]]:
    pairs = (
        ("product", given.product),
        ("lot", given.lot),
        ("route", given.route),
        ("drug", given.drug),
    )
    return ((key, name) for key, name in pairs if name is not None)


def _unknown(
    regimen: Regimen, at: tuple[Any, ...], message: str, name: str, names: Sequence[str]
) -> Issue:
    expected = "one of " + ", ".join(names)
    return regimen.where.issue(at, message, expected=expected, nearest=nearest(name, names))


CHECKS: Mapping[FileKind, Callable[[Path], IssueList]] = {
    "trial": _check_trial,
    "disease": _check_disease,
    "product": _check_product,
    "lot": _check_lot,
    "release": _check_release,
    "protocol": _check_protocol,
    "evidence": evidence_issues,
    "structures": _check_structures,
    "claims": _check_claims,
    "ledger": _check_ledger,
    "registered": _check_registered,
    "costs": _check_costs,
    "directions": _check_directions,
    "regulatory": _check_regulatory,
    "worksheet": _check_worksheet,
    "calendar": _check_calendar,
    "safety": _check_safety,
    "consultation": _check_consultation,
    "eligibility": _check_eligibility,
    "drug_names": _check_drug_names,
    "words": _check_words,
}
"""How each kind is checked."""
