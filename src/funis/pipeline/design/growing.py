"""What is known of a design on its way, as plain data: the same names as in its document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.design.document import about, dot_entry, interval_entry
from funis.pipeline.design.grow import Growing, Share, Sizes
from funis.pipeline.design.plan import PRESENT
from funis.pipeline.design.run import acting, dots_of, if_acting, power_of
from funis.pipeline.run import finite
from funis.report import RESEARCH_USE
from funis.report.content import Interval
from funis.report.statement import SIMULATED

EARLIEST = 8
"""Pieces of a posterior below which nothing is said of it: its draws are kept in order, and only
several pieces, which come spread over them, stand for all."""


def growing_document(growing: Growing) -> dict[str, Any]:
    """Return type I error, power and assurance so far; what is not known yet is None.

    Intervals hold the draws that are done; with fewer than two parts of the bank they are 0 to 1.
    """
    ask = growing.ask
    shares = _shares(growing)
    document = {
        "research_use": RESEARCH_USE,
        "simulated": SIMULATED,
        "evidence": ask.evidence,
        **about(ask.plan),
        "replicates": ask.replicates,
        "structures": list(dict.fromkeys(world.structure for world in ask.worlds)),
        "done": growing.done,
        "total": growing.total,
        "draws": _draws(growing, shares),
        "points": [_point(growing, shares, sizes) for sizes in ask.sizes],
    }
    return {name: finite(value) for name, value in document.items()}


Shares = Mapping[tuple[str, str], Share]


def _shares(growing: Growing) -> Shares:
    names = [(world.id, world.structure) for world in growing.ask.worlds]
    return {name: share for name in names if (share := growing.of(*name)) is not None}


def _stands_for_all(growing: Growing, share: Share) -> bool:
    pieces = sum(one.world is share.world for one in growing.shares)
    whole = len(share.draws) == len(share.world.points)
    return whole or share.world.id != "posterior" or pieces >= EARLIEST


def _draws(growing: Growing, shares: Shares) -> list[dict[str, Any]]:
    """Return how many draws of each world are done."""
    return [
        {
            "world": world.id, "structure": world.structure, "all": len(world.points),
            "done": len(share.draws) if (share := shares.get((world.id, world.structure))) else 0,
        }
        for world in growing.ask.worlds
    ]  # fmt: skip


def _point(growing: Growing, shares: Shares, sizes: Sizes) -> dict[str, Any]:
    plan, present = growing.ask.plan, shares.get(("posterior", PRESENT))
    return {
        "n": sum(sizes),
        "sizes": dict(zip(plan.arms, sizes, strict=True)),
        "type1": _met(growing, shares.get(("null", PRESENT)), sizes),
        "power": _met(growing, shares.get(("truth", PRESENT)), sizes),
        "assurance": _met(growing, present, sizes),
        "assurance_if_any_effect": interval_entry(_if_acting(growing, present, sizes)),
        "by_structure": {
            form: _met(growing, share, sizes)
            for (world, form), share in shares.items() if world == "posterior"
        },
        "dots": [] if present is None else [
            dot_entry(dot)
            for dot in dots_of(
                plan, present.world, present.decided[sizes], present.truth, present.draws
            )
        ],
    }  # fmt: skip


def _met(growing: Growing, share: Share | None, sizes: Sizes) -> dict[str, float | None] | None:
    if share is None or not _stands_for_all(growing, share):
        return None
    return interval_entry(power_of(growing.ask.plan, share.decided[sizes], share.draws).any_arm)


def _if_acting(growing: Growing, share: Share | None, sizes: Sizes) -> Interval | None:
    if share is None or not _stands_for_all(growing, share):
        return None
    rows: NDArray[np.int64] = np.flatnonzero(np.isin(share.draws, acting(share.world)))
    return if_acting(share.decided[sizes], rows, share.draws[rows])
