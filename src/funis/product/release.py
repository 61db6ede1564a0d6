"""Release: what a lot or product has to show, and what was reported of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from funis.checks import Document, Issue, IssueList, nearest, read_yaml, validate
from funis.product.load import LIBRARY
from funis.product.lots import Lot, Result
from funis.product.values import Product

RULES = LIBRARY.parent / "release.yaml"
Verdict = Literal["pass", "fail", "not reported"]
Group = Literal["donor", "identity", "quality", "safety", "expansion"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of release with its source: a limit, or the word that is expected."""

    id: str
    text: str
    group: Group
    source: str
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()
    expected: bool | str | None = None

    @property
    def limit(self) -> str:
        """What has to hold, in words."""
        if self.expected is not None:
            return _word(self.expected)
        parts = [f"{sign} {limit:g}" for sign, limit in _limits(self)]
        unit = "" if self.unit == "fraction" else self.unit or ""
        return f"{' and '.join(parts)} {unit}".strip()

    def judge(self, value: Result | bool | None) -> Verdict:
        """Return whether a value passes; None is not reported."""
        if value is None:
            return "not reported"
        if self.expected is not None:
            return "pass" if value == self.expected else "fail"
        number = float(value)
        above = self.low is None or number >= self.low
        below = self.high is None or number <= self.high
        return "pass" if above and below else "fail"


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """A rule, the value that was reported, and the verdict."""

    rule: Rule
    value: Result | bool | None
    verdict: Verdict

    @property
    def shown(self) -> str:
        """The value in words."""
        if self.value is None:
            return "not reported"
        return f"{self.value:g}" if _is_number(self.value) else _word(self.value)


@dataclass(frozen=True, slots=True)
class Release:
    """The results of a lot or product by rule."""

    of: str
    results: tuple[ReleaseResult, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst: fail before not reported before pass."""
        found = {result.verdict for result in self.results}
        worst: tuple[Verdict, ...] = ("fail", "not reported", "pass")
        return next(one for one in worst if one in found)

    def of_verdict(self, verdict: Verdict) -> tuple[ReleaseResult, ...]:
        """Return the results of one verdict."""
        return tuple(result for result in self.results if result.verdict == verdict)

    @property
    def reason(self) -> str:
        """What failed, as one line."""
        return ", ".join(
            f"{one.rule.id} {one.shown} (expected {one.rule.limit})"
            for one in self.of_verdict("fail")
        )


@cache
def release_rules() -> Mapping[str, Rule]:
    """Rules of the library by id."""
    return load_rules(RULES)


def load_rules(path: str | Path) -> Mapping[str, Rule]:
    """Read a file of rules of release.

    Raises
    ------
    InputError
        What is wrong with the file.
    """
    from funis.product.settings_schema import RulesSchema

    found = validate(RulesSchema, read_yaml(path))
    return {name: Rule(id=name, **rule.model_dump()) for name, rule in found.release_rules.items()}


def check_release(given: Product) -> Release:
    """Judge a lot, or what is reported of a product, by every rule of release.

    Parameters
    ----------
    given : Product or Lot

    Returns
    -------
    Release
        A rule of which nothing is reported is ``not reported``, never a pass.
    """
    values = _of_lot(given) if isinstance(given, Lot) else _of_product(given)
    return Release(
        given.id,
        tuple(
            ReleaseResult(rule, values.get(name), rule.judge(values.get(name)))
            for name, rule in release_rules().items()
        ),
    )


def check_results(results: Mapping[str, Result], document: Document) -> None:
    """Refuse results of a lot file that no rule asks for, or that its rule cannot read.

    Raises
    ------
    InputError
        One issue a fault, with file and line.
    """
    rules = {name: rule for name, rule in release_rules().items() if name not in _ELSEWHERE}
    IssueList(
        Issue(document.file, document.lines.get(("results", name)), f"results.{name}", *fault)
        for name, value in results.items()
        if (fault := _fault(name, value, rules)) is not None
    ).raise_errors()


_ELSEWHERE = ("consent", "screening", "testing", "passage", "population_doublings")
"""Rules whose value has a place of its own in a lot file."""


def _fault(
    name: str, value: Result, rules: Mapping[str, Rule]
) -> tuple[str, str, str | None] | None:
    if name not in rules:
        return f"unknown test '{name}'", "one of " + ", ".join(rules), nearest(name, list(rules))
    rule = rules[name]
    if rule.words and value not in rule.words:
        near = nearest(str(value), list(rule.words))
        return f"'{value}' is no result", " or ".join(rule.words), near
    if not rule.words and not _is_number(value):
        return f"'{value}' is no number", f"a number in {rule.unit}", None
    top = {"percent": 100.0, "fraction": 1.0}.get(rule.unit or "")
    if not rule.words and top is not None and not 0 <= float(value) <= top:
        return f"{float(value):g} {rule.unit}", f"0 to {top:g}", None
    return None


def _of_lot(lot: Lot) -> dict[str, Result | bool | None]:
    donation = lot.donation
    values: dict[str, Result | bool | None] = {
        "consent": donation.consent,
        "screening": donation.screening,
        "testing": donation.testing,
        "passage": lot.passage.value,
        "population_doublings": lot.population_doublings,
        **dict(lot.results),
    }
    if "viability" not in lot.unknown:
        values.setdefault("viability_fraction", lot.viability[0].viability.value)
    return values


def _of_product(product: Product) -> dict[str, Result | bool | None]:
    reported: dict[str, Result | bool | None] = {
        criterion.id: criterion.value.value for criterion in product.release
    }
    return reported | {"passage": product.passage.value}


def _limits(rule: Rule) -> list[tuple[str, float]]:
    pairs = (("at least", rule.low), ("at most", rule.high))
    return [(sign, limit) for sign, limit in pairs if limit is not None]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _word(value: bool | str | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ")
