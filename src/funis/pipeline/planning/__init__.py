"""`funis plan`: from the consultation of a virtual patient to everything that its plan holds."""

from funis.pipeline.planning.assemble import STAGES, Asked, plan_consultation
from funis.pipeline.planning.form import (
    consultation_form,
    consultation_from,
    consultation_from_text,
)

__all__ = [
    "STAGES",
    "Asked",
    "consultation_form",
    "consultation_from",
    "consultation_from_text",
    "plan_consultation",
]
