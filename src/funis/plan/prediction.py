"""What is predicted of matching virtual patients, as frozen values; never without placebo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; the unit stands beside it."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Response:
    """One endpoint of matching virtual patients, treated, on placebo, and with no-effect cells."""

    endpoint: str
    week: float
    measure: str
    unit: str
    treated: Interval
    placebo: Interval
    no_effect: Interval
    difference: Interval | None = None
    """Treated minus placebo, in the same virtual patients."""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """Share of virtual patients with an event within the horizon, treated and on placebo."""

    id: str
    name: str
    treated: Interval
    placebo: Interval
    source: str | None = None


@dataclass(frozen=True, slots=True)
class AveragedEffect:
    """Effect against placebo, averaged over a span of years."""

    endpoint: str
    years: float
    unit: str
    effect: Interval
    no_effect: Interval | None = None
    """The same of cells without effect (potency 0)."""


@dataclass(frozen=True, slots=True)
class Influence:
    """How far a prediction moves between the low and the high end of one unknown.

    ``low`` and ``high`` are the effects against placebo at the two ends, ``ends`` says which.
    """

    name: str
    change: float
    unit: str
    note: str | None = None
    ends: tuple[str, str] | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One number of the consultation beside the virtual patients that match it.

    Attributes
    ----------
    name, unit : str
    given : float
        Of the consultation.
    mean, low, high : float
        Mean of the matches, and the range that holds 90 % of them.
    """

    name: str
    unit: str
    given: float
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Median of virtual patients over time, and the range that holds 80 % of them."""

    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """A score of the same matching virtual patients over time under each arm."""

    endpoint: str
    unit: str
    weeks: tuple[float, ...]
    treated: Spread
    placebo: Spread
    no_effect: Spread


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another dose, route or schedule in the same stratum, beside no cells.

    Attributes
    ----------
    id, label, route : str
    kind : str
        Where it is from: the plan itself, a trial arm, an advertised or a published regimen.
    cells_million : float
        Cells of the whole horizon in a virtual patient of the stratum, mean [1e6].
    infusions : int
    response, course : Interval
        Benefit against no cells: of the endpoint, and of the score averaged over the horizon.
    events : Interval or None
        Adverse events that follow the doses of a patient; None where nothing is known.
    alike : bool
        Whether it belongs to those that cannot be told apart.
    """

    id: str
    label: str
    kind: Literal["plan", "trial arm", "advertised", "published"]
    route: str
    cells_million: float
    infusions: int
    response: Interval
    course: Interval | None
    events: Interval | None
    alike: bool
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Alternatives side by side for a stratum; it ranks arms, never a treatment of anybody.

    Attributes
    ----------
    stratum : str
        Whom it holds for, in words.
    answer : str
        Whether the alternatives can be told apart, in one sentence.
    response, course : str
        What is compared, in words with the unit.
    response_is_share : bool
        Whether the response is a share of virtual patients, which reads as percent.
    settings : tuple of str
        Dose shapes and potencies that a difference had to survive.
    """

    stratum: str
    answer: str
    response: str
    course: str
    n_patients: int
    draws: int
    horizon_week: float
    settings: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    caveats: tuple[str, ...] = ()
    response_is_share: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """The predicted course of the virtual patients that resemble this one.

    Attributes
    ----------
    n_patients : int
        Matching virtual patients of the pool.
    stratum : str
        How they were matched, in words.
    responses, adverse_events, averaged, influences : tuple
        ``influences`` by falling size: what would change the prediction most.
    matches : tuple of Match
        How well they match, number by number.
    bands : tuple of ScoreBand
    draws : int
        Draws of the model that every match is followed under.
    no_effect_share : float or None
        Share of the draws of the posterior in which cells do nothing; None without a posterior.
    drugs : tuple of str
        Background drugs of the consultation as they are given in the simulation, or left out.
    """

    n_patients: int
    stratum: str
    responses: tuple[Response, ...]
    adverse_events: tuple[AdverseEvent, ...] = ()
    averaged: tuple[AveragedEffect, ...] = ()
    influences: tuple[Influence, ...] = ()
    warnings: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    bands: tuple[ScoreBand, ...] = ()
    draws: int = 0
    no_effect_share: float | None = None
    drugs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What becomes of one dose after so many minutes from thaw to vein.

    Attributes
    ----------
    minute : float
    living : float
        Share of the cells that arrive living.
    functional_million : Interval
        Living cells of the dose in the vein times their potency [1e6]; the interval holds spread
        between runs and lots, and everything that nobody reports.
    vials : int
        Vials to thaw so that the dose arrives living.
    thawed_million : float
        Cells in them that are drawn [1e6].
    dmso_mg_per_kg : float or None
        Load of dimethyl sulfoxide for the lightest weight of the band; None where not reported.
    in_time : bool or None
        Whether the infusion is over before the cells expire; None where either is not stated.
    treated, placebo, difference : Interval or None
        The primary endpoint treated and on placebo, and treated minus placebo; None where nothing
        was predicted.
    """

    minute: float
    living: float
    functional_million: Interval
    vials: int
    thawed_million: float
    dmso_mg_per_kg: float | None
    in_time: bool | None
    treated: Interval | None = None
    placebo: Interval | None = None
    difference: Interval | None = None


@dataclass(frozen=True, slots=True)
class Holds:
    """The time from thaw to vein, from none to the longest that was measured.

    Attributes
    ----------
    usual_minute : float
        Of the product.
    own_minute : float
        That the plan was made for.
    rows : tuple of Held
        By rising minutes.
    response : Response or None
        The primary endpoint at the time the plan was made for; None where nothing was predicted.
    computed_minutes : tuple of float
        Where virtual patients were followed; between them the response is interpolated by the
        share of cells that live.
    """

    usual_minute: float
    own_minute: float
    rows: tuple[Held, ...]
    response: Response | None = None
    computed_minutes: tuple[float, ...] = ()
