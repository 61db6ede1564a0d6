"""A published study as a virtual one: population, arms, doses, other treatment, visits.

What a study does not say is drawn from stated distributions and flagged; what has no counterpart
is listed with the reason, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from funis.analysis import Published, Skipped
from funis.calibrate.reconstruction_file import StandIns
from funis.calibrate.regimens import cells_of
from funis.calibrate.rows import Row, is_baseline, one_of_each, row_of
from funis.evidence import Arm as PublishedArm
from funis.evidence import Study as PublishedStudy
from funis.models import Model
from funis.protocol import (
    SUMMARY_OF,
    Arm,
    EndpointRequest,
    FrozenMapping,
    Intervention,
    Protocol,
    Success,
    Visits,
)
from funis.protocol.values import Control

CONTROL = "without_cells"
"""Arm in which nothing but the background of the template is given."""


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """One published arm: the regimens that it may have been, alike in probability.

    Attributes
    ----------
    id : str
    n : int or None
    variants : tuple of Arm
        One where the regimen is known.
    cells : bool
        Whether cells are given.
    drawn : tuple of str
        What was drawn because the study does not say it.
    left_out : tuple of str
        Other treatment that is not represented, or guessed.
    stands_in : tuple of str
        What of the library stands for what was given.
    """

    id: str
    n: int | None
    variants: tuple[Arm, ...]
    cells: bool
    drawn: tuple[str, ...]
    left_out: tuple[str, ...]
    stands_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reconstruction:
    """A published study as a virtual one.

    Attributes
    ----------
    study : PublishedStudy
    template : str
        Trial of the library whose patients, background and rules it has.
    protocol : Protocol
        All variants of all arms, the one without cells first.
    arms : tuple of ArmPlan
    rows : tuple of Row
        Numbers after baseline.
    baseline : tuple of Row
        Numbers at baseline, which the virtual patients are weighted to.
    skipped : tuple of Skipped
    """

    study: PublishedStudy
    template: str
    protocol: Protocol
    arms: tuple[ArmPlan, ...]
    rows: tuple[Row, ...]
    baseline: tuple[Row, ...]
    skipped: tuple[Skipped, ...]

    def arm(self, arm_id: str) -> ArmPlan:
        """Return an arm by its id."""
        return next(arm for arm in self.arms if arm.id == arm_id)

    @property
    def regimen_known(self) -> bool:
        """Whether all that was given is known: dose, route, schedule and other treatment."""
        return not any(arm.drawn or arm.left_out for arm in self.arms if arm.cells)


def template_name(study: PublishedStudy, stand_ins: StandIns) -> str:
    """Return the trial of the library whose patients are like those of a study."""
    words = [study.id, study.title, study.population.criteria, study.population.background]
    text = " ".join(word for word in words if word)
    return stand_ins.population(study.disease, text) or f"{study.disease}_demo"


def reconstruct(
    study: PublishedStudy,
    published: Sequence[Published],
    skipped: Sequence[Skipped],
    template: Protocol,
    model: Model,
    stand_ins: StandIns,
) -> Reconstruction:
    """Return a study as a virtual one.

    Parameters
    ----------
    published, skipped
        Numbers of the study in our names and units, and those that have none.
    template
        Protocol of `template_name`.
    """
    lost = [item for item in skipped if item.study == study.id]
    mine, doubles = one_of_each([row_of(item) for item in published if item.study == study.id])
    lost += [_lost(row, "another count of the same arm, endpoint and week") for row in doubles]
    plans: dict[str, ArmPlan] = {}
    for arm_id in dict.fromkeys(row.arm for row in mine):
        plan = plan_of(study, arm_id, model, stand_ins)
        if isinstance(plan, str):
            lost += [_lost(row, plan) for row in mine if row.arm == arm_id]
        else:
            plans[arm_id] = plan
    kept = [row for row in mine if row.arm in plans]
    contrasts = [item for item in published if item.study == study.id and item.contrast]
    for item in contrasts:
        lost += [_lost(row_of(item), "a difference whose other arm is not named")]
    kept = [row for row in kept if row.request not in {row_of(c).request for c in contrasts}]
    rows = tuple(row for row in kept if not is_baseline(row))
    baseline = tuple(row for row in kept if is_baseline(row))
    used = {row.arm for row in rows}
    arms = tuple(plan for plan in plans.values() if plan.id in used)
    return Reconstruction(
        study, template.id, study_protocol(study.id, template, arms, rows), arms, rows, baseline,
        tuple(lost),
    )  # fmt: skip


def study_protocol(
    name: str, template: Protocol, arms: Sequence[ArmPlan], rows: Sequence[Row]
) -> Protocol:
    """Return the protocol that a study is simulated by: no drop-out, everybody seen.

    Every patient has a site of his own: how much studies differ is not left to a few sites' luck.
    """
    background = next(arm for arm in template.arms if arm.control is not None)
    bare = replace(background, id=CONTROL, reference=True)
    variants = [
        replace(arm, interventions=(*arm.interventions, *background.interventions))
        for plan in arms
        for arm in plan.variants
    ]
    last = max((row.request.week for row in rows), default=0.0)
    own = {week for week in template.visits.weeks if week < last}
    weeks = tuple(sorted({0.0, *own, *(row.request.week for row in rows)}))
    rules = tuple(
        replace(rule, arms=("all",), weeks=tuple(w for w in rule.weeks if w in weeks))
        for rule in template.rules
        if rule.applies_to(background.id) and (not rule.weeks or set(rule.weeks) & set(weeks))
    )
    asked = [row.request for row in rows] or [EndpointRequest("", 0.0, "value", "exploratory")]
    once = {request.key: replace(request, role="primary") for request in asked}
    first = asked[0]
    success = Success(
        first.endpoint, first.week, tuple(arm.id for arm in variants), CONTROL,
        SUMMARY_OF[first.measure], 0.05, "greater", 0.0,
    )  # fmt: skip
    return replace(
        template, id=name, population=replace(template.population, patients_per_site=1),
        arms=(bare, *variants), visits=Visits(weeks), rules=rules,
        endpoints=tuple(once.values()), success=success if variants else None,
        dropout=replace(template.dropout, rate_per_year=0.0, arms=FrozenMapping()),
    )  # fmt: skip


def plan_of(study: PublishedStudy, arm_id: str, model: Model, stand_ins: StandIns) -> ArmPlan | str:
    """Return the plan of an arm, or why it cannot be simulated."""
    arm = study.arm(arm_id)
    if arm is None:
        known = [one for one in study.arms if one.route != "none"]
        if arm_id not in ("all", "both") or len({_regimen(one) for one in known}) != 1:
            return "several arms of different regimens together"
        arm = replace(known[0], id=arm_id, n=study.population.n)
    given, left_out = _cotreatment(arm, model, stand_ins)
    if without_cells(study, arm, stand_ins):
        drug = _drug_arm(arm, given)
        return drug or ArmPlan(
            arm.id, arm.n, (_variant(arm, 0, given),), False, (), tuple(left_out)
        )
    product = _product(study, stand_ins)
    if isinstance(product, str):
        return product
    routes = _routes(arm, model, stand_ins)
    if isinstance(routes, str):
        return routes
    cells, drawn = cells_of(study, arm, product[0], routes, stand_ins)
    variants = tuple(_variant(arm, k, (*one, *given)) for k, one in enumerate(cells))
    return ArmPlan(arm.id, arm.n, variants, True, drawn, tuple(left_out), product[1])


def without_cells(study: PublishedStudy, arm: PublishedArm, stand_ins: StandIns) -> bool:
    """Return whether an arm got no cells."""
    if arm.cells_per_infusion == 0 or arm.cells_per_kg == 0 or arm.infusions == 0:
        return True
    if arm.cells_per_infusion or arm.cells_per_kg:
        return False
    words = f"{arm.id} {arm.route or ''}".lower()
    return any(word in words for word in stand_ins.content.controls)


def _drug_arm(arm: PublishedArm, given: Sequence[Intervention]) -> str | None:
    """Return why an active comparator cannot be simulated; None where it can."""
    plain = ("placebo", "control", "sham", "standard", "saline", "usual")
    if given or arm.dose is None or any(word in arm.id.lower() for word in plain):
        return None
    return f"the comparator '{arm.dose}' is not an input of the disease"


def _product(study: PublishedStudy, stand_ins: StandIns) -> tuple[str, tuple[str, ...]] | str:
    source = study.product.source or "other"
    why = stand_ins.content.unrepresented_products.get(source)
    if why is not None:
        return why
    entry = stand_ins.content.products.get(source, stand_ins.content.products["other"])
    return entry.product, () if entry.note is None else (entry.note,)


def _routes(arm: PublishedArm, model: Model, stand_ins: StandIns) -> tuple[str, ...] | str | None:
    """Return the inputs that receive the cells, None where the route is not known, or a reason."""
    if arm.route is None:
        return None
    why = stand_ins.content.unrepresented_routes.get(arm.route)
    if why is not None:
        return why
    inputs = stand_ins.content.routes.get(arm.route)
    if inputs is None:
        return f"the route '{arm.route}' is not represented"
    absent = [name for name in inputs if model.input(name) is None]
    return f"the disease has no input '{absent[0]}'" if absent else inputs


def _cotreatment(
    arm: PublishedArm, model: Model, stand_ins: StandIns
) -> tuple[tuple[Intervention, ...], list[str]]:
    """Return other treatment as interventions, and what is left out with the reason."""
    text = " ".join(word for word in (arm.id, arm.cotreatment, arm.dose) if word)
    given, left_out = [], []
    for one in stand_ins.cotreatments(text):
        if one.give is not None and model.input(one.give) is not None:
            given.append(one.intervention())
            left_out += [] if one.note is None else [f"{one.give}: {one.note}"]
        else:
            left_out.append(one.otherwise or f"'{one.words[0]}' is not an input of the disease")
    return tuple(given), left_out


def _variant(arm: PublishedArm, number: int, given: tuple[Intervention, ...]) -> Arm:
    control: Control | None = None if given else "standard_of_care"
    return Arm(f"{arm.id}.{number}", arm.id, control, interventions=given)


def _regimen(arm: PublishedArm) -> tuple[object, ...]:
    return arm.route, arm.cells_per_infusion, arm.cells_per_kg, arm.infusions


def _lost(row: Row, reason: str) -> Skipped:
    return Skipped(row.study, row.arm, row.request.endpoint, row.request.week, reason)
