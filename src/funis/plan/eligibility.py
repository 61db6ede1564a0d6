"""Could this virtual patient enter that trial: one judgement for each criterion, with its reason.

It says nothing about treatment. A criterion is met, is not met, or cannot be told because a value
that could change it is missing; then the value is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from funis.checks import Expression
from funis.checks.ranges import NO, YES, Range
from funis.models import Model
from funis.plan.consulted import Consultation, Eligibility, Judgement, Verdict
from funis.plan.criteria import EligibilityRules, GeneralCriterion, library_rules
from funis.plan.facts import NOT_KNOWN, Fact, facts
from funis.plan.licensing import drug_notes
from funis.product import Product
from funis.protocol import Criterion, Protocol

ORDER: tuple[Verdict, ...] = ("does not meet", "cannot tell", "meets")
"""Verdicts, the worst first."""

VERDICTS: Mapping[Range, Verdict] = {YES: "meets", NO: "does not meet"}
"""What an expression that is certain says."""


def judge_eligibility(
    consultation: Consultation,
    protocol: Protocol,
    model: Model,
    routes: Collection[str],
    *,
    product: Product | None = None,
    rules: EligibilityRules | None = None,
) -> Eligibility:
    """Judge every criterion of a trial, and the general ones, on a consultation.

    Parameters
    ----------
    consultation : Consultation
        The values at one moment: criteria of screening and of baseline are judged alike.
    protocol : Protocol
        Its entry criteria are asked.
    model : Model
        Disease of the protocol.
    routes : collection of str
        Routes by which the arm gives cells.
    product : Product or None
        What the arm gives; where it is None, what concerns some products is asked all the same.
    rules : EligibilityRules or None
        General criteria; those of the library by default.

    Returns
    -------
    Eligibility
        The trial's own criteria first.
    """
    rules = rules or library_rules()
    known = facts(consultation, model, routes, product=product)
    asked = {name for one in protocol.population.criteria for name in one.expression.names}
    judgements = (
        *(judge_own(one, known) for one in protocol.population.criteria),
        *(
            judge_general(one, known)
            for one in rules.criteria
            if one.unless not in asked and applies(one, known)
        ),
    )
    return Eligibility(
        judgements,
        worst(one.verdict for one in judgements),
        tuple(dict.fromkeys(name for one in judgements for name in one.missing)),
        drug_notes(consultation, model, rules.effects),
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts; "meets" where there are none."""
    given = set(verdicts)
    return next((one for one in ORDER if one in given), "meets")


def judge_own(criterion: Criterion, known: Mapping[str, Fact]) -> Judgement:
    """Judge an entry criterion of the trial."""
    text = f"{criterion.id.replace('_', ' ')}: {criterion.expression.text}"
    source = criterion.source or "not reported"
    return _judgement(criterion.id, text, criterion.expression, source, known, "protocol")


def judge_general(criterion: GeneralCriterion, known: Mapping[str, Fact]) -> Judgement:
    """Judge a general criterion."""
    return _judgement(
        criterion.id, criterion.text, criterion.expression, criterion.origin, known, "general"
    )


def applies(criterion: GeneralCriterion, known: Mapping[str, Fact]) -> bool:
    """Whether it is asked at all; what the disease does not have, such as a route, is 0."""
    if criterion.applies is None:
        return True
    there = {name: known[name].limits for name in criterion.applies.names if name in known}
    return criterion.applies.limits(dict.fromkeys(criterion.applies.names, NO) | there) != NO


def _judgement(
    name: str,
    text: str,
    expression: Expression,
    source: str,
    known: Mapping[str, Fact],
    origin: Literal["protocol", "general"],
) -> Judgement:
    asked = {one: known[one] for one in _in_order(expression) if one in known}
    unknown = {one: fact for one, fact in asked.items() if not fact.known}
    found = _limits(expression, known)
    verdict = VERDICTS.get(found, "cannot tell")
    told = {one: fact for one, fact in asked.items() if one not in unknown}
    value = ", ".join(f"{_words(one)}: {fact.shown}" for one, fact in told.items()) or None
    missing = tuple(dict.fromkeys(fact.field for fact in unknown.values()))
    return Judgement(
        name, text, verdict, value, expression.text,
        _reason(verdict, text, value, unknown), source, origin,
        missing if verdict == "cannot tell" else (),
    )  # fmt: skip


def _limits(expression: Expression, known: Mapping[str, Fact]) -> Range:
    return expression.limits({name: fact.limits for name, fact in known.items()})


def _in_order(expression: Expression) -> list[str]:
    """Return the names of an expression in the order in which they stand."""
    words = re.findall(r"[A-Za-z_]\w*", expression.text)
    return [word for word in dict.fromkeys(words) if word in expression.names]


def _reason(verdict: Verdict, text: str, value: str | None, unknown: Mapping[str, Fact]) -> str:
    """Say why, in one sentence."""
    if verdict == "cannot tell":
        parts = [_open(name, fact) for name, fact in unknown.items()]
        return f"Not known: {', '.join(dict.fromkeys(parts))}. Asked: {text}."
    if verdict == "does not meet":
        return f"Found: {value or _ranges(unknown)}. Asked: {text}."
    return f"Found: {value or _ranges(unknown)}. This is what is asked."


def _ranges(unknown: Mapping[str, Fact]) -> str:
    return ", ".join(f"{_words(name)} {fact.shown}" for name, fact in unknown.items())


def _open(name: str, fact: Fact) -> str:
    """Name a field, and what is known of it all the same."""
    vague = fact.shown == NOT_KNOWN
    return fact.field if vague else f"{fact.field} ({_words(name)} {fact.shown})"


def _words(name: str) -> str:
    return name.replace("_", " ")
