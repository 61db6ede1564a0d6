"""A trial whose results are not known, as a virtual one: what a study is, without its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from funis.calibrate.reconstruct import ArmPlan, Reconstruction, plan_of, study_protocol
from funis.calibrate.reconstruction_file import StandIns
from funis.calibrate.rows import Row
from funis.evidence import Arm as PublishedArm
from funis.evidence import Design, Population, ProductRecord
from funis.evidence import Study as PublishedStudy
from funis.models import Model
from funis.protocol import SUMMARY_OF, Arm, EndpointRequest, Protocol, Success
from funis.protocol.values import Direction, Structure

WEEKS_PER_YEAR = 365.25 / 7
ALPHA = 0.05
"""Two-sided level of a registered trial whose own rule is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A trial whose results are not known.

    Attributes
    ----------
    reconstruction : Reconstruction
        Its arms, with one row an arm: the primary endpoint, without a published value.
    rule : Success or None
        Arms that have to be better than the reference; None where there is nothing to compare.
    seen : mapping
        Arm -> share of its patients who are still there at the week of the endpoint.
    product_notes : set of str
        What is said of products that stand for others.
    """

    reconstruction: Reconstruction
    rule: Success | None
    seen: Mapping[str, float]

    product_notes: frozenset[str] = frozenset()

    @property
    def unsure(self) -> frozenset[str]:
        """Arms with another treatment that is not represented and the reference has not as well.

        What stands for the cells is no other treatment: it cannot act where cells do nothing.
        """
        arms = self.reconstruction.arms
        known = set(self.product_notes)
        if self.rule is not None:
            known |= set(self.reconstruction.arm(self.rule.reference).left_out)
        return frozenset(arm.id for arm in arms if set(arm.left_out) - known)


def planned_trial(protocol: Protocol) -> Planned | str:
    """Return the arms of a protocol's success rule as a planned trial, or why there is none."""
    rule = protocol.success
    if rule is None:
        return "the trial has no success rule"
    request = next(
        one
        for one in protocol.endpoints
        if (one.endpoint, one.week) == (rule.endpoint, rule.week)
        and SUMMARY_OF[one.measure] == rule.measure
    )
    chosen = [protocol.arm(name) for name in (rule.reference, *rule.arms)]
    altered = [arm.id for arm in chosen if arm.altered]
    if altered:
        return f"the arm '{altered[0]}' has assumptions of its own"
    size = protocol.population.patients_per_arm
    plans = tuple(_plan(arm, size) for arm in chosen)
    years = rule.week / WEEKS_PER_YEAR
    seen = {arm.id: math.exp(-protocol.dropout.rate(arm.id) * years) for arm in chosen}
    study = _as_study(protocol, size)
    return Planned(_reconstruction(study, protocol, plans, request), rule, seen)


def registered_trial(
    study: PublishedStudy, template: Protocol, model: Model, stand_ins: StandIns,
    request: EndpointRequest, direction: Direction, usual_size: int,
) -> Planned | str:  # fmt: skip
    """Return a registered trial without results as a planned one, or why it cannot be.

    Parameters
    ----------
    study
        Its record in the evidence.
    template
        Trial of the library whose patients its own are like.
    request, direction
        Primary endpoint, and where the better values of it lie.
    usual_size
        Patients of an arm where the record gives no size.
    """
    sized = replace(study, arms=_sized(study, usual_size), design=design_of(study))
    plans = []
    for arm in sized.arms:
        plan = plan_of(sized, arm.id, model, stand_ins)
        if isinstance(plan, str):
            return f"{arm.id}: {plan}"
        plans.append(plan)
    if not any(plan.cells for plan in plans):
        return "no arm that gets cells"
    rule = _rule(plans, request, direction)
    made = _reconstruction(sized, template, tuple(plans), request)
    notes = (entry.note for entry in stand_ins.content.products.values())
    return Planned(
        made, rule, {plan.id: 1.0 for plan in plans}, frozenset(note for note in notes if note)
    )


def with_structure(planned: Planned, form: Structure) -> Planned:
    """Return a planned trial under another form of the model."""
    made = planned.reconstruction
    protocol = replace(made.protocol, structures=(*made.protocol.structures, form))
    return replace(planned, reconstruction=replace(made, protocol=protocol))


def design_of(study: PublishedStudy) -> Design:
    """Return the design of a record; one with a placebo and no word of blinding is blinded."""
    design = study.design
    if design.blinding is None and "placebo" in (design.control or ""):
        return replace(design, blinding="double")
    return design


def _rule(plans: list[ArmPlan], request: EndpointRequest, direction: Direction) -> Success | None:
    """Return the rule of a registered trial: any arm with cells better than that without."""
    reference = next((plan.id for plan in plans if not plan.cells), None)
    if reference is None:
        return None
    active = tuple(plan.id for plan in plans if plan.cells)
    summary = SUMMARY_OF[request.measure]
    return Success(
        request.endpoint, request.week, active, reference, summary, ALPHA, direction, 0.0
    )


def _plan(arm: Arm, size: int) -> ArmPlan:
    cells = any(one.product is not None for one in arm.interventions)
    given = replace(arm, id=f"{arm.id}.0", reference=False)
    return ArmPlan(arm.id, size, (given,), cells, (), ())


def _reconstruction(
    study: PublishedStudy, template: Protocol, plans: tuple[ArmPlan, ...], request: EndpointRequest
) -> Reconstruction:
    rows = tuple(
        Row(study.id, plan.id, None, request, math.nan, math.nan, math.nan, plan.n)
        for plan in plans
    )
    protocol = study_protocol(study.id, template, plans, rows)
    return Reconstruction(study, template.id, protocol, plans, rows, (), ())


def _as_study(protocol: Protocol, size: int) -> PublishedStudy:
    """Return what a record of a protocol would say of its design."""
    blind = any(arm.control == "placebo" for arm in protocol.arms)
    return PublishedStudy(
        protocol.id, protocol.title, protocol.disease,
        Design("randomized", "double" if blind else "open"),
        Population(size * len(protocol.arms)), ProductRecord(), (), (), (), (), "planned",
    )  # fmt: skip


def _sized(study: PublishedStudy, usual: int) -> tuple[PublishedArm, ...]:
    """Return the arms with their sizes: as registered, else an even share of the whole."""
    total = study.population.n
    share = usual if total is None else max(total // max(len(study.arms), 1), 1)
    return tuple(arm if arm.n else replace(arm, n=share) for arm in study.arms)
