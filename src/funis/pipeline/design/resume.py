"""Under which names a design keeps what it need not do again after it was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import funis.analysis
from funis.cache import cache_key
from funis.pipeline.design.bank import Piece, piece_key
from funis.pipeline.design.plan import DesignPlan
from funis.trial import Study


def decisions_key(
    plan: DesignPlan, study: Study, piece: Piece, sizes: Sequence[Sequence[int]], replicates: int
) -> str:
    """Return everything that the decisions of a piece depend on, the code of the analysis too."""
    words = (plan.declared.hash, plan.patients_per_site, list(sizes), replicates, piece.draws)
    courses = piece_key(plan, study, piece)
    return cache_key(courses, _analysis_hash(), *(repr(word) for word in words))


@cache
def _analysis_hash() -> str:
    """Return a hash of the code by which replicates are judged: a better method is not kept out."""
    digest = sha256()
    folders = (Path(funis.analysis.__file__).parent, Path(__file__).parent)
    for path in sorted(one for folder in folders for one in folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
