"""From a protocol and a virtual patient to a course of treatment on paper.

It leads from the consultation over the eligibility for one protocol (meets, does not meet, cannot
tell; each with value, rule and source) and the preparation worksheet to the calendar in relative
days and the predicted course beside the untreated twin. It never says whether to treat, and has no
field for a real patient's name, number or address.
"""

from funis.plan.consulted import (
    Consultation,
    Eligibility,
    Judgement,
    Measured,
    Medication,
    PreviousInfusion,
)
from funis.plan.prediction import (
    AdverseEvent,
    Alternative,
    AveragedEffect,
    Comparison,
    Course,
    Held,
    Holds,
    Influence,
    Interval,
    Match,
    Response,
    ScoreBand,
    Spread,
)
from funis.plan.preparation import Calendar, Entry, Line, Worksheet
from funis.plan.values import Evidence, Plan, ProtocolReference, RegulatoryRow

__all__ = [
    "AdverseEvent",
    "Alternative",
    "AveragedEffect",
    "Calendar",
    "Comparison",
    "Consultation",
    "Course",
    "Eligibility",
    "Entry",
    "Evidence",
    "Held",
    "Holds",
    "Influence",
    "Interval",
    "Judgement",
    "Line",
    "Match",
    "Measured",
    "Medication",
    "Plan",
    "PreviousInfusion",
    "ProtocolReference",
    "RegulatoryRow",
    "Response",
    "ScoreBand",
    "Spread",
    "Worksheet",
]
