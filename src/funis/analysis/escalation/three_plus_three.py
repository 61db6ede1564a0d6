"""The 3 + 3 design: rules, and exact characteristics by following every path.

Cohorts of three: none of three with a dose-limiting toxicity goes up, one of three treats three
more, one of six goes up, two or more is too toxic. The maximum tolerated level is the highest below
the first that is too toxic; with ``confirm`` it needs six patients of whom at most one had a
toxicity (Lin and Shih 2001, Biostatistics 2:203, with and without de-escalation).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COHORT, FULL, TOO_MANY = 3, 6, 2


@dataclass(frozen=True, slots=True)
class ThreePlusThree:
    """A 3 + 3 escalation over ``levels`` doses.

    Attributes
    ----------
    levels
        Number of dose levels, counted from 0.
    confirm
        Whether six patients are treated at the level that is named.
    cohort
        Patients who are treated before the next decision.
    """

    levels: int
    confirm: bool = True
    cohort: int = COHORT


@dataclass(frozen=True, eq=False)
class Escalated:
    """What an escalation does under true toxicities.

    Attributes
    ----------
    chosen
        Probability of each level to be named the maximum tolerated one.
    none
        Probability that no level is.
    patients, toxicities
        Expected numbers at each level.
    """

    chosen: NDArray[np.float64]
    none: float
    patients: NDArray[np.float64]
    toxicities: NDArray[np.float64]


Counts = tuple[tuple[int, int], ...]


def counts_of(levels: int, tried: Sequence[int], toxicities: Sequence[int]) -> Counts:
    """Patients and toxicities at each level, from one entry a patient."""
    patients, harmed = [0] * levels, [0] * levels
    for level, toxic in zip(tried, toxicities, strict=True):
        patients[level] += 1
        harmed[level] += int(toxic)
    return tuple(zip(patients, harmed, strict=True))


def next_cohort(design: ThreePlusThree, counts: Counts) -> int | None:
    """Level of the next cohort; None where the escalation has ended."""
    given = [level for level, (patients, _) in enumerate(counts) if patients]
    if not given:
        return 0
    top = given[-1]
    patients, harmed = counts[top]
    if harmed >= TOO_MANY:
        return _confirming(design, counts, top - 1)
    if harmed == 1 and patients < FULL:
        return top
    if top + 1 < design.levels:
        return top + 1
    return _confirming(design, counts, top)


def _confirming(design: ThreePlusThree, counts: Counts, level: int) -> int | None:
    """Level, from ``level`` down, that still lacks three patients; None where none does."""
    while design.confirm and level >= 0:
        patients, harmed = counts[level]
        if harmed < TOO_MANY:
            return level if patients < FULL else None
        level -= 1
    return None


def tolerated(design: ThreePlusThree, counts: Counts) -> int | None:
    """Maximum tolerated level as far as is known; None where even the lowest is too toxic."""
    found = None
    for level, (patients, harmed) in enumerate(counts):
        if not patients or harmed >= TOO_MANY:
            break
        found = level
    return found


def exact_escalation(design: ThreePlusThree, truth: Sequence[float]) -> Escalated:
    """Characteristics under true probabilities of toxicity, without simulation.

    Parameters
    ----------
    design
        The rules.
    truth
        Probability of a dose-limiting toxicity at each level.

    Raises
    ------
    ValueError
        There are not as many probabilities as levels.
    """
    if len(truth) != design.levels:
        raise ValueError(f"{len(truth)} probabilities for {design.levels} levels")
    chosen, none = np.zeros(design.levels), 0.0
    patients, toxicities = np.zeros(design.levels), np.zeros(design.levels)
    for counts, probability in _endings(design, truth):
        level = tolerated(design, counts)
        if level is None:
            none += probability
        else:
            chosen[level] += probability
        patients += probability * np.array([n for n, _ in counts])
        toxicities += probability * np.array([x for _, x in counts])
    return Escalated(chosen, none, patients, toxicities)


def _endings(design: ThreePlusThree, truth: Sequence[float]) -> Iterator[tuple[Counts, float]]:
    """Every way in which the escalation ends, with its probability; equal states are merged."""
    from scipy.stats import binom

    now: dict[Counts, float] = {((0, 0),) * design.levels: 1.0}
    while now:
        later: dict[Counts, float] = {}
        for counts, probability in now.items():
            level = next_cohort(design, counts)
            if level is None:
                yield counts, probability
                continue
            for harmed, chance in enumerate(binom.pmf(range(COHORT + 1), COHORT, truth[level])):
                state = _treated(counts, level, harmed)
                later[state] = later.get(state, 0.0) + probability * float(chance)
        now = later


def _treated(counts: Counts, level: int, harmed: int) -> Counts:
    patients, before = counts[level]
    return (*counts[:level], (patients + COHORT, before + harmed), *counts[level + 1 :])
