"""Names in a protocol that a disease model, a product or a person has to provide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from funis.checks import Expression, Issue, nearest
from funis.protocol.lines import Path
from funis.protocol.protocol import Protocol
from funis.protocol.values import FrozenMapping, Intervention

Kind = Literal[
    "disease",
    "product",
    "lot",
    "drug",
    "route",
    "endpoint",
    "criterion",
    "rule",
    "parameter",
    "weight",
]

RULE_NAMES = frozenset({"week", "doses_given"})
"""Names that rules may use besides components, scores, responders and covariates."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One name, its kind, and where it stands.

    ``criterion`` and ``rule`` are names inside expressions; ``parameter`` is replaced by a
    scenario; ``weight`` is the covariate ``weight_kg`` that a dose per kg needs.
    """

    kind: Kind
    name: str
    path: Path


def references(protocol: Protocol, *kinds: Kind) -> tuple[Reference, ...]:
    """List what a protocol names, in the order of the file.

    Parameters
    ----------
    protocol : Protocol
    *kinds : str
        Kinds to list; all when none is given.
    """
    found = [
        Reference("disease", protocol.disease, ("disease",)),
        *_of_criteria(protocol),
        *_of_arms(protocol),
        *(
            Reference("endpoint", request.endpoint, ("endpoints", index, "endpoint"))
            for index, request in enumerate(protocol.endpoints)
        ),
        *_of_rules(protocol),
        *_of_design(protocol),
        *_of_scenario(protocol.scenario, ()),
    ]
    return tuple(reference for reference in found if not kinds or reference.kind in kinds)


def unknown_reference(
    protocol: Protocol, reference: Reference, names: Sequence[str], owner: str | None = None
) -> Issue:
    """Error for a name that nobody provides.

    Parameters
    ----------
    protocol : Protocol
    reference : Reference
    names : sequence of str
        Valid names.
    owner : str or None
        Who should have provided it, e.g. ``"the disease 'ra'"``.
    """
    words = {"criterion": "name in a criterion", "rule": "name in a rule"}
    if reference.path[0] in ("design", "missing"):
        words = {"criterion": "name in a stratum", "rule": "name in a condition"}
    kind = words.get(reference.kind, reference.kind)
    message = f"unknown {kind} '{reference.name}'"
    if owner is not None:
        message += f" for {owner}"
    expected = "one of " + ", ".join(sorted(names)) if names else None
    near = nearest(reference.name, names)
    return protocol.where.issue(reference.path, message, expected=expected, nearest=near)


def _of_criteria(protocol: Protocol) -> Iterator[Reference]:
    for index, criterion in enumerate(protocol.population.criteria):
        path: Path = ("population", "criteria", index, "expression")
        yield from _of_expression("criterion", criterion.expression, path)


def _of_arms(protocol: Protocol) -> Iterator[Reference]:
    for index, arm in enumerate(protocol.arms):
        yield from _of_interventions(arm.interventions, ("arms", index, "interventions"))
        yield from _of_scenario(arm.scenario, ("arms", index))


def _of_rules(protocol: Protocol) -> Iterator[Reference]:
    for index, rule in enumerate(protocol.rules):
        for found in _of_expression("rule", rule.when, ("rules", index, "when")):
            if found.name not in RULE_NAMES:
                yield found
        yield from _of_interventions(rule.action.give, ("rules", index, "action", "give"))


def _of_design(protocol: Protocol) -> Iterator[Reference]:
    strata = () if protocol.design is None else protocol.design.allocation.strata
    for index, stratum in enumerate(strata):
        yield from _of_expression("criterion", stratum, ("design", "allocation", "strata", index))
    for index, one in enumerate(protocol.missing):
        if one.when is not None:
            for found in _of_expression("rule", one.when, ("missing", index, "when")):
                if found.name not in RULE_NAMES:
                    yield found


def _of_expression(kind: Kind, expression: Expression, path: Path) -> Iterator[Reference]:
    for name in sorted(expression.names):
        yield Reference(kind, name, path)


def _of_interventions(given: Sequence[Intervention], path: Path) -> Iterator[Reference]:
    for index, one in enumerate(given):
        here: Path = (*path, index)
        if one.drug is not None:
            yield Reference("drug", one.drug, (*here, "drug"))
        if one.product is not None:
            yield Reference("product", one.product, (*here, "product"))
        if one.lot is not None:
            yield Reference("lot", one.lot, (*here, "lot"))
        if one.product is not None or one.sham:
            yield Reference("route", one.input, (*here, "route"))
        if one.per_kg:
            yield Reference("weight", "weight_kg", (*here, "dose_cell_per_kg"))


def _of_scenario(scenario: FrozenMapping[float], path: Path) -> Iterator[Reference]:
    for name in scenario:
        yield Reference("parameter", name, (*path, "scenario", name))
