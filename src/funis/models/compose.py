"""One model text from the shared core and a disease: Antimony in, SBML with checked units out.

The text of a disease names the core fragments that it includes. Values and units stand in
`parameters.yaml`; the text holds equations only. Lines that the composer reads itself:

- ``// include: cells immune drugs``, ``// name:``, ``// course:``, ``// accumulators:``,
  ``// floored:``, ``// floor sink:``, ``// forcing:``, ``// tissue:`` (name of the target tissue),
  ``// cytokines:`` (shown with their sources, ``TNF_by_macrophage``)
- ``input iv cells "intravenous infusion";`` declares an input; ``gain_iv_M_lu := ...`` its gains
- ``TNF := ...;  // fast k_TNF. description`` an algebraic species and its rate in the full form

A line of the disease replaces the line of a fragment that defines the same thing (a rule, a rate
of change, a start value, a unit or a reaction), as a row of its `parameters.yaml` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from funis.checks import InputError, Issue, IssueList

UNITS = {
    "dimensionless": None,
    "per_day": "1/(86400 second)",
    "megacell": "1e6 item",
    "megacell_per_day": "1e6 item/(86400 second)",
    "per_megacell": "1/(1e6 item)",
    "pg_per_mL": "1e-9 gram/litre",
    "pg_per_day": "1e-12 gram/(86400 second)",
    "pg_per_megacell_per_day": "1e-12 gram/(1e6 item*86400 second)",
    "mL_per_day": "1e-3 litre/(86400 second)",
    "litre_per_day": "litre/(86400 second)",
    "mg_per_L": "1e-3 gram/litre",
    "mm_per_hour": "1e-3 metre/(3600 second)",
    "minute": "60 second",
    "day": "86400 second",
    "year": "31557600 second",
    "kg": "kilogram",
    "per_year": "1/(31557600 second)",
    "second": "second",
    "mL": "1e-3 litre",
    "mL_per_min": "1e-3 litre/(60 second)",
    "mL_per_year": "1e-3 litre/(31557600 second)",
    "mg_per_dL": "1e-2 gram/litre",
    "gram_per_day": "gram/(86400 second)",
    "microgram_per_gram": "1e-6 gram/gram",
    "nmol_per_L": "1e-9 mole/litre",
    "unit_per_kg_per_day": "item/(kilogram*86400 second)",
}
"""Units of model quantities: id -> Antimony definition (None: built in)."""

_DIRECTIVE = re.compile(
    r"^//\s*(include|name|course|accumulators|floored|floor sink|forcing|tissue|cytokines):\s*(.*)$"
)
_INPUT = re.compile(r'^input\s+(\w+)\s+(cells|drug)\s+"([^"]*)";$')
_SPECIES = re.compile(r"^substanceOnly species (\w+) in body;")
_RATE = re.compile(r"^(\w+)'\s*=\s*(.+?);")
_RULE = re.compile(r"^(\w+)\s*:=\s*(.+?);")
_UNIT = re.compile(r"^(\w+) has (\w+);")
_FAST = re.compile(r"^fast (\w+)\.\s*(.*)$")
_GAIN = re.compile(r"^gain_(.+)$")
_DEFINED = re.compile(r"^(\w+\s*:=|\w+'\s*=|\w+\s*=|\w+:|\w+\s+has\b)")


_TRANSLATING = Lock()
"""Antimony keeps what it reads in one place: one thread at a time may use it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of model text and where it stands."""

    file: str
    number: int | None
    text: str
    comment: str


@dataclass(frozen=True, slots=True)
class InputText:
    """An input as the text declares it: what may be given, and the states that it reaches."""

    id: str
    kind: str
    description: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelText:
    """The composed text of a model and what its declarations say."""

    id: str
    lines: tuple[Line, ...]
    directives: Mapping[str, str]
    inputs: tuple[InputText, ...]
    cells: tuple[str, ...]
    folds: tuple[str, ...]
    rules: tuple[str, ...]
    units: Mapping[str, str]
    descriptions: Mapping[str, str]
    fast: Mapping[str, str]

    def words(self, directive: str) -> tuple[str, ...]:
        """Return the names that a directive lists, in order."""
        return tuple(self.directives.get(directive, "").split())


def read_text(model_id: str, file: Path, core: Path) -> ModelText:
    """Read a disease's `model.ant` and the core fragments that it includes.

    Parameters
    ----------
    model_id : id of the model, also of the SBML model.
    file : the disease's text.
    core : folder of the fragments.

    Raises
    ------
    InputError
        A fragment that does not exist, or an input without gains.
    """
    own = _lines(file)
    included = [line for line in own if line.text == "" and line.comment.startswith("include:")]
    names = included[0].comment.removeprefix("include:").split() if included else []
    fragments: list[Line] = []
    for name in names:
        fragments += _lines(_fragment(core, name, included[0]))
    replaced = {defined for line in own if (defined := _defined(line))}
    kept = [line for line in fragments if _defined(line) not in replaced]
    return _parse(model_id, (*kept, *own))


def _defined(line: Line) -> str | None:
    """Return what a line defines, e.g. ``stroma:=`` or ``TNF'=``."""
    found = _DEFINED.match(line.text)
    return re.sub(r"\s+", "", found[1]) if found else None


def _fragment(core: Path, name: str, line: Line) -> Path:
    path = core / f"{name}.ant"
    if not path.is_file():
        found = ", ".join(sorted(p.stem for p in core.glob("*.ant") if p.stem != "functions"))
        issue = Issue(line.file, line.number, "include", f"no fragment '{name}'", found)
        raise InputError(IssueList((issue,)))
    return path


def _lines(file: Path) -> list[Line]:
    if not file.is_file():
        raise InputError(IssueList((Issue(str(file), None, None, "no such file", "model.ant"),)))
    result = []
    for number, raw in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        text, _, comment = raw.partition("//")
        result.append(Line(str(file), number, text.strip(), comment.strip()))
    return result


def _parse(model_id: str, lines: Sequence[Line]) -> ModelText:
    directives: dict[str, str] = {}
    inputs: dict[str, tuple[str, str]] = {}
    cells: list[str] = []
    folds: list[str] = []
    rules: list[str] = []
    units: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    fast: dict[str, str] = {}
    for line in lines:
        if line.text == "" and (found := _DIRECTIVE.match("// " + line.comment)):
            joined = f"{directives.get(found[1], '')} {found[2]}".strip()
            directives[found[1]] = joined
        elif found := _INPUT.match(line.text):
            inputs[found[1]] = (found[2], found[3])
        elif found := _SPECIES.match(line.text):
            cells.append(found[1])
            descriptions[found[1]] = line.comment
        elif found := _UNIT.match(line.text):
            units[found[1]] = found[2]
        elif found := _RATE.match(line.text):
            folds.append(found[1])
            descriptions[found[1]] = line.comment
        elif found := _RULE.match(line.text):
            rules.append(found[1])
            marked = _FAST.match(line.comment)
            if marked:
                fast[found[1]] = marked[1]
            descriptions[found[1]] = marked[2] if marked else line.comment
    return ModelText(
        model_id,
        tuple(lines),
        directives,
        _inputs(inputs, rules, (*cells, *folds)),
        tuple(cells),
        tuple(folds),
        tuple(rules),
        units,
        descriptions,
        fast,
    )


def _inputs(
    inputs: Mapping[str, tuple[str, str]], rules: Sequence[str], states: Sequence[str]
) -> tuple[InputText, ...]:
    result = []
    for name, (kind, description) in inputs.items():
        prefix = f"gain_{name}_"
        targets = tuple(
            rule.removeprefix(prefix)
            for rule in rules
            if rule.startswith(prefix) and rule.removeprefix(prefix) in states
        )
        if not targets:
            issue = Issue(None, None, name, "input without gains", f"{prefix}<state> := ...")
            raise InputError(IssueList((issue,)))
        result.append(InputText(name, kind, description, targets))
    return tuple(result)


def antimony_text(
    text: ModelText,
    functions: str,
    values: Mapping[str, tuple[float, str]],
    *,
    full: bool = False,
    corrupt: Mapping[str, str] | None = None,
) -> str:
    """Return the complete Antimony text of a model.

    Parameters
    ----------
    text : the composed lines.
    functions : text of the shared functions.
    values : parameter id -> (value, unit id).
    full : fast species as states of their own (the verification twin).
    corrupt : parameter id -> wrong unit, to test that the unit check sees it.
    """
    targets = sorted({target for given in text.inputs for target in given.targets})
    out = [
        functions,
        f"model {text.id}()",
        *_unit_lines(),
        "compartment body = 1; body has volume;",
    ]
    for name, (value, unit) in values.items():
        out.append(f"{name} = {value!r}; {name} has {(corrupt or {}).get(name, unit)};")
    out += [f"{name} = 0; {name} has dimensionless;" for name in text.words("forcing")]
    for name in targets:
        unit = "megacell_per_day" if name in text.cells else "per_day"
        out.append(f"inflow_{name} = 0; inflow_{name} has {unit};")
        if name in text.cells:
            out.append(f"J_inflow_{name}: -> {name}; inflow_{name};")
    out += [f"{name} = 0;" for name in text.cells]
    for line in text.lines:
        if line.text and not _INPUT.match(line.text):
            out.append(_translate(line.text, text, targets, full))
    for name in (*text.folds, *text.rules):
        if name not in text.units:
            out.append(f"{name} has dimensionless;")
    return "\n".join([*out, "end", ""])


def _translate(line: str, text: ModelText, targets: Sequence[str], full: bool) -> str:
    rate = _RATE.match(line)
    if rate and rate[1] in targets:
        return f"{rate[1]}' = {rate[2]} + inflow_{rate[1]};"
    rule = _RULE.match(line)
    if full and rule and rule[1] in text.fast:
        name, rate_name = rule[1], text.fast[rule[1]]
        return f"{name}' = {rate_name}*(({rule[2]}) - {name}); {name} = {rule[2]};"
    return line


def _unit_lines() -> list[str]:
    lines = [f"unit {name} = {definition};" for name, definition in UNITS.items() if definition]
    return [
        *lines,
        "unit time_unit = 86400 second;",
        "unit substance = 1e6 item;",
        "unit extent = 1e6 item;",
        "unit volume = litre;",
    ]


def sbml_text(antimony: str, model_id: str, lines: Sequence[Line] = ()) -> str:
    """Translate Antimony to SBML, functions expanded and every bare literal dimensionless.

    Parameters
    ----------
    lines : where the text came from, so that an error can be placed.

    Raises
    ------
    InputError
        What Antimony cannot read, with its own words.
    """
    import antimony as translator

    with _TRANSLATING:
        translator.clearPreviousLoads()
        if translator.loadAntimonyString(antimony) < 0:
            words = " ".join(str(translator.getLastError()).split())
            raise InputError(IssueList((_placed(words, antimony, model_id, lines),)))
        return _finish(str(translator.getSBMLString(model_id)))


def _placed(words: str, antimony: str, model_id: str, lines: Sequence[Line]) -> Issue:
    """Put Antimony's complaint where the offending line was written.

    Its line counts in the composed text, and may be the one after: what it quotes decides.
    """
    found = re.search(r"line (\d+)[:,] *", words)
    number = int(found[1]) if found else 0
    said = words[found.end() :] if found else words
    quoted = [word for pair in re.findall(r"'([^']+)'|\"([^\"]+)\"", said) for word in pair if word]
    near = antimony.splitlines()[max(number - 2, 0) : number]

    def likeness(line: Line) -> tuple[int, bool]:
        return sum(len(word) for word in quoted if word in line.text), line.text in near

    best = max(lines, key=likeness, default=None)
    if best is None or likeness(best)[0] == 0:
        return Issue(None, None, model_id, f"model text: {said}")
    return Issue(best.file, best.number, None, f"model text: {said}")


def _finish(sbml: str) -> str:
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    properties = libsbml.ConversionProperties()
    properties.addOption("expandFunctionDefinitions", True)
    document.convert(properties)
    model = document.getModel()
    trees = [rule.getMath() for rule in model.getListOfRules()]
    trees += [item.getMath() for item in model.getListOfInitialAssignments()]
    trees += [reaction.getKineticLaw().getMath() for reaction in model.getListOfReactions()]
    for tree in trees:
        _dimensionless(tree)
    return str(libsbml.writeSBMLToString(document))


def _dimensionless(node: object) -> None:
    if node.isNumber() and not node.isSetUnits():  # type: ignore[attr-defined]
        node.setUnits("dimensionless")  # type: ignore[attr-defined]
    for index in range(node.getNumChildren()):  # type: ignore[attr-defined]
        _dimensionless(node.getChild(index))  # type: ignore[attr-defined]
