"""Who responds, without noise: the disease's own rules on the true course of each patient."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.checks import Expression, parse_expression
from funis.models import Endpoints
from funis.models.endpoints import Category, Responder, Score, evaluate_endpoints
from funis.population.scores import ScoreReader
from funis.report.scales import Array


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """Rules that can be judged from noise-free courses.

    Baseline is the first time of the course. Rules that ask for earlier visits are left out: a
    course has no visits. So are rules about descriptors, events and counts: a true course holds
    their mean, not what became of a patient.

    Attributes
    ----------
    endpoints
        Of the disease, and a rule for each score that has a minimal important difference.
    names
        Ids of the rules.
    """

    endpoints: Endpoints
    names: tuple[str, ...]

    @classmethod
    def of(cls, endpoints: Endpoints) -> Responses:
        """Return the rules of a disease."""
        own = tuple(
            _improved(score)
            for score in endpoints.scores
            if score.minimal_important_difference is not None
        )
        whole = replace(
            endpoints,
            responders=(*endpoints.responders, *own),
            order=(*endpoints.order, *(rule.id for rule in own)),
        )
        names = [name for name in whole.conditions if not _beyond_course(whole, name)]
        return cls(whole, tuple(names))

    def judge(self, reader: ScoreReader, observed: Array) -> NDArray[np.bool_]:
        """Return who meets each rule at each time, (patient, time, rule).

        Parameters
        ----------
        observed
            What the components observe, (patient, time, output); what is missing meets no rule.
        """
        shape = observed.shape[:2]
        now = reader.components(observed)
        start = {name: np.repeat(v.reshape(shape)[:, 0], shape[1]) for name, v in now.items()}
        found = evaluate_endpoints(self.endpoints, now, start, names=self.names)
        judged = [np.asarray(found[name], dtype=np.bool_).reshape(shape) for name in self.names]
        return np.stack(judged, axis=2) if judged else np.empty((*shape, 0), dtype=np.bool_)

    def definition(self, name: str) -> tuple[str, str]:
        """Return the name of a rule in words, and what it says."""
        for rule in self.endpoints.responders:
            if rule.id == name:
                return rule.name, rule.expression.text
        category, place = _level(self.endpoints, name)
        earlier = " and ".join(f"not {category.id}_{level}" for level in category.levels[:place])
        text = category.rules[place].text
        words = f"{category.name}: {category.levels[place]}"
        return words, f"({text}) and {earlier}" if earlier else text


def _improved(score: Score) -> Responder:
    least = score.minimal_important_difference
    text = f"<= -{least}" if score.better == "lower" else f">= {least}"
    name = f"{score.name} better than at the start by the important difference ({least:g})"
    rule = parse_expression(f"change({score.id}) {text}", (score.id,))
    return Responder(f"{score.id}_improved", name, rule, score.source, score.where, score.note)


def _beyond_course(endpoints: Endpoints, name: str) -> bool:
    """Whether a rule, or anything that it is computed from, asks for earlier visits or luck."""
    rules = _rules(endpoints, name)
    remembers = any(item.remembers for item in endpoints.responders if item.id == name)
    lucky = any(item.by_chance for item in endpoints.components if item.id == name)
    if remembers or lucky or any("previous" in rule.functions for rule in rules):
        return True
    return any(_beyond_course(endpoints, other) for rule in rules for other in sorted(rule.names))


def _rules(endpoints: Endpoints, name: str) -> tuple[Expression, ...]:
    single = {item.id: item.expression for item in endpoints.responders}
    single |= {item.id: item.expression for item in endpoints.scores}
    if name in single:
        return (single[name],)
    for category in endpoints.categories:
        if name in (category.id, *category.level_names):
            return category.rules
    return ()


def _level(endpoints: Endpoints, name: str) -> tuple[Category, int]:
    return next(
        (category, category.level_names.index(name))
        for category in endpoints.categories
        if name in category.level_names
    )
