"""Checks of units: libsbml's own, and two that it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from funis.checks import Issue, IssueList

SECONDS_PER_DAY = 86400.0
TOLERANCE = 1e-9


def unit_issues(sbml: str, model_id: str) -> IssueList:
    """Return every message of libsbml's checks, units (99505, 99508, 80701) included.

    libsbml takes whatever stands in `ln` and `exp` for dimensionless. Each argument is therefore
    given to a dimensionless symbol of its own, where a unit is seen.
    """
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    _add_arguments(libsbml, document.getModel())
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, True)
    document.checkConsistency()
    issues = []
    for index in range(document.getNumErrors()):
        error = document.getError(index)
        words = " ".join(error.getMessage().split())[-400:]
        issues.append(Issue(None, None, model_id, f"libsbml {error.getErrorId()}: {words}"))
    return IssueList(tuple(issues))


def scale_issues(sbml: str, model_id: str) -> IssueList:
    """Return the equations whose unit has the right dimension and the wrong size.

    libsbml compares dimensions only: pg/L given to a symbol in pg/mL passes it.
    """
    import libsbml

    model = libsbml.readSBMLFromString(sbml).getModel()
    issues = []
    for name, equation, wanted in _equations(model):
        found = _size(libsbml, equation.getDerivedUnitDefinition())
        if abs(found / wanted - 1) > TOLERANCE:
            message = f"the equation of '{name}' is {found / wanted:g} times its unit"
            issues.append(Issue(None, None, model_id, message, "the declared unit"))
    return IssueList(tuple(issues))


def _equations(model: Any) -> Iterator[tuple[str, Any, float]]:
    """Yield name, equation and size in SI units of what it should have."""
    import libsbml

    for rule in model.getListOfRules():
        symbol = model.getElementBySId(rule.getVariable())
        size = _size(libsbml, symbol.getDerivedUnitDefinition())
        yield rule.getVariable(), rule, size / SECONDS_PER_DAY if rule.isRate() else size
    extent = _size(libsbml, model.getUnitDefinition(model.getExtentUnits()))
    for reaction in model.getListOfReactions():
        yield reaction.getId(), reaction.getKineticLaw(), extent / SECONDS_PER_DAY


def _size(libsbml: Any, definition: Any) -> float:
    """Return a unit in SI base units, without its dimension."""
    size = 1.0
    plain = libsbml.UnitDefinition.convertToSI(definition)
    for unit in (plain.getUnit(index) for index in range(plain.getNumUnits())):
        size *= (unit.getMultiplier() * 10.0 ** unit.getScale()) ** unit.getExponentAsDouble()
    return size


def _add_arguments(libsbml: Any, model: Any) -> None:
    """Give each argument of `ln` and `exp` to a dimensionless symbol of its own."""
    trees = [(rule.getVariable(), rule.getMath().deepCopy()) for rule in model.getListOfRules()]
    trees += [
        (reaction.getId(), reaction.getKineticLaw().getMath().deepCopy())
        for reaction in model.getListOfReactions()
    ]
    for owner, tree in trees:
        for number, argument in enumerate(_arguments(libsbml, tree)):
            symbol = model.createParameter()
            symbol.setId(f"argument_{number}_of_{owner}")
            symbol.setUnits("dimensionless")
            symbol.setConstant(False)
            rule = model.createAssignmentRule()
            rule.setVariable(symbol.getId())
            rule.setMath(argument)


def _arguments(libsbml: Any, node: Any) -> Iterator[Any]:
    children = [node.getChild(index) for index in range(node.getNumChildren())]
    if node.getType() in (libsbml.AST_FUNCTION_LN, libsbml.AST_FUNCTION_EXP):
        yield from children
    for child in children:
        yield from _arguments(libsbml, child)
