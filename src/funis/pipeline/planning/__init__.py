"""`funis plan`: from the consultation of a virtual patient to everything that its plan holds."""

from funis.pipeline.planning.assemble import STAGES, Asked, plan_consultation
from funis.pipeline.planning.choices import (
    Choices,
    choices,
    first_arm,
    known_disease,
    known_protocol,
    library_plan,
    sample,
)
from funis.pipeline.planning.form import (
    consultation_form,
    consultation_from,
    consultation_from_text,
    filled_form,
)
from funis.plan import Plan
from funis.plan.consultation_text import consultation_data, consultation_yaml, field_fault
from funis.plan.form_filled import filled_of
from funis.plan.form_values import Form

__all__ = [
    "STAGES",
    "Asked",
    "Choices",
    "Form",
    "Plan",
    "choices",
    "consultation_data",
    "consultation_form",
    "consultation_from",
    "consultation_from_text",
    "consultation_yaml",
    "field_fault",
    "filled_form",
    "filled_of",
    "first_arm",
    "known_disease",
    "known_protocol",
    "library_plan",
    "plan_consultation",
    "sample",
]
