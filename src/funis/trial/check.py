"""Where protocol, model and product first meet: what one names has to exist in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from funis.checks import Issue, IssueList, nearest
from funis.models import Model
from funis.population.fluctuation import ORIGIN_DAY
from funis.product import Lot, Product, check_release, library_lots
from funis.protocol import (
    Intervention,
    Protocol,
    Reference,
    Structure,
    library_structures,
    references,
    unknown_reference,
)
from funis.protocol.lines import Path
from funis.safety import library_safety
from funis.trial.check_methods import check_methods
from funis.trial.enrol import run_in_day
from funis.trial.study import products_of


def check(protocol: Protocol, model: Model, products: Mapping[str, Product]) -> IssueList:
    """Check a protocol against the model and the products it is conducted with.

    Returns
    -------
    IssueList
        Every route, drug, endpoint, parameter, product and name in an expression that nobody
        provides, with file, line and the nearest name.
    """
    issues: list[Issue] = []
    for kind, names in _names(protocol, model, products).items():
        for reference in references(protocol, kind):  # type: ignore[arg-type]
            if reference.name not in names(reference):
                owner = f"the disease '{model.id}'" if kind not in ("product", "lot") else None
                issues.append(unknown_reference(protocol, reference, names(reference), owner))
    issues += _structures(protocol, model)
    issues += _terms(protocol)
    issues += check_methods(protocol, model)
    issues += lot_issues(protocol, products)
    found = [*issues, *_products(protocol), *_measures(protocol, model), *_run_in(protocol)]
    return IssueList((*found, *_single_names(protocol, model)))


def _names(
    protocol: Protocol, model: Model, products: Mapping[str, Product]
) -> dict[str, Callable[[Reference], Sequence[str]]]:
    endpoints = model.endpoints
    cells = [given.id for given in model.inputs if given.kind == "cells"]
    drugs = [given.id for given in model.inputs if given.kind == "drug"]
    entry = [*endpoints.names, *model.covariates.values()]
    decided = [*entry, *(item.id for item in endpoints.structural)]
    asked = [*endpoints.numbers, *endpoints.conditions]
    parameters = [p.id for p in model.parameters]
    return {
        "disease": lambda _: [model.id],
        "route": lambda _: cells,
        "drug": lambda _: drugs,
        "product": lambda _: sorted(
            name for name, one in products.items() if not isinstance(one, Lot)
        ),
        "lot": lambda one: sorted({*library_lots(), *(one.name,) * (one.name in products)}),
        "endpoint": lambda _: asked,
        "criterion": lambda _: entry,
        "rule": lambda _: decided,
        "parameter": lambda _: parameters,
        "weight": lambda _: list(model.covariates.values()),
    }


def _terms(protocol: Protocol) -> list[Issue]:
    """Find adverse events of the design that the library does not have."""
    design, known = protocol.design, sorted(library_safety().terms)
    if design is None:
        return []
    asked: list[tuple[Path, str]] = []
    if design.unmasking is not None:
        path: Path = ("design", "unmasking", "by")
        asked += [((*path, number), name) for number, name in enumerate(design.unmasking.by)]
    if design.escalation is not None:
        path = ("design", "escalation", "dose_limiting", "terms")
        asked += [((*path, number), name) for number, name in enumerate(design.escalation.terms)]
    return [
        protocol.where.issue(
            path,
            f"unknown adverse event '{name}'",
            expected="one of " + ", ".join(known),
            nearest=nearest(name, known),
        )
        for path, name in asked
        if name not in known
    ]


def _run_in(protocol: Protocol) -> list[Issue]:
    """Refuse a run-in that begins before the fluctuation of the disease does."""
    begin = run_in_day(protocol)
    if begin >= ORIGIN_DAY:
        return []
    message = f"screening and run-in begin on day {begin}"
    expected = f"day {ORIGIN_DAY} or later: a shorter run-in, or a later screening"
    return [protocol.where.issue(("population", "run_in_week"), message, expected=expected)]


def _products(protocol: Protocol) -> list[Issue]:
    given = [products_of(arm, protocol.rules) for arm in protocol.conducted]
    return [
        protocol.where.issue(
            ("arms", number, "interventions"),
            f"arm '{arm.id}' gives {len(products)} products",
            expected="one product an arm: viability is a property of the arm",
        )
        for number, (arm, products) in enumerate(zip(protocol.conducted, given, strict=True))
        if len(products) > 1
    ]


def lot_issues(protocol: Protocol, products: Mapping[str, Product]) -> list[Issue]:
    """Find lots of another product, and lots that fail release without being asked for."""
    return [
        protocol.where.issue((*path, "lot"), fault[0], expected=fault[1])
        for path, one in _given(protocol)
        if (fault := _lot_fault(one, products)) is not None
    ]


def _lot_fault(one: Intervention, products: Mapping[str, Product]) -> tuple[str, str] | None:
    lot = products.get(one.lot or "")
    if not isinstance(lot, Lot):
        return None
    if lot.product != one.product:
        return f"'{lot.id}' is a lot of '{lot.product}'", f"a lot of '{one.product}'"
    release = check_release(lot)
    if release.verdict == "fail" and not one.allow_failed_lot:
        message = f"lot '{lot.id}' fails release: {release.reason}"
        return message, "a lot that does not, or allow_failed_lot: true to simulate it all the same"
    return None


def _given(protocol: Protocol) -> list[tuple[Path, Intervention]]:
    """Return every intervention with its place in the file."""
    arms: list[tuple[Path, Intervention]] = [
        (("arms", number, "interventions", place), one)
        for number, arm in enumerate(protocol.arms)
        for place, one in enumerate(arm.interventions)
    ]
    return arms + [
        (("rules", number, "action", "give", place), one)
        for number, rule in enumerate(protocol.rules)
        for place, one in enumerate(rule.action.give)
    ]


def has_structure(model: Model, structure: Structure) -> bool:
    """Return whether a disease has every parameter that a structure sets."""
    return {*structure.parameters} <= {p.id for p in model.parameters}


def _structures(protocol: Protocol, model: Model) -> list[Issue]:
    """Find structures that set a parameter which the disease does not have."""
    chosen: list[tuple[Path, Structure]] = [
        (("structures", number), one) for number, one in enumerate(protocol.structures)
    ]
    chosen += [
        (("arms", place, "structures", number), one)
        for place, arm in enumerate(protocol.arms)
        for number, one in enumerate(arm.structures)
    ]
    possible = [name for name, one in library_structures().items() if has_structure(model, one)]
    return [
        protocol.where.issue(
            path,
            f"the disease '{model.id}' does not have the structure '{one.id}'",
            expected="one of " + ", ".join(possible),
        )
        for path, one in chosen
        if not has_structure(model, one)
    ]


def _single_names(protocol: Protocol, model: Model) -> list[Issue]:
    """Find criteria and rules that are the name of a number alone."""
    asked: list[tuple[Path, str]] = [
        (("population", "criteria", number, "expression"), item.expression.text)
        for number, item in enumerate(protocol.population.criteria)
    ]
    asked += [
        (("rules", number, "when"), rule.when.text) for number, rule in enumerate(protocol.rules)
    ]
    asked += [
        (("missing", number, "when"), one.when.text)
        for number, one in enumerate(protocol.missing)
        if one.when is not None
    ]
    strata = () if protocol.design is None else protocol.design.allocation.strata
    asked += [
        (("design", "allocation", "strata", number), one.text) for number, one in enumerate(strata)
    ]
    numbers = {*model.endpoints.numbers, *model.covariates.values(), "week", "doses_given"}
    return [
        protocol.where.issue(
            path, f"'{text}' is a number", expected=f"a condition, e.g. {text} > 0"
        )
        for path, text in asked
        if text in numbers
    ]


def _measures(protocol: Protocol, model: Model) -> list[Issue]:
    issues = []
    for number, request in enumerate(protocol.endpoints):
        suits = model.endpoints.measures(request.endpoint)
        if suits and request.measure not in suits:
            events = model.endpoints.event_counts if request.measure == "rate" else ()
            issues.append(
                protocol.where.issue(
                    ("endpoints", number, "measure"),
                    f"'{request.endpoint}' cannot be reported as {request.measure}",
                    expected=" or ".join(suits)
                    + (f" (rate: {', '.join(events)})" if events else ""),
                    nearest=nearest(request.endpoint, events),
                )
            )
    return issues
