"""What the report of a virtual trial shows: plain numbers, words and arrays, no science.

Proportions are in 0..1, times are weeks since the first dose, differences are arm minus reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from funis.report.scales import Array
from funis.report.statement import CANNOT_SAY

if TYPE_CHECKING:
    from funis.analysis.results import Contrast, Estimate, SensitivityResult
    from funis.report.series import SeriesView

Better = Literal["lower", "higher", "neither"]
Status = Literal["assumed", "calibrated", "measured", "derived"]
Verdict = Literal["passed", "size", "failed", "guide", ""]


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its interval; a part that was not published is None."""

    estimate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """One arm: what it gets and what became of its virtual patients.

    `n` counts randomised patients, the failed ones among them. `dose_weeks` are the single
    administrations and `drug_weeks` the (start, end) of lasting ones, for the calendar.
    """

    id: str
    label: str
    regimen: str
    n: int
    control: str | None = None
    failed: Mapping[str, int] = field(default_factory=dict)
    dropped_out: int = 0
    rescued: int = 0
    dose_weeks: tuple[float, ...] = ()
    drug_weeks: tuple[tuple[float, float], ...] = ()
    scenario: str = ""

    @property
    def failed_total(self) -> int:
        """Patients of this arm whose simulation failed."""
        return sum(self.failed.values())


@dataclass(frozen=True, slots=True)
class EndpointView:
    """How an endpoint (`key`, such as "ACR20@12") is named and read."""

    key: str
    name: str
    week: float
    measure: str
    role: Literal["primary", "secondary", "exploratory"] = "secondary"
    unit: str = ""
    better: Better = "higher"
    minimal_important_difference: float | None = None
    structural: bool = False


@dataclass(frozen=True, slots=True)
class ScoreView:
    """How a score is named and read; `thresholds` are (words, value) lines in its figures."""

    id: str
    name: str
    unit: str = ""
    better: Better = "lower"
    minimal_important_difference: float | None = None
    thresholds: tuple[tuple[str, float], ...] = ()
    structural: bool = False


@dataclass(frozen=True, slots=True)
class SuccessOutcome:
    """The success rule applied to one arm; `found` is None where it cannot be judged.

    `words` name the outcome where "effect found" or "no effect found" does not.
    """

    arm: str
    found: bool | None
    statement: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class SuccessView:
    """The success rule, fixed before the run, and its outcome in each arm that it judges."""

    rule: str
    outcomes: tuple[SuccessOutcome, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Quantiles over patients at each week; bands that were not kept are None."""

    median: Array
    q25: Array | None = None
    q75: Array | None = None
    q10: Array | None = None
    q90: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """A score over time in one arm, beside the same patients under placebo."""

    arm: str
    score: str
    weeks: Array
    treated: Band
    twin: Band


@dataclass(frozen=True, slots=True, eq=False)
class ResponderCurve:
    """Share of responders by week in one arm, with its interval."""

    arm: str
    endpoint: str
    weeks: Array
    estimate: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True, eq=False)
class MechanismPanel:
    """A model observable over time, treated beside untreated twin.

    `shares` splits the treated quantity among its sources; each array is in 0..1.
    """

    arm: str
    id: str
    name: str
    group: str
    weeks: Array
    treated: Band
    twin: Band
    unit: str = "fold of baseline"
    shares: Mapping[str, Array] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CellPanel:
    """Infused cells in one compartment by state [1e6 cells]; the twin has none."""

    arm: str
    compartment: str
    weeks: Array
    states: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class DurabilityRow:
    """The durability headline of one arm, against the untreated twins."""

    arm: str
    n: int
    time_averaged_effect: Interval
    share_of_days: Interval
    improved_after_12_months: Interval | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SimulatedArm:
    """A simulated arm beside a published one."""

    arm: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """A published arm beside the simulated arms that stand for it.

    `n` counts the patients of the arm and `n_randomised` those of the whole study. `pooled` marks
    a meta-analysis, `contrast` a difference to a control arm (`ratio`: divided by it), `target` a
    number that the model was set to. `simulated_week` is given where it differs from the published
    week.
    """

    study: str
    arm: str
    design: str
    randomised: bool
    n: int | None
    product: str
    dose: str
    week: float
    endpoint: str
    observed: Interval
    simulated: tuple[SimulatedArm, ...]
    blinding: str = ""
    n_randomised: int | None = None
    percent: bool = True
    unit: str = ""
    pooled: bool = False
    contrast: bool = False
    ratio: bool = False
    target: bool = False
    simulated_week: float | None = None
    verdict: Verdict = ""
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A published row that could not be compared, and why."""

    study: str
    arm: str
    endpoint: str
    reason: str


@dataclass(frozen=True, slots=True)
class EvidenceBase:
    """How much published evidence stands behind the cell arms of this trial.

    ``own`` names studies of the user's own among it, each with its hash.
    """

    randomised_studies: int
    randomised_patients: int
    other_studies: int
    other_patients: int
    grade: str
    note: str = ""
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter of the model, with where its value comes from."""

    id: str
    name: str
    value: float
    unit: str
    status: Status
    source: str = ""
    where: str = ""
    note: str = ""
    spread: str = ""
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class DrugGateRow:
    """A targeted drug in the immune core, simulated and published.

    ``null`` is where a line stands for no effect; none is drawn without it. ``at_size`` is the
    interval that arms of the published sizes would give.
    """

    drug: str
    measure: str
    source: str
    simulated: Interval
    published: Interval
    verdict: Verdict
    percent: bool = False
    note: str = ""
    null: float | None = None
    at_size: Interval = Interval(None, None, None)
    tier: str = ""


@dataclass(frozen=True, slots=True)
class DrawGate:
    """What became of the raw draws of virtual patients."""

    raw: int
    accepted: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    required_share: float = 0.7


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A statistic of the placebo population, simulated and published."""

    name: str
    simulated: Interval
    published: Interval
    inside: bool
    unit: str = ""
    percent: bool = False
    basis: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class StructureRow:
    """A competing form of the model and whether this run used it, and where."""

    name: str
    text: str
    active: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What it takes to run this trial again; the date only where one is given.

    ``endpoints_hash`` is of the scores, noise and responder rules, which ``model_hash`` leaves out;
    empty for a run older than it is.
    """

    protocol_file: str
    protocol_hash: str
    library_version: str
    model_hash: str
    pool_hash: str
    engine: str
    seed: int
    command: str = ""
    date: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    endpoints_hash: str = ""


@dataclass(frozen=True, slots=True)
class SafetyCell:
    """One adverse event in one arm.

    ``risk`` and ``difference`` are shares of patients, ``rate`` events in 100 patient-years;
    ``ratio`` compares risks with the reference. ``by_dose`` are events after each dose.
    """

    arm: str
    patients: int
    n: int
    events: int
    risk: Interval
    rate: Interval
    ratio: Interval
    difference: Interval
    serious: int
    grade3plus: int
    by_dose: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BelievedLine:
    """What was believed of an event beforehand, in words; ``follows`` is a route, or time."""

    follows: str
    control: str
    cells: str
    ratio: str
    source: str
    basis: Literal["evidence", "predicted", "assumed"]


@dataclass(frozen=True, slots=True)
class SafetyRow:
    """One adverse event in every arm, and what was believed of it beforehand.

    Attributes
    ----------
    group : str
        summary | dose | time.
    believed : tuple of BelievedLine
        A line a route.
    """

    term: str
    name: str
    group: Literal["summary", "dose", "time"]
    cells: tuple[SafetyCell, ...]
    believed: tuple[BelievedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class SafetyView:
    """Adverse events of a trial; ``notes`` say what cannot be told from them."""

    rows: tuple[SafetyRow, ...]
    notes: tuple[str, ...]
    grading: str
    limit: str


@dataclass(frozen=True, slots=True)
class UncertaintyRow:
    """The effect of one arm on the main score under many draws of the model.

    Attributes
    ----------
    effect
        Mean effect on the same patients, without noise: middle and central 80 % of the draws.
    between_patients
        Standard deviation of the effect between patients.
    sampling
        Standard error of the difference to the reference in a trial of this size.
    between_draws
        Standard deviation of the mean effect between draws: what is not known of the model.
    """

    arm: str
    label: str
    effect: Interval
    between_patients: float
    sampling: float
    between_draws: float


@dataclass(frozen=True, slots=True)
class UncertaintyView:
    """What is not known of the cells: what the posterior rests on, and what it leaves open.

    Attributes
    ----------
    basis : str
        borrowed | own | prior.
    no_effect : mapping
        Probability that cells do nothing, by basis.
    potency : Interval
        Factor on the library's potency where cells do anything, middle and central 80 %.
    rests_on : mapping
        The calibratability table: rows, studies, centres, randomised patients, ...
    identified : bool
        Whether the disease's own rows tell an effect of cells from none, whichever study is left
        out.
    against_none : float
        Odds of an effect after the disease's own rows, over those before, without whichever study
        raises them most.
    score, unit : str
    week : float
        What the rows are about.
    unreported : str
        What trials that nobody has reported would change, in a sentence.
    """

    basis: str
    no_effect: Mapping[str, float]
    potency: Interval
    rests_on: Mapping[str, int | str]
    identified: bool
    against_none: float
    score: str = ""
    unit: str = ""
    week: float = 0.0
    draws: int = 0
    rows: tuple[UncertaintyRow, ...] = ()
    unreported: str = ""


@dataclass(frozen=True, slots=True)
class DesignRow:
    """One part of the design of a trial in words, e.g. how patients were randomised."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class LayerRow:
    """The first primary endpoint of an arm with layers taken away, on the same patients.

    `removed` is empty for what is reported, else it names the last layer taken away; `improved` is
    the share of patients better than at entry, None where that has no meaning.
    """

    arm: str
    removed: str
    estimate: float
    improved: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrialReport:
    """Everything that the report of a virtual trial shows.

    Raises
    ------
    ValueError
        Two arms share an id, the reference is no arm, or an array has another length
        than its weeks.
    """

    title: str
    disease: str
    question: str
    arms: tuple[ArmSummary, ...]
    reference: str | None
    endpoints: tuple[EndpointView, ...]
    estimates: tuple[Estimate, ...]
    contrasts: tuple[Contrast, ...]
    estimand: str
    success: SuccessView
    provenance: Provenance
    scores: tuple[ScoreView, ...] = ()
    trajectories: tuple[Trajectory, ...] = ()
    responder_curves: tuple[ResponderCurve, ...] = ()
    mechanism: tuple[MechanismPanel, ...] = ()
    cells: tuple[CellPanel, ...] = ()
    durability: tuple[DurabilityRow, ...] = ()
    durability_text: str = ""
    evidence: EvidenceBase | None = None
    published: tuple[PublishedRow, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    parameters: tuple[ParameterRow, ...] = ()
    drug_gate: tuple[DrugGateRow, ...] = ()
    draw_gate: DrawGate | None = None
    targets: tuple[TargetRow, ...] = ()
    structures: tuple[StructureRow, ...] = ()
    uncertainty: UncertaintyView | None = None
    series: tuple[SeriesView, ...] = ()
    design: tuple[DesignRow, ...] = ()
    layers: tuple[LayerRow, ...] = ()
    layers_of: str = ""
    layers_text: str = ""
    safety: SafetyView | None = None
    sensitivity: tuple[SensitivityResult, ...] = ()
    cannot_say: tuple[str, ...] = CANNOT_SAY
    notes: tuple[str, ...] = ()
    regulatory_checked: str | None = None
    interval_level: float = 0.95
    disease_id: str = ""

    def __post_init__(self) -> None:
        """Refuse content that does not fit together."""
        ids = [arm.id for arm in self.arms]
        if len(set(ids)) != len(ids):
            raise ValueError(f"two arms share an id: {ids}")
        if self.reference is not None and self.reference not in ids:
            raise ValueError(f"the reference {self.reference!r} is none of the arms {ids}")
        for course in self.trajectories:
            _check_lengths(course.weeks, course.treated, course.twin)
        for panel in self.mechanism:
            _check_lengths(panel.weeks, panel.treated, panel.twin, *panel.shares.values())
        for curve in self.responder_curves:
            _check_lengths(curve.weeks, curve.estimate, curve.low, curve.high)
        for cells in self.cells:
            _check_lengths(cells.weeks, *cells.states.values())

    def arm(self, arm_id: str) -> ArmSummary | None:
        """Return the arm of that id, or None."""
        return next((arm for arm in self.arms if arm.id == arm_id), None)

    def label(self, arm_id: str) -> str:
        """Return the label of an arm, or its id where the report has no such arm."""
        arm = self.arm(arm_id)
        return arm_id if arm is None else arm.label


def _check_lengths(weeks: Array, *values: Array | Band) -> None:
    for value in values:
        for array in _arrays(value):
            if array.shape != weeks.shape:
                raise ValueError(f"an array of shape {array.shape} beside weeks {weeks.shape}")


def _arrays(value: Array | Band) -> tuple[Array, ...]:
    if isinstance(value, Band):
        bands = (value.median, value.q25, value.q75, value.q10, value.q90)
        return tuple(array for array in bands if array is not None)
    return (value,)
