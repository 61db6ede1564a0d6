"""Frozen values of a meta-analysis of evidence: the studies of each stratum, what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funis.evidence.meta import Asymmetry, Effect, Measure, Pooled, Regression

StratumKind = Literal[
    "randomised contrast",
    "non-randomised contrast",
    "randomised arms",
    "non-randomised arms",
    "single-arm",
]
Covariate = Literal["dose", "route", "product"]
Group = Literal["cells", "drugs", "placebo"]

GROUPS: tuple[Group, ...] = ("cells", "drugs", "placebo")
WHOSE: dict[Group, str] = {
    "cells": "stromal cells",
    "drugs": "targeted drugs",
    "placebo": "placebo arms",
}
TREATED: dict[Group, str] = {"cells": "cells", "drugs": "drug", "placebo": "placebo"}

LABELS: dict[StratumKind, str] = {
    "randomised contrast": "Randomised controlled: cells against control",
    "non-randomised contrast": "Controlled, not randomised: cells against control",
    "randomised arms": "Arms with cells of randomised studies: no comparison",
    "non-randomised arms": "Arms with cells of controlled, not randomised studies: no comparison",
    "single-arm": "Single-arm studies: no control",
}
"""Strata in the order in which they are shown; none is ever pooled with another."""

PLACEBO_LABEL = "Placebo arms of randomised trials: no comparison"

STUDY_TYPES: dict[StratumKind, str] = {
    "randomised contrast": "randomised",
    "non-randomised contrast": "non-randomised controlled",
    "randomised arms": "randomised",
    "non-randomised arms": "non-randomised controlled",
    "single-arm": "single-arm",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A study, or a row of one, that is not pooled, and why."""

    study: str
    arm: str
    week: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Member:
    """One study of a stratum.

    Attributes
    ----------
    effect : Effect
    design, blinding, confidence : str
        As published.
    week : float
    cells, control : str
        What was printed of both arms, in few words; ``control`` is empty without one.
    n_cells : int
    n_control : int or None
    randomised : int or None
        Patients allocated by chance in the whole study.
    log_dose : float or None
        Decimal logarithm of the cells of one infusion, the mean over the arms.
    dose, route, product : str
        ``unknown`` where it was not stated.
    family : str or None
        Centre family, where the record names one.
    overlaps : tuple of str
        Studies or families with which the record says that patients are shared.
    notes : tuple of str
    """

    effect: Effect
    design: str
    blinding: str
    confidence: str
    week: float
    cells: str
    control: str
    n_cells: int
    n_control: int | None
    randomised: int | None
    log_dose: float | None
    dose: str
    route: str
    product: str
    family: str | None
    overlaps: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stratum:
    """Studies of one design, pooled among themselves or not at all.

    Attributes
    ----------
    mechanism : str
        Of drugs: one mechanism a stratum; else empty.
    of : {"cells", "drugs", "placebo"}
    pooled : Pooled or None
        None where there is nothing to pool, as ``reason`` says.
    regression, asymmetry
        None where they were not asked for or cannot be, as the reasons say.
    """

    kind: StratumKind
    of: Group
    mechanism: str
    measure: Measure
    members: tuple[Member, ...]
    pooled: Pooled | None
    reason: str = ""
    regression: Regression | None = None
    regression_reason: str = ""
    asymmetry: Asymmetry | None = None
    asymmetry_reason: str = ""

    @property
    def label(self) -> str:
        """The stratum in words."""
        if self.of == "drugs":
            return f"Randomised controlled: {self.mechanism} against placebo"
        return PLACEBO_LABEL if self.of == "placebo" else LABELS[self.kind]

    @property
    def patients(self) -> int:
        """Patients whose results are pooled."""
        return sum(member.n_cells + (member.n_control or 0) for member in self.members)

    @property
    def randomised(self) -> int:
        """Patients allocated by chance in these studies."""
        return sum(member.randomised or 0 for member in self.members)

    @property
    def shared(self) -> tuple[str, ...]:
        """Families with several studies here, and studies that overlap with another one here."""
        families = [member.family for member in self.members if member.family]
        found = {name for name in families if families.count(name) > 1}
        ids = {member.effect.study for member in self.members}
        found |= {name for member in self.members for name in member.overlaps if name in ids}
        return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """All that was pooled of one endpoint of a disease.

    Attributes
    ----------
    endpoint, name, unit : str
        Key, such as ``ACR20`` or ``DAS28_ESR_change``, and in words.
    better : str
        Whether a lower or a higher value is the better one.
    week, window : float
        Each study gives its row nearest to the week, at most the window away.
    week_chosen : bool
        Whether the week was chosen here, as the one with most studies.
    evidence : str
        The grade of evidence of the disease, as one line.
    """

    disease: str
    of: Group
    endpoint: str
    name: str
    unit: str
    better: str
    week: float
    window: float
    week_chosen: bool
    by: Covariate | None
    strata: tuple[Stratum, ...]
    left_out: tuple[LeftOut, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Choice:
    """An endpoint with results, and the studies and patients of each stratum."""

    endpoint: str
    name: str
    week: float
    studies: tuple[tuple[str, int, int], ...]

    @property
    def poolable(self) -> bool:
        """Whether at least one stratum holds two studies."""
        return any(count > 1 for _, count, _ in self.studies)
