"""All that the model answers about one disease, kept between runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funis.analysis.intervals import Interval
from funis.claims.register import Register, library_register
from funis.claims.values import Chain, Statement
from funis.pipeline.claims.asked import Asked, EffectAsked, TwinsAsked
from funis.pipeline.claims.draws import Belief, belief_of, without_effect
from funis.pipeline.claims.kept import CachedAnswers, model_hash
from funis.pipeline.claims.model import (
    PATIENTS,
    TWINS,
    Lasting,
    Mechanism,
    followed,
    statements,
)
from funis.pipeline.claims.testimony import PATIENTS as ACCOUNTS
from funis.pipeline.claims.testimony import chain_of_disease
from funis.pipeline.inputs import require
from funis.pipeline.processes import Processes, Progress, silent


@dataclass(frozen=True, slots=True)
class Answers:
    """What the model says of one disease."""

    disease: str
    statements: Mapping[EffectAsked, Statement]
    lasting: Mapping[TwinsAsked, Lasting | None]
    mechanisms: tuple[Mechanism, ...]
    chain: Chain | None


@dataclass(frozen=True, slots=True)
class Size:
    """How many virtual patients are asked."""

    patients: int = PATIENTS
    twins: int = TWINS
    accounts: int = ACCOUNTS


def size_of(patients: int | None) -> Size:
    """Return how many patients are asked: as many everywhere, or the usual numbers.

    Raises
    ------
    InputError
        Fewer than two: a mean of one has no interval.
    """
    if patients is None:
        return Size()
    require(patients=(patients >= 2, patients, "2 or more"))
    return Size(patients, min(patients, TWINS), patients)


def ask_all(
    asked: Sequence[Asked],
    better: Mapping[EffectAsked, int],
    *,
    size: Size,
    acting: bool = True,
    workers: int = 1,
    progress: Progress = silent,
) -> dict[str, Answers]:
    """Ask the model of each disease.

    Parameters
    ----------
    better
        Whether a higher or a lower number is what a claim wants, of each outcome.
    acting
        Whether cells may do something; if not, potency is 0 throughout.
    """
    task = _Questions(library_register(), dict(better), size, acting)
    with Processes(task, min(workers, max(len(asked), 1))) as processes:
        found = progress("Model", processes.map(_Questions.__call__, asked), len(asked))
        return {one.disease: one for one in found}


class _Questions:
    def __init__(
        self, register: Register, better: dict[EffectAsked, int], size: Size, acting: bool
    ) -> None:
        self.register, self.better, self.size, self.acting = register, better, size, acting

    def __call__(self, asked: Asked) -> Answers:
        known = belief_of(asked.disease, model_hash(asked.disease))
        belief = known if self.acting else without_effect(known)
        chain = None
        if asked.felt is not None:
            chain = chain_of_disease(asked.disease, self.register, self.size.accounts)
        return Answers(
            asked.disease,
            self._statements(asked, belief),
            *self._twins(asked, belief),
            chain,
        )

    def _statements(self, asked: Asked, belief: Belief) -> dict[EffectAsked, Statement]:
        found: dict[EffectAsked, Statement] = {}
        for trial in sorted({one.trial for one in asked.effects}):
            part = dataclasses.replace(
                asked, effects=tuple(one for one in asked.effects if one.trial == trial)
            )
            better = {one: self.better[one] for one in part.effects}
            kept = CachedAnswers("effects").of(
                lambda part=part, better=better: {  # type: ignore[misc]
                    "statements": [
                        dataclasses.asdict(one)
                        for one in statements(part, belief, better, self.size.patients).values()
                    ]
                },
                trial, repr(sorted(better.items())), words_of(belief), self.size.patients,
            )  # fmt: skip
            read = [_statement(one) for one in kept["statements"]]
            found |= dict(zip(_ordered(part), read, strict=True))
        return found

    def _twins(
        self, asked: Asked, belief: Belief
    ) -> tuple[dict[TwinsAsked, Lasting | None], tuple[Mechanism, ...]]:
        lasting: dict[TwinsAsked, Lasting | None] = {}
        mechanisms: tuple[Mechanism, ...] = ()
        for one in asked.lasting:
            kept = CachedAnswers("twins").of(
                lambda one=one: _followed(one, asked, belief, self.size.twins),  # type: ignore[misc]
                one.trial, one.arm, repr(asked.observables), words_of(belief), self.size.twins,
            )  # fmt: skip
            lasting[one] = None if kept["lasting"] is None else _lasting(kept["lasting"])
            mechanisms = mechanisms or tuple(_mechanism(item) for item in kept["mechanisms"])
        return lasting, mechanisms


def _ordered(asked: Asked) -> list[EffectAsked]:
    """Return the outcomes in the order of `statements`: arm by arm."""
    return sorted(asked.effects, key=lambda one: one.arm)


def words_of(belief: Belief) -> str:
    """Return a belief as text that names it."""
    points = belief.points
    return repr((points.names, points.factors.tolist(), belief.no_effect, belief.basis))


def _followed(asked: TwinsAsked, whole: Asked, belief: Belief, twins: int) -> dict[str, Any]:
    lasting, mechanisms = followed(asked, belief, whole.observables, twins)
    return {
        "lasting": None if lasting is None else dataclasses.asdict(lasting),
        "mechanisms": [dataclasses.asdict(one) for one in mechanisms],
    }


def _statement(kept: Mapping[str, Any]) -> Statement:
    return Statement(**_intervals(kept, ("at_zero", "middle", "gain")))


def _lasting(kept: Mapping[str, Any]) -> Lasting:
    return Lasting(**_intervals(kept, ("at_zero", "middle", "low", "high")))


def _mechanism(kept: Mapping[str, Any]) -> Mechanism:
    return Mechanism(**_intervals(kept, ("at_zero", "middle")))


def _intervals(kept: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {key: Interval(**value) if key in names else value for key, value in kept.items()}
