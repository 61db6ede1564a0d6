"""What a search says in words: its first line, and what the reader must know beside it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from funis.pipeline.optimise.candidates import Candidate
from funis.pipeline.optimise.judge import LOW
from funis.pipeline.optimise.search import DRAWS, PATIENTS, SearchResult
from funis.pipeline.reporting.endpoints import endpoint_name

NAMED = 6
"""Candidates that the first line names; the table marks all of them."""

FORMS = {"dose_flat": "flat", "dose_emax": "Emax", "dose_bell": "bell-shaped"}


def first_line(result: SearchResult) -> str:
    """Return the answer: the one optimum, or which candidates cannot be told apart."""
    verdict, names = result.verdict, [one.id for one in result.plan.candidates]
    settings = f"all {len(result.settings)} settings (dose shapes times potencies)"
    if verdict.optimum is not None:
        others = f"each of {len(names) - 1} others and than no cells"
        best = result.plan.candidates[verdict.optimum]
        return (
            f"The largest effect in {settings}: {best.label} ({best.id}); better than"
            f" {others if len(names) > 1 else 'no cells'} by the 80 % interval of the difference."
        )
    if not verdict.alike:
        return f"No regimen is better than no cells in {settings}."
    if len(verdict.alike) == 1:
        most = f"; of {len(names)}, {names[verdict.alike[0]]} does most" if len(names) > 1 else ""
        return f"No regimen is better than no cells in {settings}{most}."
    shown = ", ".join(names[place] for place in verdict.alike[:NAMED])
    more = len(verdict.alike) - NAMED
    rest = f" and {more} more" if more > 0 else ""
    line = (
        f"The alternatives cannot be told apart: none of {len(names)} is best in {settings};"
        f" these remain: {shown}{rest}."
    )
    if verdict.no_cells_stands:
        line += " Nor can no cells be told apart from them."
    return line


def caveats(result: SearchResult) -> tuple[str, ...]:
    """Return what stands beside the answer, the gravest first."""
    return tuple((*_of_optimum(result), *_of_effects(result), *_of_costs(result)))


def _of_optimum(result: SearchResult) -> Iterator[str]:
    place = result.verdict.optimum
    if place is None:
        return
    if result.patients < PATIENTS or result.draws < DRAWS:
        yield (
            f"{result.patients} patients and {result.draws} draws are fewer than usual ({PATIENTS}"
            f" and {DRAWS}): look again with more before it is believed."
        )
    edges = at_edges(result.plan.candidates, place)
    if edges:
        yield f"It has {' and '.join(edges)} of the search: more than that was not looked at."
    yield (
        f"Only the effect decides. It comes with {np.nanmean(result.events[:, place]):.1f} adverse"
        f" events, {result.uses[place].cells:,.0f} million cells and"
        f" {result.uses[place].infusions} administrations a patient: see the front."
    )


def at_edges(candidates: tuple[Candidate, ...], place: int) -> list[str]:
    """Return in what a candidate is the utmost of those that were searched."""
    one = candidates[place]
    alike = [other.dose for other in candidates if other.per_kg == one.per_kg]
    found = []
    if len(set(alike)) > 1 and one.dose == max(alike):
        found.append("the largest dose")
    numbers = {other.number for other in candidates}
    if len(numbers) > 1 and one.number == max(numbers):
        found.append("the longest first course")
    every = {other.maintenance or np.inf for other in candidates}
    if len(every) > 1 and (one.maintenance or np.inf) == min(every):
        found.append("the densest maintenance")
    return found


def _of_effects(result: SearchResult) -> Iterator[str]:
    best = [float(np.max(result.means(one))) for one in result.settings]
    important = result.plan.important
    if result.by == "course" and important is not None and max(best) < important:
        yield (
            f"No effect is large: over {result.plan.horizon:g} weeks the largest mean is"
            f" {min(best):.2f} to {max(best):.2f} in the settings, below the important difference"
            f" of {important:g}."
        )
    chance = [one.no_effect for one in result.settings if one.no_effect is not None]
    if not chance:
        yield "There is no posterior of this disease: the library's values stand in for both."
    elif max(chance) > 0:
        yield (
            f"Cells do nothing with a probability of {100 * min(chance):.0f} to"
            f" {100 * max(chance):.0f} %; an interval of 80 % does not show what is rarer than"
            f" {100 * LOW:.0f} %."
        )
    failed = sum(one.effects.failed for one in result.settings)
    if failed:
        yield f"{failed} courses were not solved; their patients are left out of all candidates."


def _of_costs(result: SearchResult) -> Iterator[str]:
    routes = {one.route for one in result.plan.candidates}
    unknown = {
        one.route
        for place, one in enumerate(result.plan.candidates)
        if np.isnan(result.events[:, place]).all()
    }
    if unknown:
        yield f"Nothing is known of adverse events by the route {', '.join(sorted(unknown))}."
    if unknown != routes:
        yield (
            "Adverse events follow from route and number of doses, for no data tie them to the"
            " number of cells; each counts the same, whatever its grade."
        )
    yield "Costs are assumed, in units of one administration; they are no money."


def effect_words(result: SearchResult) -> str:
    """Return what candidates are judged by."""
    endpoints = result.plan.design.trial.model.endpoints
    if result.by == "course" and result.plan.score is not None:
        name = endpoint_name(result.plan.score, endpoints)
        return f"{name}, mean benefit over {result.plan.horizon:g} weeks against no cells"
    return response_words(result)


def response_words(result: SearchResult) -> str:
    """Return the endpoint in words."""
    request = result.plan.design.request
    name = endpoint_name(request.endpoint, result.plan.design.trial.model.endpoints)
    more = "fewer" if result.plan.sign < 0 else "more"
    kinds = {"responder": f"{more} responders than", "rate": f"{more} events a year than"}
    kind = kinds.get(request.measure, "mean benefit against")
    return f"{name} at week {request.week:g}, {kind} {'with ' * kind.endswith('than')}no cells"


def setting_words(structure: str, basis: str) -> str:
    """Return a setting in words."""
    return f"{FORMS.get(structure, structure)}, {basis}"
