"""Forward sensitivities as equations: a form beside its derivative in a direction of parameters.

Each state x has a companion ``tangent_x`` that follows x' differentiated; the direction is given by
parameters ``direction_p``. Constants and assignments have companions too, so gains of doses have:
what a dose adds to a tangent is the derivative of what it adds to the state.
"""

from __future__ import annotations

from collections.abc import Sequence

from funis.models.form import OdeForm


def tangent_form(form: OdeForm, names: Sequence[str]) -> OdeForm:
    """Return a form with the companions of its states.

    Parameters
    ----------
    names : parameters that the direction may have a share of.

    Raises
    ------
    ValueError
        An unknown parameter.
    """
    for name in names:
        if name not in form.parameters:
            raise ValueError(f"unknown parameter '{name}'")
    graph = form.graph
    known = {name: graph.symbol(direction(name)) for name in names}
    moved = {name: graph.symbol(tangent(name)) for name in form.states}

    def along(node: int, followed: dict[str, int]) -> int:
        slopes = graph.partials(node, frozenset(followed))
        return graph.sum(*(graph.product(node, followed[name]) for name, node in slopes.items()))

    def companions(
        rules: Sequence[tuple[str, int]], followed: dict[str, int]
    ) -> tuple[tuple[str, int], ...]:
        found = []
        for name, node in rules:
            slope = along(node, followed)
            if graph.constant(slope) != 0:
                found.append((tangent(name), slope))
                followed[name] = graph.symbol(tangent(name))
        return tuple(found)

    constants = companions(form.constants, known)
    initial = [along(node, known) for node in form.initial]
    followed = known | moved
    assignments = companions(form.assignments, followed)
    inflows = [n for n in form.parameters if n.startswith("inflow_")]
    added = {name: f"inflow_{tangent(name.removeprefix('inflow_'))}" for name in inflows}
    rates = []
    for state, rate in zip(form.states, form.rates, strict=True):
        terms = [along(rate, followed)]
        if f"inflow_{state}" in added:
            terms.append(graph.symbol(added[f"inflow_{state}"]))
        rates.append(graph.sum(*terms))
    more = (*(direction(name) for name in names), *added.values())
    return OdeForm(
        graph,
        (*form.states, *(tangent(name) for name in form.states)),
        (*form.parameters, *more),
        (*form.defaults, *(0.0 for _ in more)),
        (*form.constants, *constants),
        (*form.assignments, *assignments),
        (*form.rates, *rates),
        (*form.initial, *initial),
        form.conserved,
        form.forcing,
    )


def tangent(name: str) -> str:
    """Return the name of a companion."""
    return f"tangent_{name}"


def direction(name: str) -> str:
    """Return the name of the share that a parameter has in the direction."""
    return f"direction_{name}"
