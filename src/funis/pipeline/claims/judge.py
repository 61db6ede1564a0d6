"""Every claim judged: evidence and model put together, verdicts by the general rules."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from funis.analysis.intervals import Interval
from funis.claims import rules
from funis.claims.register import (
    AccountsPart,
    Claim,
    ComparisonPart,
    EffectPart,
    ExpectedHarmPart,
    LastingPart,
    MeasuredPart,
    OtherHarmPart,
    Part,
    PracticePart,
    RatePart,
    Register,
    RoutePart,
    SharePart,
    claim_of,
    library_register,
)
from funis.claims.values import (
    Chain,
    Comparison,
    Harm,
    Judgement,
    Measurement,
    Pool,
    Statement,
    Verdict,
)
from funis.evidence import Evidence
from funis.pipeline.claims.answers import Answers, Size, ask_all
from funis.pipeline.claims.asked import EffectAsked, asked_of, effect_asked
from funis.pipeline.claims.model import Lasting, Mechanism
from funis.pipeline.claims.published import (
    Known,
    all_evidence,
    comparisons,
    effect_pools,
    harms,
    measured_rate,
    measurements,
    share_pools,
    unusable,
)
from funis.pipeline.meta.values import LeftOut
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.protocol import Regimen, library_regimens


@dataclass(frozen=True, slots=True)
class PartResult:
    """A part of a claim with everything that its verdict rests on; what does not apply is empty."""

    part: Part
    judgement: Judgement
    outcome: str = ""
    unit: str = ""
    unusable: tuple[LeftOut, ...] = ()
    pools: tuple[Pool, ...] = ()
    statement: Statement | None = None
    mechanisms: tuple[tuple[str, Mechanism], ...] = ()
    lasting: Lasting | None = None
    measurements: tuple[Measurement, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    harms: tuple[Harm, ...] = ()
    rate: tuple[Interval, int] | None = None
    chain: Chain | None = None

    @property
    def asks_model(self) -> bool:
        """Whether the model says anything."""
        return bool(self.statement or self.mechanisms or self.lasting)

    @property
    def speaks_at_zero(self) -> bool:
        """Whether the model shows an effect of cells of potency 0, which would be a fault."""
        if self.statement is not None:
            return not self.statement.silent_at_zero
        if self.lasting is not None:
            return self.lasting.at_zero.low > 0
        return any(not one.silent_at_zero for _, one in self.mechanisms)

    @property
    def changes(self) -> bool:
        """Whether the model says another thing when potency is 0."""
        if self.statement is not None:
            return self.statement.changes
        if self.lasting is not None:
            return self.lasting.middle != self.lasting.at_zero
        return any(one.moves(1) or one.moves(-1) for _, one in self.mechanisms)

    @property
    def model_supports(self) -> bool:
        """Whether the model says so, and would say something else at potency 0."""
        if self.statement is not None:
            return self.statement.supports and _reaches(self.part, self.statement)
        if self.lasting is not None:
            return self.lasting.middle.low > self.lasting.at_zero.high
        wanted = (
            1 if isinstance(self.part, MeasuredPart) and self.part.direction == "higher" else -1
        )
        found = [one for _, one in self.mechanisms]
        return bool(found) and all(one.moves(wanted) for one in found)


def _reaches(part: Part, statement: Statement) -> bool:
    """Whether the model reaches the size that is claimed, where one is."""
    if isinstance(part, SharePart):
        return statement.treated >= part.claimed[0]
    return not (isinstance(part, EffectPart) and part.stops) or statement.stops


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim with its parts and the verdict that follows from them."""

    claim: Claim
    parts: tuple[PartResult, ...]

    @property
    def verdict(self) -> Verdict:
        """As strong as the weakest part."""
        return rules.combined([part.judgement.verdict for part in self.parts])

    @property
    def model(self) -> tuple[int, int]:
        """Of how many parts the model speaks, and how many of them it supports."""
        asked = [part for part in self.parts if part.asks_model]
        return len(asked), sum(part.model_supports for part in asked)

    @property
    def own_studies(self) -> tuple[str, ...]:
        """Studies of the user's own among the numbers."""
        seen = {s for part in self.parts for pool in part.pools for s in pool.own}
        seen |= {m.study for part in self.parts for m in part.measurements if m.own}
        return tuple(sorted(seen))

    @property
    def at_zero(self) -> int:
        """Parts of which the model would say so of cells of potency 0 too."""
        return sum(part.speaks_at_zero for part in self.parts if part.asks_model)

    @property
    def randomised(self) -> int:
        """Randomised patients behind the comparisons, whatever the tissue of the cells."""
        return self._randomised(False)

    @property
    def randomised_cord(self) -> int:
        """Randomised patients behind comparisons of cells of umbilical cord."""
        return self._randomised(True)

    def _randomised(self, cord: bool) -> int:
        """Add patients up study by study: a pool adds none whose studies were counted alone."""
        pools = [p for part in self.parts for p in part.pools if p.controlled and p.cord >= cord]
        seen: dict[str, int] = {}
        for pool in sorted(pools, key=lambda one: len(one.studies)):
            if not {*pool.studies} <= {*seen}:
                seen |= dict.fromkeys(pool.studies, 0)
                seen[pool.studies[0]] += pool.randomised
        return sum(seen.values())


def judge_claims(
    row: int | None = None,
    *,
    acting: bool = True,
    size: Size | None = None,
    workers: int | None = None,
    progress: Progress = silent,
    register: Register | None = None,
) -> tuple[ClaimResult, ...]:
    """Judge the claims of the register.

    Parameters
    ----------
    row
        One row only.
    acting
        Whether cells may do something in the model; if not, potency is 0 throughout, and no claim
        of an effect can be supported.
    size
        How many virtual patients are asked.

    Raises
    ------
    InputError
        No such row.
    """
    known = library_register() if register is None else register
    claims = known.claims if row is None else (claim_of(known, row),)
    answers = ask_all(
        asked_of(known, claims), _wanted(claims), size=size or Size(), acting=acting,
        workers=worker_count(workers), progress=progress,
    )  # fmt: skip
    judge = Judge(answers)
    return tuple(
        ClaimResult(claim, tuple(judge.part(part) for part in claim.parts)) for claim in claims
    )


def _wanted(claims: Sequence[Claim]) -> dict[EffectAsked, int]:
    """Return in which direction each outcome is claimed to move."""
    found = {}
    for part in (part for claim in claims for part in claim.parts):
        asked = effect_asked(part)
        if asked is not None:
            lower = isinstance(part, EffectPart) and part.better == "lower"
            found[asked] = -1 if lower else 1
    return found


class Judge:
    """Judges parts with the answers of the model at hand; evidence is read as it is needed."""

    def __init__(self, answers: Mapping[str, Answers]) -> None:
        self.answers = answers
        self._known: dict[str, Known] = {}

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence on every disease."""
        return all_evidence()

    def known(self, disease: str) -> Known:
        """Return what is known of a disease."""
        if disease not in self._known:
            self._known[disease] = Known(disease)
        return self._known[disease]

    def part(self, part: Part) -> PartResult:
        """Judge one part."""
        ways: dict[type, Callable[[Any], PartResult]] = {
            EffectPart: self._effect, SharePart: self._share, LastingPart: self._lasting,
            MeasuredPart: self._measured, ComparisonPart: self._comparison,
            ExpectedHarmPart: self._expected, OtherHarmPart: self._other, RatePart: self._rate,
            AccountsPart: self._testimony, RoutePart: self._routes, PracticePart: self._practice,
        }  # fmt: skip
        return ways[type(part)](part)

    def _statement(self, part: EffectPart | SharePart) -> Statement | None:
        asked = effect_asked(part)
        return None if asked is None else self.answers[part.disease].statements[asked]

    def _effect(self, part: EffectPart) -> PartResult:
        known, better = self.known(part.disease), 1 if part.better == "higher" else -1
        unmeasured = known.unmeasured(part.endpoint)
        pools = effect_pools(known, part.endpoint, part.measure, part.week, better)
        statement = self._statement(part)
        left = unusable(known, part.endpoint, part.measure, part.week)
        found = rules.judge_effect(pools, statement, unmeasured, len(left))
        name, unit = self._named(part)
        return PartResult(part, found, name, unit, unusable=left, pools=pools, statement=statement)

    def _share(self, part: SharePart) -> PartResult:
        pools = share_pools(self.known(part.disease), part.endpoint, part.week)
        statement = self._statement(part)
        found = rules.judge_share(pools, (part.claimed[0], part.claimed[1]), statement)
        name, _ = self._named(part)
        return PartResult(part, found, name, pools=pools, statement=statement)

    def _named(self, part: EffectPart | SharePart) -> tuple[str, str]:
        """Return an outcome in words, and its unit."""
        endpoints = self.known(part.disease).endpoints
        measure = part.measure if isinstance(part, EffectPart) else "responder"
        name = endpoint_name(part.endpoint, endpoints).split(" (")[0]
        for one in endpoints.not_testable:
            name = one.name if one.id == part.endpoint else name
        unit = endpoints.number(part.endpoint).unit if part.endpoint in endpoints.numbers else ""
        unit = "" if unit in ("1", "dimensionless", "score") else unit
        return name, f"{unit or 'events'} a year" if measure == "rate" else unit

    def _lasting(self, part: LastingPart) -> PartResult:
        found = {one.arm: x for one, x in self.answers[part.disease].lasting.items()}
        return PartResult(part, rules.judge_measurements((), "higher"), lasting=found[part.arm])

    def _measured(self, part: MeasuredPart) -> PartResult:
        found = measurements(self.evidence, part.names)
        seen = tuple(
            (disease, one)
            for disease, answers in self.answers.items()
            for one in answers.mechanisms
            if one.observable == part.observable
        )
        judgement = rules.judge_measurements(found, part.direction)
        return PartResult(part, judgement, mechanisms=seen, measurements=found)

    def _comparison(self, part: ComparisonPart) -> PartResult:
        found = comparisons(part.quantity, part.of, part.against)
        judgement = rules.judge_comparison(found, part.direction)
        return PartResult(part, judgement, comparisons=found)

    def _expected(self, part: ExpectedHarmPart) -> PartResult:
        found = tuple(one for one in harms() if one.term in part.terms)
        return PartResult(part, rules.judge_expected_harm(found), harms=found)

    def _other(self, part: OtherHarmPart) -> PartResult:
        found = tuple(one for one in harms() if one.term not in part.besides)
        return PartResult(part, rules.judge_other_harms(found, part.margin), harms=found)

    def _rate(self, part: RatePart) -> PartResult:
        found = measured_rate(part.study, part.term)
        if found is None:
            missing = Judgement("not testable", "no share was published", "a count of patients")
            return PartResult(part, missing)
        judgement = rules.judge_rate(found[0].low, found[0].high, part.at_most)
        return PartResult(part, judgement, rate=found)

    def _testimony(self, part: AccountsPart) -> PartResult:
        chain = self.answers[part.disease].chain
        assert chain is not None
        judgement = rules.judge_testimony(chain, (part.claimed[0], part.claimed[1]))
        return PartResult(part, judgement, chain=chain)

    def _routes(self, part: RoutePart) -> PartResult:
        return PartResult(part, rules.judge_routes(part.invasive, advertised_routes()))

    def _practice(self, part: PracticePart) -> PartResult:
        missing = [need for need in part.needs if not is_there(need)]
        return PartResult(part, rules.judge_practice(missing, part.needs))


@cache
def recipes() -> tuple[Regimen, ...]:
    """Return the advertised regimens of the library: claims under test."""
    return tuple(one for one in library_regimens() if one.kind == "advertised")


def advertised_routes() -> tuple[str, ...]:
    """Return the routes of the recipes that are claims under test."""
    return tuple(
        dict.fromkeys(
            one.route
            for regimen in recipes()
            for variant in regimen.variants
            for one in variant.interventions
            if one.product is not None and one.route is not None
        )
    )


def is_there(need: str) -> bool:
    """Return whether funis has what a practice needs.

    Parameters
    ----------
    need
        ``protocol:id`` of the library, ``route:id`` of an advertised recipe, or ``module:name``: a
        name in the module, or a part of the package whether or not it was imported before.
    """
    kind, _, name = need.partition(":")
    if kind == "protocol":
        return name in [one.id for one in recipes()]
    if kind == "route":
        return name in advertised_routes()
    if hasattr(importlib.import_module(kind), name):
        return True
    return importlib.util.find_spec(f"{kind}.{name}") is not None
