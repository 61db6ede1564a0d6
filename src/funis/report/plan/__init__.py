"""The outputs of a plan: page, print, calendar, FHIR bundle, data.

Every one of them carries the statement of use and the grade of the evidence, and no treated
series is in it without placebo and cells that do nothing beside it.
"""

from funis.report.plan.content import BANNER
from funis.report.plan.document import plan_document
from funis.report.plan.fhir import plan_bundle
from funis.report.plan.html import render_plan
from funis.report.plan.ics import calendar_text
from funis.report.plan.pdf import plan_pdf
from funis.report.plan.write import FILES, plan_file, write_plan

__all__ = [
    "BANNER",
    "FILES",
    "calendar_text",
    "plan_bundle",
    "plan_document",
    "plan_file",
    "plan_pdf",
    "render_plan",
    "write_plan",
]
