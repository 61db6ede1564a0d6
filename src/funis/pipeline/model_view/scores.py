"""What is measured of a virtual patient and how it becomes a score or a response."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from funis.models import Model
from funis.pipeline.model_view.mathml import equation_markup

Sort = Literal["component", "score", "responder", "category", "structural", "not testable"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One formula: a score, the condition of a response, a level of a category."""

    label: str
    text: str
    markup: str


@dataclass(frozen=True, slots=True)
class Measure:
    """What a trial may report of a patient, or why it cannot.

    Attributes
    ----------
    observable : equation that a component or a structural endpoint is read from.
    parts : what its formulas hold: other measures.
    rules : its formulas; none for what is measured directly.
    facts : range, noise, important difference and the like, as (word, value).
    """

    id: str
    sort: Sort
    name: str
    unit: str
    observable: str | None
    parts: tuple[str, ...]
    rules: tuple[Rule, ...]
    facts: tuple[tuple[str, str], ...]
    status: str | None
    source: str
    where: str | None
    note: str | None


def measures(model: Model) -> tuple[Measure, ...]:
    """Return scores, responses and categories first, then what they are made of."""
    return (
        *_scores(model), *_responders(model), *_categories(model), *_structural(model),
        *_components(model), *_missing(model),
    )  # fmt: skip


def _scores(model: Model) -> Iterable[Measure]:
    for one in model.endpoints.scores:
        facts = [("range", _range(one.low, one.high)), ("better", one.better)]
        facts += _important(one.minimal_important_difference)
        yield Measure(
            one.id, "score", one.name, one.unit, None, _parts(model, one.expression.names),
            (_rule("", one.expression.text),), tuple(facts), None, one.source, one.where, one.note,
        )  # fmt: skip


def _responders(model: Model) -> Iterable[Measure]:
    for one in model.endpoints.responders:
        facts: list[tuple[str, str]] = []
        facts += [("better", "lower")] if one.better == "lower" else []
        facts += [("held for", f"{one.held_weeks:g} weeks")] if one.held_weeks else []
        facts += [("once met", "it stays met")] if one.ever else []
        yield Measure(
            one.id, "responder", one.name, "", None, _parts(model, one.expression.names),
            (_rule("", one.expression.text),), tuple(facts), None, one.source, one.where, one.note,
        )  # fmt: skip


def _categories(model: Model) -> Iterable[Measure]:
    for one in model.endpoints.categories:
        rules = [_rule(level, rule.text) for level, rule in zip(one.levels, one.rules, strict=True)]
        names = frozenset[str]().union(*(rule.names for rule in one.rules))
        facts = (("levels", "the first whose rule holds, best first"),)
        yield Measure(
            one.id, "category", one.name, "", None, _parts(model, names), tuple(rules), facts,
            None, one.source, one.where, one.note,
        )  # fmt: skip


def _structural(model: Model) -> Iterable[Measure]:
    for one in model.endpoints.structural:
        facts = [("range", _range(one.low, one.high)), ("better", one.better)]
        facts += _important(one.minimal_important_difference)
        yield Measure(
            one.id, "structural", one.name, one.unit, one.observable, (), (), tuple(facts), None,
            one.source, one.where, one.note,
        )  # fmt: skip


def _components(model: Model) -> Iterable[Measure]:
    for one in model.endpoints.components:
        facts = [
            ("range", _range(one.low, one.high)),
            ("reported by", one.reporter),
            ("noise", f"sd {one.noise_sd:g} on the {one.scale} scale"),
            ("expectation on placebo", f"{one.expectation:g} down at full expectation"),
            ("inflation at screening", f"{one.inflation:g} up"),
        ]
        facts += [("recorded in steps of", f"{one.rounding:g}")] if one.rounding else []
        facts += _important(one.minimal_important_difference)
        yield Measure(
            one.id, "component", one.name, one.unit, one.observable, (), (), tuple(facts),
            one.status, one.source or "no source", one.where, one.note,
        )  # fmt: skip


def _missing(model: Model) -> Iterable[Measure]:
    for one in model.endpoints.not_testable:
        yield Measure(
            one.id, "not testable", one.name, "", None, (), (), (("why", one.reason),), None,
            one.source, one.where, None,
        )  # fmt: skip


def _rule(label: str, text: str) -> Rule:
    return Rule(label, text, equation_markup("", text))


def _parts(model: Model, names: Iterable[str]) -> tuple[str, ...]:
    found = {*names}
    return tuple(name for name in model.endpoints.names if name in found)


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}"


def _important(value: float | None) -> list[tuple[str, str]]:
    return [] if value is None else [("smallest important difference", f"{value:g}")]
