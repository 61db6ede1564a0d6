"""Under which names a design keeps what it need not do again after it was interrupted."""

from __future__ import annotations

from collections.abc import Sequence

from funis.cache import cache_key
from funis.pipeline.design.bank import Piece, piece_key
from funis.pipeline.design.plan import DesignPlan
from funis.pipeline.study_key import code_hash


def decisions_key(
    plan: DesignPlan, study: str, piece: Piece, sizes: Sequence[Sequence[int]], replicates: int
) -> str:
    """Return everything that the decisions of a piece depend on, the code of the analysis too.

    Parameters
    ----------
    study : its `study_key`.
    """
    words = (plan.declared.hash, plan.patients_per_site, list(sizes), replicates, piece.draws)
    courses = piece_key(plan, study, piece)
    return cache_key(
        courses, code_hash("analysis", "pipeline/design"), *(repr(word) for word in words)
    )
