"""What is taken for true in turn: the library's values, cells that do nothing, the posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from funis.calibrate.ensemble import Basis, Ensemble
from funis.checks import InputError, Issue
from funis.models.factors import NO_CELLS, Points
from funis.pipeline.design.plan import GROUPS, PRESENT, SITE, DesignPlan
from funis.pipeline.inputs import require


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What is taken for true: a form of the model, and draws of its parameters.

    Attributes
    ----------
    id : ``posterior``, ``truth`` (the library's values) or ``null`` (cells do nothing).
    structure : name of a competing structure, or ``present``.
    points : a row a draw.
    """

    id: str
    structure: str
    points: Points


def worlds(
    posterior: Points, structures: Sequence[str], *, null_only: bool = False
) -> tuple[World, ...]:
    """Return what is taken for true in turn: nothing works, the library's values, the posterior."""
    once = Points((NO_CELLS,), np.ones((GROUPS, 1)))
    null = World("null", PRESENT, once.without_cells())
    if null_only:
        return (null,)
    believed = tuple(World("posterior", name, posterior) for name in structures)
    return (null, World("truth", PRESENT, once), *believed)


def believed_points(posterior: Ensemble | None, basis: str) -> Points:
    """Return the draws of a posterior; the library's values where there is none."""
    if posterior is None:
        return Points((NO_CELLS,), np.ones((GROUPS, 1)))
    return posterior.draws[cast(Basis, basis)].points


def check_patients(patients: int) -> None:
    """Refuse a bank whose sites would not be whole.

    Raises
    ------
    InputError
        One line.
    """
    whole = patients >= 16 if patients <= SITE else patients % SITE == 0
    expected = f"16 to {SITE}, or a multiple of {SITE}"
    require(patients=(whole, patients, expected))


def check_size(plan: DesignPlan, n: int) -> None:
    """Refuse a trial with an arm of one patient, and one larger than a part of the bank.

    Raises
    ------
    InputError
        One line.
    """
    least = 2 * len(plan.arms)
    if n < least:
        expected = f"at least {least}: two patients in each of {len(plan.arms)} arms"
        raise InputError(Issue(None, None, "n", f"{n} patients in all arms", expected))
    if n > plan.patients:
        expected = f"at most {plan.patients}; --patients {-(-n // SITE) * SITE} follows as many"
        message = f"{n} patients in all arms are more than are followed under each draw"
        raise InputError(Issue(None, None, "n", message, expected))


def sizes_of(plan: DesignPlan, n: int) -> dict[str, int]:
    """Return the patients of each arm of a trial of n, by the ratio of the trial.

    What is left over goes to the arms that lack most of a patient, the first ones before others.
    """
    design = plan.trial.protocol.design
    shares = (1,) * len(plan.arms) if design is None else design.allocation.shares(plan.arms)
    whole = {arm: n * share // sum(shares) for arm, share in zip(plan.arms, shares, strict=True)}
    lacking = {
        arm: -(n * share % sum(shares)) for arm, share in zip(plan.arms, shares, strict=True)
    }
    favoured = sorted(plan.arms, key=lambda arm: lacking[arm])[: n - sum(whole.values())]
    return {arm: size + (arm in favoured) for arm, size in whole.items()}


def parse_sizes(text: str) -> tuple[int, ...]:
    """Return the sizes of 60:240:20 (first:last:step) or of a list such as 60,120.

    Raises
    ------
    InputError
        It is neither.
    """
    expected = "first:last:step such as 60:240:20, or a list such as 60,120"
    wrong = InputError(Issue(None, None, "n", f"'{text}' is no list of sizes", expected))
    try:
        numbers = [int(word) for word in text.replace(":", ",").split(",")]
    except ValueError:
        raise wrong from None
    if ":" not in text:
        return tuple(numbers)
    first, last, step = numbers if len(numbers) == 3 else (1, 0, 0)
    if "," in text or step < 1 or last < first:
        raise wrong
    return tuple(range(first, last + 1, step))
