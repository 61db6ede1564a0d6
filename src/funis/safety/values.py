"""Adverse events as frozen values: what each follows, how often, how grave, and from what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from funis.evidence.meta import quantile

Of = Literal["cells", "control", "procedure"]
Status = Literal["measured", "derived", "calibrated", "assumed"]


@dataclass(frozen=True, slots=True)
class Pool:
    """A risk (or a rate a year) with what is not known of it, from rows of the evidence.

    Attributes
    ----------
    scale : str
        logit (risks of a patient) | log (rates a year).
    quantiles : tuple of float
        Of the true risk of a further study, on the scale, at `funis.evidence.meta.SHARES`.
    estimate, low, high : float
        Expected risk of a patient of a further study, and the 95 % range of the true risk there.
    administrations : float
        Mean number of administrations of its patients.
    spread : float
        Standard deviation between studies, on the scale.
    studies, events, n : int
    years : float or None
    rows : tuple of str
        Ids of the rows behind it.
    """

    id: str
    title: str
    of: Of
    scale: Literal["logit", "log"]
    quantiles: tuple[float, ...]
    estimate: float
    low: float
    high: float
    administrations: float
    spread: float
    studies: int
    events: int
    n: int
    years: float | None
    rows: tuple[str, ...]
    held_out: bool = False
    note: str = ""

    def quantile(self, share: float) -> float:
        """Return the risk, or the rate, below which a share of what is believed lies."""
        point = quantile(self.quantiles, share)
        return math.exp(point) if self.scale == "log" else 1 / (1 + math.exp(-point))


@dataclass(frozen=True, slots=True)
class Ratio:
    """What cells multiply a risk by: a risk ratio or an odds ratio with its interval."""

    id: str
    scale: Literal["risk_ratio", "odds_ratio"]
    log: float
    error: float
    estimate: float
    low: float
    high: float
    rows: tuple[str, ...]
    held_out: bool = False
    note: str = ""

    @property
    def published(self) -> bool:
        """Whether it was published, rather than assumed."""
        return bool(self.rows)

    def quantile(self, share: float) -> float:
        """Return the ratio below which a share of what is believed lies."""
        from scipy.special import ndtri

        return math.exp(self.log + self.error * float(ndtri(share)))


@dataclass(frozen=True, slots=True)
class Hazard:
    """How often a term follows an administration by some routes, or comes with time.

    Attributes
    ----------
    routes : tuple of str
        Empty for what comes with time.
    diseases : tuple of str
        Diseases that it holds for; empty for all others.
    risk : Pool
    ratio : Ratio or None
        None where all of it is ascribed to cells.
    predicted : bool
        Whether no row of this route stands behind it.
    assumed : str
        What was assumed in place of data; empty where nothing was.
    """

    routes: tuple[str, ...]
    risk: Pool
    ratio: Ratio | None
    predicted: bool = False
    assumed: str = ""
    note: str = ""
    diseases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spell:
    """A range of hours."""

    low: float
    high: float
    status: Status
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One adverse event.

    Attributes
    ----------
    ctcae : str or None
        Its name in CTCAE v5.0, where it was seen there.
    grades : tuple of float
        Shares of grades 1 to 5.
    serious_share : float
        Share of the events of grade 3 and 4 that are serious; grade 1 and 2 never are, 5 always.
    once : bool
        Whether a patient has it once at most; after a dose, the first alone is asked.
    allogeneic_only : bool
        Whether it takes cells of another person.
    after : tuple of Hazard
        What follows an administration; empty for what comes with time.
    over_time : tuple of Hazard
        What comes with time, by disease; empty for what follows an administration.
    """

    id: str
    title: str
    ctcae: str | None
    expected: bool
    once: bool
    grades: tuple[float, ...]
    grade_status: Status
    serious_share: float
    onset: Spell | None
    lasts: Spell | None
    after: tuple[Hazard, ...]
    over_time: tuple[Hazard, ...]
    grade_note: str = ""
    allogeneic_only: bool = False

    def hazard(self, route: str) -> Hazard | None:
        """Return what follows an administration by a route."""
        return next((one for one in self.after if route in one.routes), None)

    def background(self, disease: str) -> Hazard:
        """Return what comes with time in a disease."""
        named = [one for one in self.over_time if disease in one.diseases]
        return (named or [one for one in self.over_time if not one.diseases])[0]

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """All of them."""
        return (*self.after, *self.over_time)


@dataclass(frozen=True, slots=True)
class Modifier:
    """What could change the share that is due to cells; a factor of 1 changes nothing."""

    id: str
    title: str
    terms: tuple[str, ...]
    factor: float
    status: Status
    reference: float | None = None
    source: str | None = None
    note: str = ""

    @property
    def off(self) -> bool:
        """Whether it changes nothing."""
        return self.factor == 1.0


@dataclass(frozen=True, slots=True)
class DoseLimiting:
    """Which event counts as a dose-limiting toxicity: grade or worse, within days of a dose."""

    grade: int
    days: float
    status: Status
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Safety:
    """All adverse events of the library."""

    terms: Mapping[str, Term]
    pools: Mapping[str, Pool]
    ratios: Mapping[str, Ratio]
    modifiers: Mapping[str, Modifier]
    dose_limiting: DoseLimiting
    grading: str

    def terms_after(self, route: str) -> tuple[Term, ...]:
        """Return the terms that can follow an administration by a route."""
        return tuple(term for term in self.terms.values() if term.hazard(route) is not None)

    @property
    def terms_over_time(self) -> tuple[Term, ...]:
        """Return the terms that come with time."""
        return tuple(term for term in self.terms.values() if term.over_time)
