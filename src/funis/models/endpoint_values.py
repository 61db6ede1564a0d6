"""Endpoints of a disease as frozen values: components, scores, responders, categories."""

from dataclasses import dataclass, field, replace
from typing import Literal

from funis.checks import Expression

Scale = Literal["logit", "log", "linear", "presence", "events", "count"]
Reporter = Literal["patient", "assessor", "laboratory"]
Status = Literal["measured", "derived", "calibrated", "calibrated (by hand)", "assumed"]
Better = Literal["lower", "higher"]
Measure = Literal["responder", "change", "value", "rate"]


@dataclass(frozen=True, slots=True)
class Component:
    """What is measured at a visit: an observable of the model, seen through observation layers.

    Attributes
    ----------
    observable : str
        Output of the model; times ``gain`` it is the true value in ``unit``.
    scale : {"logit", "log", "linear", "presence", "events", "count"}
        Scale of noise, expectation and inflation: the logit of the share of the range, the
        logarithm, or the unit itself. Or how a whole number comes from the true value: a
        descriptor that is ``presence`` for a share of patients, ``events`` since the run-in by
        their cumulative intensity, a ``count`` at one visit by its mean.
    low, high : float
        Range of what can be recorded.
    noise_sd : float
        Standard deviation of measurement noise, on the scale.
    shared_noise : float
        Share of the noise variance common to the reported components of a visit [0, 1].
    expectation : float
        Downward shift at full expectation, on the scale; 0 for laboratory values.
    inflation : float
        Upward shift at screening and baseline, on the scale.
    reporter : {"patient", "assessor", "laboratory"}
    rounding : float or None
        Step of what is recorded.
    latent_of : str or None
        Component whose noise draw this one shares.
    minimal_important_difference : float or None
        In ``unit``.
    status, source, where, note
        Of the observation numbers, as for parameters.
    line : int or None
        Line of the file.
    """

    id: str
    name: str
    unit: str
    observable: str
    gain: float
    scale: Scale
    low: float
    high: float
    noise_sd: float
    shared_noise: float
    expectation: float
    inflation: float
    reporter: Reporter
    rounding: float | None
    latent_of: str | None
    minimal_important_difference: float | None
    status: Status
    source: str | None
    where: str | None
    note: str | None
    line: int | None = field(compare=False)

    @property
    def by_chance(self) -> bool:
        """Whether the model gives a chance or a mean of it, and luck what is written down."""
        return self.scale in ("presence", "events", "count")

    @property
    def luck_of(self) -> str:
        """The component whose draws this one shares: its latent's, else its own."""
        return self.latent_of or self.id


@dataclass(frozen=True, slots=True)
class Score:
    """A number computed from components and other scores; ``low`` and ``high`` bound it."""

    id: str
    name: str
    unit: str
    expression: Expression
    low: float
    high: float
    better: Better
    minimal_important_difference: float | None
    source: str
    where: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Responder:
    """A condition on a patient at a visit; what is missing has not been met.

    Attributes
    ----------
    held_weeks : float
        The condition counts at a visit once it has held at every visit back to one that lies at
        least this much earlier (confirmed) [week]; 0 for at once. Baseline does not count.
    ever : bool
        Whether it stays true from the first visit on at which it counts.
    better : {"higher", "lower"}
        ``lower`` where meeting it is bad for the patient: a relapse, a progression.
    """

    id: str
    name: str
    expression: Expression
    source: str
    where: str | None
    note: str | None
    held_weeks: float = 0.0
    ever: bool = False
    better: Better = field(default="higher", metadata={"late": True})

    @property
    def remembers(self) -> bool:
        """Whether it depends on the visits of a patient before this one."""
        return self.ever or self.held_weeks > 0


@dataclass(frozen=True, slots=True)
class Category:
    """Ordered levels, best first: a patient is in the first whose rule holds.

    Each level is a condition too, named ``<id>_<level>``.
    """

    id: str
    name: str
    levels: tuple[str, ...]
    rules: tuple[Expression, ...]
    source: str
    where: str | None
    note: str | None

    @property
    def level_names(self) -> tuple[str, ...]:
        """Names of the levels as conditions, e.g. ``EULAR_good``."""
        return tuple(f"{self.id}_{level}" for level in self.levels)


@dataclass(frozen=True, slots=True)
class Structural:
    """An accumulator of the model, reported as its change from baseline."""

    id: str
    name: str
    unit: str
    observable: str
    low: float
    high: float
    better: Better
    minimal_important_difference: float | None
    source: str
    where: str | None
    note: str | None
    line: int | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class NotTestable:
    """Something users ask for that cannot be judged, with the reason."""

    id: str
    name: str
    reason: str
    source: str
    where: str | None


@dataclass(frozen=True, slots=True)
class EvidenceName:
    """What a published outcome name means here.

    Attributes
    ----------
    published : str
    endpoint : str or None
        Component, score, responder, level or structural endpoint; none where it has no meaning.
    measure : {"responder", "change", "value", "rate"}
    factor : float
        Ours = ``factor`` times published (units).
    contrast : bool
        Whether the published number is a difference between arms.
    unrepresented : str or None
        Why the outcome cannot be compared.
    note : str or None
    """

    published: str
    endpoint: str | None
    measure: Measure
    factor: float
    contrast: bool
    unrepresented: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """All endpoints of a disease; ``order`` is an order in which they can be computed."""

    components: tuple[Component, ...]
    scores: tuple[Score, ...]
    responders: tuple[Responder, ...]
    categories: tuple[Category, ...]
    structural: tuple[Structural, ...]
    not_testable: tuple[NotTestable, ...]
    evidence_names: tuple[EvidenceName, ...]
    order: tuple[str, ...]
    file: str | None = field(default=None, compare=False)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names that are true or false of a patient: responders, and levels of categories."""
        levels = [name for category in self.categories for name in category.level_names]
        return (*(responder.id for responder in self.responders), *levels)

    @property
    def event_counts(self) -> tuple[str, ...]:
        """Components that count events, which can be reported as a rate."""
        return tuple(item.id for item in self.components if item.scale == "events")

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names that are numbers: components, scores and structural endpoints."""
        return tuple(item.id for item in self._with_numbers())

    @property
    def names(self) -> tuple[str, ...]:
        """Names that criteria and rules may use: components, scores and conditions."""
        components = (component.id for component in self.components)
        return (*components, *(score.id for score in self.scores), *self.conditions)

    def measures(self, name: str) -> tuple[Measure, ...]:
        """How an endpoint can be reported; nothing for what is no endpoint."""
        if name in self.conditions:
            return ("responder",)
        if name in self.event_counts:
            return ("change", "value", "rate")
        return ("change", "value") if name in self.numbers else ()

    def better(self, name: str) -> Better:
        """Whether more of an endpoint is better for the patient, or less.

        A component improves downwards: that is how expectation acts on it. Of a category the last
        level is the worst.
        """
        for responder in self.responders:
            if responder.id == name:
                return responder.better
        if any(name == category.level_names[-1] for category in self.categories):
            return "lower"
        if name in self.conditions:
            return "higher"
        found: Better = getattr(self.number(name), "better", "lower")
        return found

    def number(self, name: str) -> Component | Score | Structural:
        """Component, score or structural endpoint by its id.

        Raises
        ------
        KeyError
            If there is none of this id.
        """
        for item in self._with_numbers():
            if item.id == name:
                return item
        raise KeyError(name)

    def _with_numbers(self) -> tuple[Component | Score | Structural, ...]:
        return (*self.components, *self.scores, *self.structural)

    def evidence_name(self, published: str) -> EvidenceName | None:
        """Look up what a published outcome name means; none where it is not listed."""
        return next((item for item in self.evidence_names if item.published == published), None)

    def meaning(self, published: str, kind: str | None = None) -> EvidenceName | None:
        """Look up what an outcome name of any study means; none where nothing is like it.

        A listed name counts first, then one that differs in case and punctuation alone, then the
        name of an endpoint itself, with ``change`` behind it for a change.

        Parameters
        ----------
        kind
            change | effect, where the record says so: a change from baseline, a difference to the
            control arm.
        """
        plain = _letters(published)
        found = self.evidence_name(published) or next(
            (item for item in self.evidence_names if _letters(item.published) == plain), None
        )
        found = found or self._own(published, plain)
        if found is None or found.endpoint is None:
            return found
        if kind == "change" and found.measure == "value":
            return replace(found, measure="change")
        return replace(found, contrast=True) if kind == "effect" else found

    def _own(self, published: str, plain: str) -> EvidenceName | None:
        """Return the endpoint whose id an outcome bears."""
        for name in self.conditions:
            if _letters(name) in (plain, plain.removesuffix("response")):
                return EvidenceName(published, name, "responder", 1.0, False, None, None)
        for name in self.numbers:
            if _letters(name) == plain:
                return EvidenceName(published, name, "value", 1.0, False, None, None)
            if _letters(name) == plain.removesuffix("change"):
                return EvidenceName(published, name, "change", 1.0, False, None, None)
        return None


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def homes(categories: tuple[Category, ...]) -> dict[str, str]:
    """Category that each level belongs to, by the level's name as a condition."""
    return {level: category.id for category in categories for level in category.level_names}
