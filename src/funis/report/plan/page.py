"""The whole plan in the order of reading, the same for the page and for print."""

from __future__ import annotations

from dataclasses import dataclass

from funis.plan import Plan
from funis.plan.consultation import library_model
from funis.report.plan.content import Section
from funis.report.plan.forecast import (
    comparison_section,
    course_section,
    events_section,
    influence_section,
    regulatory_section,
)
from funis.report.plan.holding import holds_section
from funis.report.plan.patient import consultation_section, eligibility_section
from funis.report.plan.therapy import calendar_section, protocol_section, worksheet_section
from funis.report.statement import CANNOT_SAY, SIMULATED


@dataclass(frozen=True, slots=True)
class Page:
    """A plan as it is read: head, what must be seen first, sections."""

    title: str
    disease: str
    facts: tuple[str, ...]
    statement: str
    alerts: tuple[str, ...]
    sections: tuple[Section, ...]


def plan_page(plan: Plan) -> Page:
    """Return the plan as it is read, the statement first and regulation last."""
    facts = (
        f"Virtual patient {plan.consultation.id}",
        f"Arm: {plan.protocol.arm_label}",
        plan.grade,
    )
    return Page(
        plan.protocol.title, library_model(plan.consultation.disease).name, facts, plan.statement,
        plan.warnings, _sections(plan),
    )  # fmt: skip


def _sections(plan: Plan) -> tuple[Section, ...]:
    told = (plan.statement, SIMULATED, "What no plan can say:")
    statement = Section("statement", "What this is", told, after=CANNOT_SAY)
    comparison, holds = comparison_section(plan), holds_section(plan)
    return (
        statement,
        consultation_section(plan),
        eligibility_section(plan),
        protocol_section(plan),
        worksheet_section(plan),
        *(() if holds is None else (holds,)),
        calendar_section(plan),
        course_section(plan),
        influence_section(plan),
        events_section(plan),
        *(() if comparison is None else (comparison,)),
        regulatory_section(plan),
    )
