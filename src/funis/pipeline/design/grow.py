"""A design while it grows: piece by piece of the bank, with what is decided so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from funis.cache import cached, keep
from funis.pipeline.design.bank import (
    Bank,
    Piece,
    Setting,
    bank_of_pieces,
    cuts,
    follow_pieces,
)
from funis.pipeline.design.plan import DesignPlan
from funis.pipeline.design.replicates import Decided, decide, joined, outcomes, true_effects
from funis.pipeline.design.resume import decisions_key
from funis.pipeline.design.worlds import World
from funis.pipeline.processes import Progress

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Sizes = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """What a design is asked.

    Attributes
    ----------
    worlds : what is taken for true in turn.
    sizes : patients of each arm, the reference first, a row a size.
    evidence : the grade of what is published.
    """

    plan: DesignPlan
    settings: Mapping[str, Setting]
    worlds: Sequence[World]
    sizes: Sequence[Sizes]
    replicates: int
    evidence: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """What is decided of some draws of a world.

    Attributes
    ----------
    draws : (draw,) their numbers.
    decided : by size.
    truth : (draw, arm of the rule), see `true_effects`.
    """

    world: World
    draws: Integers
    decided: Mapping[Sizes, Decided]
    truth: Array


@dataclass(frozen=True, slots=True, eq=False)
class Growing:
    """A design on its way: pieces of the bank that are done, of all, and what they decide."""

    ask: Ask
    done: int
    total: int
    shares: tuple[Share, ...]

    def of(self, world: str, structure: str) -> Share | None:
        """Return what is known of one world, its draws in order; None while nothing is."""
        chosen = [
            one for one in self.shares
            if (one.world.id, one.world.structure) == (world, structure)
        ]  # fmt: skip
        return joined_shares(chosen) if chosen else None


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """One world, complete: its bank and what replicates of each size decide."""

    world: World
    bank: Bank
    decided: Mapping[Sizes, Decided]
    truth: Array


Watch = Callable[[Growing], None]


def grow(ask: Ask, workers: int, progress: Progress, watch: Watch | None) -> list[Grown]:
    """Follow the bank piece by piece, judge each piece at once, and tell who watches.

    A piece is judged as it would be among all: what is decided of a draw depends on no other. Where
    a stratum is cut at the median of all draws, nothing is decided before the bank is whole.
    """
    total = sum(1 for world in ask.worlds for _ in cuts(ask.plan, world))
    contents: dict[tuple[int, int], bytes] = {}
    shares: list[Share] = []
    followed = follow_pieces(ask.plan, ask.settings, ask.worlds, workers, progress)
    for done, (piece, content) in enumerate(followed, 1):
        contents[id(piece.world), piece.draws.start] = content
        if not ask.plan.needs_whole_bank:
            shares.append(_share(ask, piece, content))
        if watch is not None:
            watch(Growing(ask, done, total, tuple(shares)))
    return [_grown(ask, world, contents, shares) for world in ask.worlds]


def _grown(
    ask: Ask, world: World, contents: Mapping[tuple[int, int], bytes], shares: Sequence[Share]
) -> Grown:
    pieces = [contents[id(world), draws.start] for draws in cuts(ask.plan, world)]
    bank = bank_of_pieces(ask.plan, world, pieces)
    own = [one for one in shares if one.world is world] or [_judged(ask, world, bank, 0)]
    whole = joined_shares(own)
    return Grown(world, bank, whole.decided, whole.truth)


def joined_shares(shares: Sequence[Share]) -> Share:
    """Return what is decided of several pieces of a world as one, its draws in order."""
    ordered = sorted(shares, key=lambda one: int(one.draws[0]))
    decided = {
        sizes: joined([one.decided[sizes] for one in ordered]) for sizes in ordered[0].decided
    }
    return Share(
        ordered[0].world, np.concatenate([one.draws for one in ordered]), decided,
        np.concatenate([one.truth for one in ordered]),
    )  # fmt: skip


def _share(ask: Ask, piece: Piece, content: bytes) -> Share:
    """Judge a piece; what slow methods decide is kept, so that a killed run loses none of it."""
    study = ask.settings[piece.world.structure].key
    key = decisions_key(ask.plan, study, piece, ask.sizes, ask.replicates)
    known = cached("decisions", key) if ask.plan.slow else None
    if known is not None:
        return _unpacked(ask, piece, known)
    bank = bank_of_pieces(ask.plan, piece.world, [content])
    made = _judged(ask, piece.world, bank, piece.draws.start)
    if ask.plan.slow:
        keep("decisions", key, _packed(ask, made))
    return made


def _judged(ask: Ask, world: World, bank: Bank, first: int) -> Share:
    found = outcomes(ask.plan, bank)
    decided = {sizes: decide(ask.plan, found, sizes, ask.replicates, first) for sizes in ask.sizes}
    draws = np.arange(first, first + len(bank.failed), dtype=np.int64)
    return Share(world, draws, decided, true_effects(ask.plan, found))


FIELDS = ("estimate", "low", "high", "success", "patients")


def _packed(ask: Ask, share: Share) -> bytes:
    content = BytesIO()
    columns = {
        f"{name}:{place}": getattr(share.decided[sizes], name)
        for place, sizes in enumerate(ask.sizes)
        for name in FIELDS
    }
    np.savez_compressed(content, allow_pickle=False, truth=share.truth, **columns)
    return content.getvalue()


def _unpacked(ask: Ask, piece: Piece, content: bytes) -> Share:
    with np.load(BytesIO(content), allow_pickle=False) as kept:
        decided = {
            sizes: Decided(*(kept[f"{name}:{place}"] for name in FIELDS))
            for place, sizes in enumerate(ask.sizes)
        }
        truth = kept["truth"]
    return Share(piece.world, np.array(piece.draws, dtype=np.int64), decided, truth)
