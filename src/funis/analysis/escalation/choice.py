"""One door to dose escalation: the next level, the level that is named, simulated escalations."""

from collections.abc import Callable, Sequence

import numpy as np

from funis.analysis.escalation.crm import (
    Crm,
    best_level,
    is_too_toxic,
    next_crm,
    toxicity_record,
)
from funis.analysis.escalation.three_plus_three import (
    Escalated,
    ThreePlusThree,
    counts_of,
    next_cohort,
    tolerated,
)
from funis.population import uniform

Design = ThreePlusThree | Crm


def levels_of(design: Design) -> int:
    """Number of dose levels."""
    return design.levels if isinstance(design, ThreePlusThree) else len(design.skeleton)


def next_level(
    design: Design, tried_levels: Sequence[int], toxicities: Sequence[int]
) -> int | None:
    """Level of the next patient; None where the escalation has ended.

    Parameters
    ----------
    design
        Rules.
    tried_levels, toxicities
        Level, counted from 0, and whether there was a dose-limiting toxicity, one entry a patient
        in the order of treatment. Within a cohort the level stays.
    """
    if len(tried_levels) % design.cohort:
        return tried_levels[-1]
    counts = counts_of(levels_of(design), tried_levels, toxicities)
    if isinstance(design, ThreePlusThree):
        return next_cohort(design, counts)
    last = tried_levels[-1] if len(tried_levels) else None
    harmed = last is not None and toxicity_record(tried_levels, toxicities, design.cohort)
    return next_crm(design, counts, last, harmed)


def mtd(design: Design, tried_levels: Sequence[int], toxicities: Sequence[int]) -> int | None:
    """Maximum tolerated level by the data; None where even the lowest is too toxic."""
    counts = counts_of(levels_of(design), tried_levels, toxicities)
    if isinstance(design, ThreePlusThree):
        return tolerated(design, counts)
    if not len(tried_levels) or is_too_toxic(design, counts):
        return None
    return min(best_level(design, counts), max(tried_levels))


def escalate(
    design: Design, toxic: Callable[[int, int], bool]
) -> tuple[list[int], list[int], int | None]:
    """Conduct one escalation.

    Parameters
    ----------
    design
        Rules.
    toxic
        Whether a patient (from 0) has a dose-limiting toxicity at a level.

    Returns
    -------
    levels, toxicities, mtd
        One entry a patient, and the level that is named.
    """
    tried: list[int] = []
    harmed: list[int] = []
    while (level := next_level(design, tried, harmed)) is not None:
        harmed.append(int(toxic(len(tried), level)))
        tried.append(level)
    return tried, harmed, mtd(design, tried, harmed)


def simulated_escalation(
    design: Design, truth: Sequence[float], replicates: int, seed: int
) -> Escalated:
    """Characteristics under true probabilities of toxicity, by keyed simulation.

    A patient has the same luck at every level: a toxicity at a level is one at any higher.
    """
    levels = levels_of(design)
    chosen, none = np.zeros(levels), 0.0
    patients, toxicities = np.zeros(levels), np.zeros(levels)
    most = 6 * levels if isinstance(design, ThreePlusThree) else design.patients + design.cohort
    luck = uniform(seed, "escalation", np.arange(replicates)[:, None], np.arange(most)[None, :])
    for row in luck:
        tried, harmed, level = escalate(design, _toxicity(row.tolist(), truth))
        patients += np.bincount(tried, minlength=levels)
        toxicities += np.bincount(tried, weights=harmed, minlength=levels)
        if level is None:
            none += 1
        else:
            chosen[level] += 1
    return Escalated(
        chosen / replicates, none / replicates, patients / replicates, toxicities / replicates
    )


def _toxicity(luck: Sequence[float], truth: Sequence[float]) -> Callable[[int, int], bool]:
    return lambda patient, level: luck[patient] < truth[level]
