"""What `funis optimise` prints: one JSON document, and tables for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.optimise.judge import interval
from funis.pipeline.optimise.search import Judged, SearchResult
from funis.pipeline.optimise.words import (
    caveats,
    effect_words,
    first_line,
    response_words,
    setting_words,
)
from funis.pipeline.run import finite
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE

Array = NDArray[np.float64]

SMALL, TRACE = 0.05, 1e-4
"""Below the first an effect needs other digits; below the second it is nothing to be seen."""


def search_document(result: SearchResult) -> dict[str, Any]:
    """Return a search as plain data; effects are benefits against no cells."""
    plan, verdict = result.plan, result.verdict
    names = [one.id for one in plan.candidates]
    best = None if verdict.optimum is None else names[verdict.optimum]
    protocol = plan.design.trial.protocol
    document = {
        "research_use": RESEARCH_USE,
        "first_line": first_line(result),
        "caveats": list(caveats(result)),
        "trial": protocol.id,
        "seed": protocol.seed,
        "stratum": plan.stratum,
        "optimum": best,
        "cannot_be_told_apart": [names[place] for place in verdict.alike],
        "no_cells_cannot_be_told_apart": verdict.no_cells_stands,
        "judged_by": result.by,
        "effect": effect_words(result),
        "response": response_words(result),
        "horizon_week": plan.horizon,
        "patients": result.patients,
        "draws": result.draws,
        "interval": "80 % of draws of the model and samples of the patients",
        "settings": [
            {"id": one.id, "structure": one.world.structure, "potency": one.world.id,
             "no_effect": one.no_effect, "failed": one.effects.failed}
            for one in result.settings
        ],
        "candidates": [_candidate(result, place) for place in range(len(names))],
    }  # fmt: skip
    return {name: finite(value) for name, value in document.items()}


def _candidate(result: SearchResult, place: int) -> dict[str, Any]:
    one, use = result.plan.candidates[place], result.uses[place]
    return {
        "id": one.id, "label": one.label, "dose": one.dose, "per_kg": one.per_kg,
        "route": one.route, "number": one.number, "interval_week": one.interval,
        "maintenance_week": one.maintenance, "weeks": list(one.weeks),
        "settings": {setting.id: _in_setting(setting, place) for setting in result.settings},
        "cells": use.cells, "infusions": use.infusions, "cost": use.cost,
        "events": _spread(result.events[:, place], float(np.mean(result.events[:, place]))),
        "on_front": front_share(result, place),
    }  # fmt: skip


def _in_setting(setting: Judged, place: int) -> dict[str, Any]:
    effects = setting.effects
    course = effects.course_samples
    return {
        "response": _spread(effects.response_samples[..., place], float(effects.response[place])),
        "course": None
        if course is None or effects.course is None
        else _spread(course[..., place], float(effects.course[place])),
        "on_front": float(setting.front[place]),
    }


def _spread(samples: Array, mean: float) -> dict[str, float]:
    low, high = interval(samples[..., None])[:, 0].tolist()
    return {"mean": mean, "low": low, "high": high}


def front_share(result: SearchResult, place: int) -> float:
    """Return in what share of all draws a candidate lies on the front."""
    return float(np.mean([setting.front[place] for setting in result.settings]))


def search_tables(result: SearchResult) -> list[Table]:
    """Return a search as tables, the largest effect first."""
    return [_candidate_table(result), _setting_table(result)]


def in_order(result: SearchResult) -> list[int]:
    """Return the places of the candidates, the largest mean effect over all settings first."""
    means = np.mean([result.means(one) for one in result.settings], axis=0)
    return [int(place) for place in np.argsort(-means, kind="stable")]


def mark(result: SearchResult, place: int) -> str:
    """Return how a candidate is marked: the optimum, or one that cannot be told apart."""
    if place == result.verdict.optimum:
        return "best"
    return "=" if place in result.verdict.alike else ""


def _candidate_table(result: SearchResult) -> Table:
    shares = result.plan.design.request.measure == "responder"
    columns = (
        "", "Regimen", "Million cells", "Doses", "Cost", "Events", "Effect, least to most",
        "Response, points" if shares else "Response", "On front",
    )  # fmt: skip
    order = in_order(result)
    rows = tuple(_row(result, place) for place in order)
    first = result.plan.candidates[order[0]]
    title = f"{effect_words(result)}; = cannot be told apart.\n{first.id}: {first.label}"
    return Table(title, columns, rows)


def _row(result: SearchResult, place: int) -> tuple[str, ...]:
    one, use = result.plan.candidates[place], result.uses[place]
    events = float(np.mean(result.events[:, place]))
    return (
        mark(result, place), one.id, f"{use.cells:,.0f}", str(use.infusions), f"{use.cost:.1f}",
        "not known" if np.isnan(events) else f"{events:.2f}",
        range_text(result, place), response_text(result, place),
        f"{100 * front_share(result, place):.0f} %",
    )  # fmt: skip


def number_text(value: float) -> str:
    """Return an effect with two decimals, or two digits where it is small."""
    text = f"{value:.2f}" if abs(value) >= SMALL or value == 0 else f"{value:.1g}"
    return "0.00" if abs(value) < TRACE else text


def range_text(result: SearchResult, place: int) -> str:
    """Return the least and the most of the mean effects of a candidate over the settings."""
    means = [float(result.means(one)[place]) for one in result.settings]
    return f"{number_text(min(means))} to {number_text(max(means))}"


def response_text(result: SearchResult, place: int) -> str:
    """Return the least and the most of its responses over the settings; of shares in points."""
    means = [float(one.effects.response[place]) for one in result.settings]
    if result.plan.design.request.measure == "responder":
        return f"{100 * min(means):+.0f} to {100 * max(means):+.0f}"
    return f"{number_text(min(means))} to {number_text(max(means))}"


def _setting_table(result: SearchResult) -> Table:
    columns = (
        "Setting", "No effect", "Largest effect", "Mean (80 %)", "Next",
        "Difference (80 %)",
    )  # fmt: skip
    rows = tuple(setting_row(result, one) for one in result.settings)
    return Table("The two largest effects in each setting, and their paired difference",
                 columns, rows)  # fmt: skip


def setting_row(result: SearchResult, setting: Judged) -> tuple[str, ...]:
    """Return the best and the next of a setting, in words."""
    means, samples = result.means(setting), result.samples(setting)
    order = np.argsort(-means, kind="stable")
    first, names = int(order[0]), [one.id for one in result.plan.candidates]
    head = (
        setting_words(setting.world.structure, setting.world.id),
        "not known" if setting.no_effect is None else f"{100 * setting.no_effect:.0f} %",
        names[first],
        _text(samples[..., first], float(means[first])),
    )
    if len(order) < 2:
        return (*head, "", "")
    second = int(order[1])
    difference = samples[..., first] - samples[..., second]
    return (*head, names[second], _text(difference, float(means[first] - means[second])))


def _text(samples: Array, mean: float) -> str:
    low, high = interval(samples[..., None])[:, 0].tolist()
    return f"{number_text(mean)} ({number_text(low)} to {number_text(high)})"
