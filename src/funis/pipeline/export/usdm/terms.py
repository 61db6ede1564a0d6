"""Terms of CDISC controlled terminology that a protocol of funis needs.

Codes and preferred terms (of timings the submission values) as they stand in the DDF, Protocol and
SDTM packages of the CDISC Library of 2026-03-27, seen in the terminology that usdm4 0.29 carries
(on PyPI).
"""

from __future__ import annotations

from collections.abc import Mapping

from funis.pipeline.export.usdm.items import Term

INTERVENTIONAL = Term("C98388", "Interventional Study")
NOT_APPLICABLE = Term("C48660", "Not Applicable")
PARALLEL = Term("C82639", "Parallel Study")
CROSSOVER = Term("C82637", "Crossover Study")
SINGLE_GROUP = Term("C82640", "Single Group Study")
RANDOMISED = Term("C46079", "Randomized Controlled Clinical Trial")
ADAPTIVE = Term("C98704", "Adaptive Design")
TREATMENT_STUDY = Term("C49656", "Treatment Study")
SYNTHETIC_DATA = Term("C176263", "Synthetic Data")
SPONSOR = Term("C70793", "Clinical Study Sponsor")
OFFICIAL_TITLE = Term("C207616", "Official Study Title")
BRIEF_TITLE = Term("C207615", "Brief Study Title")
INCLUSION = Term("C25532", "Inclusion Criteria")
VISIT = Term("C25716", "Visit")
SCREENING_EPOCH = Term("C202487", "Screening Epoch")
TREATMENT_EPOCH = Term("C101526", "Treatment Epoch")

PLACEBO_ARM = Term("C174268", "Placebo Control Arm")
CONTROL_ARM = Term("C174226", "Control Arm")
SHAM_ARM = Term("C174269", "Sham Comparator Arm")
ACTIVE_ARM = Term("C174267", "Active Comparator Arm")
INVESTIGATIONAL_ARM = Term("C174266", "Investigational Arm")

AFTER = Term("C201356", "After")
BEFORE = Term("C201357", "Before")
FIXED = Term("C201358", "Fixed Reference")
START_TO_START = Term("C201355", "Start to Start")

BIOLOGICAL = Term("C307", "Biological Agent")
PHARMACOLOGIC = Term("C1909", "Pharmacologic Substance")
PROCEDURE = Term("C98769", "Physical Medical Procedure")
PLACEBO = Term("C753", "Placebo")
PROTOCOL_AGENT = Term("C41161", "Protocol Agent")
RESCUE_MEDICATION = Term("C165835", "Rescue Medications")
INVESTIGATIONAL_PRODUCT = Term("C202579", "Investigational Medicinal Product")
AUXILIARY_PRODUCT = Term("C156473", "Auxiliary Medicinal Product")
SUSPENSION = Term("C42995", "Injectable Suspension Dosage Form")
NO_FORM = Term("C48624", "Dosage Form Not Applicable")

DAY = Term("C25301", "Day")
WEEK = Term("C29844", "Week")
YEAR = Term("C29848", "Year")
CELLS = Term("C187669", "Therapeutic Cells Dosing Unit")

FEMALE = Term("C16576", "Female")
MALE = Term("C20197", "Male")

ONCE = Term("C64576", "Once")
CONTINUOUS = Term("C53279", "Continue")
INTERMITTENT = Term("C71325", "Intermittent")

OBJECTIVE_LEVELS: Mapping[str, Term] = {
    "primary": Term("C85826", "Trial Primary Objective"),
    "secondary": Term("C85827", "Trial Secondary Objective"),
    "exploratory": Term("C163559", "Trial Exploratory Objective"),
}

ENDPOINT_LEVELS: Mapping[str, Term] = {
    "primary": Term("C94496", "Primary Endpoint"),
    "secondary": Term("C139173", "Secondary Endpoint"),
    "exploratory": Term("C170559", "Exploratory Endpoint"),
}

ROUTES: Mapping[str, Term] = {
    "iv": Term("C38276", "Intravenous Route of Administration"),
    "it": Term("C38267", "Intrathecal Route of Administration"),
    "ia": Term("C38222", "Intraarterial Route of Administration"),
}
"""Routes that have a term of the same meaning; of others the name alone is given."""

EVERY_DAYS: Mapping[float, Term] = {
    1: Term("C25473", "Daily"),
    7: Term("C67069", "Weekly"),
    14: Term("C71127", "Every Two Weeks"),
    21: Term("C64535", "Every Three Weeks"),
    28: Term("C64529", "Every Four Weeks"),
    42: Term("C89788", "Every Six Weeks"),
    56: Term("C103389", "Every Eight Weeks"),
    84: Term("C161332", "Every Twelve Weeks"),
}
"""How often, by days between doses; other schedules are intermittent, their days in words."""

MASKING: Mapping[str, Term] = {
    "double_blind": Term("C15228", "Double Blind Study"),
    "single_blind": Term("C28233", "Single Blind Study"),
    "open_label": Term("C49659", "Open Label Study"),
}
"""Who knows the arms, where a trial says so."""

_SUBJECT = Term("C41189", "Study Subject")
_INVESTIGATOR = Term("C25936", "Investigator")

MASKED_ROLES: Mapping[str, Mapping[str, Term]] = {
    "double_blind": {"subject": _SUBJECT, "investigator": _INVESTIGATOR},
    "single_blind": {"subject": _SUBJECT},
    "open_label": {},
}
"""Roles that do not know the arms."""
