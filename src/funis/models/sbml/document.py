"""An SBML file: read, held against the rules of SBML, converted to Level 3."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from funis.checks import InputError, Issue, nearest
from funis.models.sbml.values import RefusedError

MATHEMATICS = "l3v2extendedmath"
"""The one package that is understood: functions of MathML."""

MOST_ERRORS = 5
"""Errors of one file that are told."""

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding=["']([\w.-]+)["']""")

_LEVEL = re.compile(r"""\s(level|version)\s*=\s*["'](\w*)["']""")
SPACE = "http://www.sbml.org/sbml/level"
VERSIONS = {("1", "1"), ("1", "2"), ("3", "1"), ("3", "2"), *(("2", v) for v in "12345")}
_UNKNOWN = re.compile(r"^The formula '(.+?)' in .* uses '(\w+)' (?:that|which) is not")
_ROOT = re.compile(r"<(?:\w+:)?sbml\b[^>]*>")
_REQUIRED = re.compile(r"""(\w+):required\s*=\s*["']true["']""")
_NAMESPACE = re.compile(r"""xmlns:(\w+)\s*=\s*["']([^"']*)["']""")
_PACKAGE = re.compile(r"/version\d+/(\w+)/version\d+")


def read_document(path: Path) -> Any:
    """Read an SBML file as a libsbml document of Level 3.

    Raises
    ------
    InputError
        No such file, no XML, no SBML, no model; or what SBML itself forbids, with lines.
    RefusedError
        A package or construct that is not supported.
    """
    import libsbml

    if not path.is_file():
        raise InputError(Issue(str(path), None, None, "no such file", "an SBML file"))
    text = _text(path)
    _refuse_unknown_level(path, text)
    document = libsbml.readSBMLFromString(DECLARATION + text)
    _refuse_packages(path, text)
    _refuse_errors(path, document)
    _refuse_constructs(path, document)
    _check(path, document)
    return _level_three(path, document)


def _text(path: Path) -> str:
    """Return the text of a file without its declaration; lines stay as they are."""
    try:
        content = path.read_bytes()
        declared = _ENCODING.match(content)
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        usual = declared[1].decode("ascii") if declared else "utf-8"
        text = content.decode("utf-16" if wide else usual).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError):
        raise InputError(Issue(str(path), None, None, "is not text", "SBML in UTF-8")) from None
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(Issue(str(path), None, None, reason, "an SBML file")) from None
    return _DECLARED.sub("", text, count=1)


def _refuse_unknown_level(path: Path, text: str) -> None:
    """Refuse a Level, Version and namespace that do not belong together: libsbml would abort."""
    root = _ROOT.search(text)
    if root is None:
        return
    found = {name: value for name, value in _LEVEL.findall(root[0])}
    level, version = found.get("level", ""), found.get("version", "")
    place = f"{SPACE}{level}" if level == "1" else f"{SPACE}{level}/version{version}"
    place = {"2/1": f"{SPACE}2"}.get(f"{level}/{version}", place)
    place += "/core" if level == "3" else ""
    if (level, version) not in VERSIONS or f'"{place}"' not in root[0].replace("'", '"'):
        line = text[: root.start()].count("\n") + 1
        message = f"is not SBML of a known Level and Version (level '{level}', version '{version}')"
        expected = f"Level 1 to 3 with its namespace, such as {SPACE}3/version2/core"
        raise InputError(Issue(str(path), line, None, message, expected))


def _refuse_errors(path: Path, document: Any) -> None:
    """Refuse a document with errors, each told in one line."""
    import libsbml

    issues: list[Issue] = []
    for place in range(document.getNumErrors()):
        error = document.getError(place)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            issues.append(_issue(path, error, document.getModel()))
    issues = list(dict.fromkeys(issues))
    if any(issue.message.startswith("no well-formed XML") for issue in issues):
        issues = issues[:1]
    if issues:
        raise InputError(issues[:MOST_ERRORS])


def _issue(path: Path, error: Any, model: Any) -> Issue:
    """Return a fault that libsbml found as one line."""
    import libsbml

    line = error.getLine() or None
    rule, _, detail = error.getMessage().partition("Reference:")
    words = " ".join(detail.split("\n", 1)[-1].split()).strip(".[ ") or _sentence(rule)
    if error.getCategory() == libsbml.LIBSBML_CAT_XML:
        return Issue(str(path), line, None, f"no well-formed XML ({words})", "an SBML file")
    if unknown := _UNKNOWN.match(words):
        message = f"unknown name '{unknown[2]}' in the formula '{unknown[1]}'"
        near = nearest(unknown[2], _ids(model)) if model is not None else None
        return Issue(str(path), line, None, message, "an id of the model", near)
    short = " ".join(error.getShortMessage().split())
    return Issue(str(path), line, None, f"no valid SBML: {short} ({words})")


def _ids(model: Any) -> list[str]:
    """Return all names that a formula may hold."""
    lists = (
        model.getListOfSpecies(), model.getListOfCompartments(), model.getListOfParameters(),
        model.getListOfReactions(), model.getListOfFunctionDefinitions(),
    )  # fmt: skip
    return [item.getId() for items in lists for item in items]


def _sentence(words: str) -> str:
    return " ".join(words.split()).split(". ")[0].rstrip(".").lower()


def _refuse_packages(path: Path, text: str) -> None:
    """Refuse packages that change what the model means: those that the file calls required."""
    root = _ROOT.search(text)
    if root is None:
        return
    places = dict(_NAMESPACE.findall(root[0]))
    for prefix in _REQUIRED.findall(root[0]):
        found = _PACKAGE.search(places.get(prefix, ""))
        name = found[1] if found else prefix
        if name != MATHEMATICS:
            raise RefusedError(str(path), text[: root.start()].count("\n") + 1, f"package {name}")


def _refuse_constructs(path: Path, document: Any) -> None:
    model = document.getModel()
    if model is None:
        raise InputError(Issue(str(path), None, None, "holds no model", "an SBML model"))
    balance = model.getPlugin("fbc")
    if balance is not None and balance.getNumObjectives():
        raise RefusedError(str(path), model.getLine() or None, "package fbc")
    for rule in model.getListOfRules():
        if rule.isAlgebraic() and (rule.isSetMath() or rule.isSetFormula()):
            raise RefusedError(str(path), rule.getLine() or None, "algebraic rule")
    for reaction in model.getListOfReactions():
        if reaction.isSetFast() and reaction.getFast():
            raise RefusedError(str(path), reaction.getLine() or None, "fast reaction")
    _refuse_structure(path, model)


def _refuse_structure(path: Path, model: Any) -> None:
    """Refuse a network of reactions where nothing says how fast anything happens."""
    reactions = list(model.getListOfReactions())
    moved = any(rule.isRate() for rule in model.getListOfRules()) or model.getNumEvents()
    if reactions and not moved and not any(one.isSetKineticLaw() for one in reactions):
        line = reactions[0].getLine() or None
        raise RefusedError(str(path), line, "a network of reactions without kinetic laws")


def _check(path: Path, document: Any) -> None:
    """Hold a document against the rules of SBML, units and style aside."""
    import libsbml

    for kind in ("UNITS_CONSISTENCY", "MODELING_PRACTICE", "SBO_CONSISTENCY"):
        document.setConsistencyChecks(libsbml.__dict__[f"LIBSBML_CAT_{kind}"], False)
    document.checkConsistency()
    _refuse_errors(path, document)


def _level_three(path: Path, document: Any) -> Any:
    """Return the document in Level 3; Levels 1 and 2 are converted."""
    level, version = document.getLevel(), document.getVersion()
    if level >= 3:
        return document
    if not document.setLevelAndVersion(3, 1, False):
        message = f"SBML Level {level} Version {version} that cannot be converted"
        raise InputError(Issue(str(path), None, None, message, "a model of SBML Level 3"))
    return document
