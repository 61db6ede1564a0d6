"""Why a consultation asks for something: the criteria, and what a plan makes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from funis.checks import Expression
from funis.models import Model
from funis.plan.consulted import Consultation
from funis.plan.criteria import EligibilityRules, library_rules
from funis.plan.eligibility import applies
from funis.plan.facts import Fact, facts
from funis.plan.severity import traits
from funis.product import Product
from funis.protocol import Protocol

MATCHED = "finds virtual patients who resemble this one"
DRUGS = "is given to the virtual patients as well, where the model has its class"
DOSE = "gives the weight band of the worksheet, and the dose where it is per kg"
SAME = "virtual patients who resemble this one are the same in it"
PLAUSIBLE = "is held against the weight"


def asked_by(
    protocol: Protocol,
    model: Model,
    routes: Collection[str],
    *,
    product: Product | None = None,
    rules: EligibilityRules | None = None,
) -> dict[str, tuple[str, ...]]:
    """Return, by the key of a field, the criteria that ask for it, in words.

    Parameters
    ----------
    protocol, model, routes, product, rules
        As for ``judge_eligibility``.
    """
    rules = rules or library_rules()
    known = facts(Consultation("nobody", model.id, 70.0), model, routes, product=product)
    own = {name for one in protocol.population.criteria for name in one.expression.names}
    found: dict[str, list[str]] = {}
    for criterion in protocol.population.criteria:
        words = f"{criterion.id.replace('_', ' ')}: {criterion.expression.text}"
        for key in _keys(criterion.expression, known, model):
            found.setdefault(key, []).append(words)
    for general in rules.criteria:
        if general.unless not in own and applies(general, known):
            for key in _keys(general.expression, known, model):
                found.setdefault(key, []).append(general.text)
    return {key: tuple(dict.fromkeys(words)) for key, words in found.items()}


def used_for(model: Model) -> dict[str, tuple[str, ...]]:
    """Return, by the key of a field, what a plan makes of it beside eligibility."""
    numbers = (*(one.id for one in model.endpoints.components),)
    scores = tuple(one.id for one in model.endpoints.scores)
    return {
        "weight_kg": (DOSE, MATCHED),
        "height_cm": (PLAUSIBLE,),
        "age_year": (MATCHED,),
        "sex": (SAME,),
        "duration_year": (MATCHED,),
        "prior_failures": (MATCHED,),
        "medication": (DRUGS,),
        **{f"severity.{name}": (MATCHED,) for name in (*numbers, *scores)},
        **{f"severity.{name}": (SAME,) for name in traits(model)},
    }


def _keys(expression: Expression, known: Mapping[str, Fact], model: Model) -> Iterator[str]:
    """Yield the fields that an expression asks for, those behind its scores among them."""
    for name in sorted(expression.names):
        for part in _parts(name, model):
            fact = known.get(part)
            if fact is not None:
                yield fact.field.partition(".")[0] if fact.field in _ROWS else fact.field


_ROWS = ("medication.since_week", "medication.dose", "previous_infusions.reaction")
"""Parts of rows: the row itself is the field."""


def _parts(name: str, model: Model) -> Iterator[str]:
    """Yield a name, and what a score or a condition of that name is computed from."""
    yield name
    scores = {one.id: one.expression for one in model.endpoints.scores}
    scores |= {one.id: one.expression for one in model.endpoints.responders}
    if name in scores:
        for part in sorted(scores[name].names - {name}):
            yield from _parts(part, model)
