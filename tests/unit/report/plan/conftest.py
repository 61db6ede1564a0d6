"""An invented plan: shapes are realistic, numbers mean nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from funis.plan import (
    AdverseEvent,
    AveragedEffect,
    Calendar,
    Consultation,
    Course,
    Eligibility,
    Entry,
    Evidence,
    Influence,
    Interval,
    Judgement,
    Line,
    Measured,
    Medication,
    Plan,
    PreviousInfusion,
    ProtocolReference,
    RegulatoryRow,
    Response,
    Worksheet,
)
from funis.plan.prediction import Alternative, Comparison, Match, ScoreBand, Spread
from funis.report import RESEARCH_USE

CONSULTATION = Consultation(
    id="ra_example", disease="ra", weight_kg=70.0, age_year=52.0, sex="female", height_cm=165.0,
    criteria_met=("acr_eular_2010",), duration_year=8.0,
    severity={"DAS28": 5.6, "swollen_joints": 11.0},
    labs={"crp": Measured(18.0, "mg_per_litre"), "platelets": Measured(310.0, "giga_per_litre")},
    medication=(
        Medication("methotrexate", "csDMARD", 15.0, "mg_per_week", 120.0),
        Medication("tofacitinib", "jak_inhibitor", 10.0, "mg_per_day", 30.0, 2.0),
    ),
    prior_failures=("adalimumab",), comorbidities=(), allergies=("dmso",), pregnant=False,
    infection="none", malignancy="never", thrombosis_risk="risk_factor",
    previous_infusions=(PreviousInfusion("umbilical_cord", 2, 40.0, False),),
    goals=("less_pain",), where="example.yaml",
)  # fmt: skip

JUDGEMENTS = (
    Judgement("active", "DAS28 of at least 3.2", "meets", "5.6", "DAS28 >= 3.2",
              "5.6 is at least 3.2.", "https://example.org/protocol"),
    Judgement("dmso", "No allergy to dimethyl sulfoxide", "does not meet", "dmso",
              "not allergy(dmso)", "The allergies hold dmso, which is in the product.",
              "assumed", "general"),
    Judgement("egfr", "Kidney function", "cannot tell", None, "renal_egfr >= 30",
              "renal_egfr is missing.", "assumed", "general", ("renal_egfr",)),
)  # fmt: skip

LINES = (
    Line("Dose", "2e6 cells/kg * 70 kg", Decimal("140e6"), "cells"),
    Line("Vials before losses", "140e6 / 25.4e6, rounded up", Decimal(6), "vials",
         "5.5118 vials", "label"),
    Line("Volume", "6 * 3.8 mL", Decimal("22.8"), "mL"),
)  # fmt: skip

ENTRIES = (
    Entry(-28, -1, "screening", "Screening", "Criteria are judged"),
    Entry(0, 0, "premedication", "Premedication", "as reported"),
    Entry(0, 0, "infusion", "Infusion 1", "140 million cells by vein"),
    Entry(0, 0, "monitoring", "Watch for 4 hours"),
    Entry(28, 28, "infusion", "Infusion 2"),
    Entry(25, 31, "visit", "Visit at week 4"),
    Entry(80, 88, "visit", "Visit at week 12"),
    Entry(84, 84, "decision", "Response decides on maintenance"),
    Entry(182, 364, "maintenance", "Maintenance, if the rule asks for it"),
    Entry(0, 364, "stopping", "Stop after a serious reaction"),
    Entry(364, 364, "end", "End of follow-up"),
)


def course():
    weeks = tuple(float(week) for week in range(0, 53, 4))
    treated = Spread(
        tuple(5.6 - 1.2 * week / (week + 8) for week in weeks),
        tuple(4.8 - 1.6 * week / (week + 8) for week in weeks),
        tuple(6.4 - 0.8 * week / (week + 8) for week in weeks),
    )
    idle = Spread(
        tuple(5.6 - 0.7 * week / (week + 8) for week in weeks),
        tuple(4.9 - 0.9 * week / (week + 8) for week in weeks),
        tuple(6.3 - 0.4 * week / (week + 8) for week in weeks),
    )
    return Course(
        240, "Matched on severity, age and background drugs.",
        (
            Response("ACR20", 24.0, "responder", "share of virtual patients",
                     Interval(0.46, 0.31, 0.62), Interval(0.29, 0.2, 0.4),
                     Interval(0.3, 0.21, 0.41), Interval(0.17, -0.02, 0.36), True),
            Response("DAS28", 24.0, "change", "points", Interval(-1.2, -1.9, -0.5),
                     Interval(-0.7, -1.2, -0.2), Interval(-0.71, -1.2, -0.2)),
        ),
        (AdverseEvent("fever", "fever", Interval(0.12, 0.05, 0.22), Interval(0.05, 0.02, 0.1),
                      "https://example.org/safety"),),
        (AveragedEffect("DAS28", 3.0, "points", Interval(-0.2, -0.6, 0.1),
                        Interval(0.0, 0.0, 0.0)),),
        (Influence("potency", -0.8, "points", "from none to twice the reported",
                   ("none", "twice"), 0.0, -0.8),
         Influence("hold_time", 0.3, "points", "from 0 to 385 minutes")),
        ("Only 240 virtual patients match.",),
        (Match("DAS28", "points", 5.6, 5.5, 5.1, 6.1),),
        (ScoreBand("DAS28", "points", weeks, treated, idle, idle),),
        40, 0.41, ("Methotrexate is kept.",),
    )  # fmt: skip


def comparison():
    found = Interval(0.08, -0.03, 0.2)
    rows = (
        Alternative("plan", "As planned", "plan", "iv", 140.0, 2, found, found, None, True),
        Alternative("ra_iv", "Advertised", "advertised", "iv", 300.0, 4, found, None, found, True),
    )
    return Comparison(
        "adults with active disease",
        "The alternatives cannot be told apart.",
        "ACR20 at week 24, share",
        "DAS28 over 156 weeks, points",
        200,
        40,
        156.0,
        ("flat",),
        rows,
    )


def example():
    return Plan(
        CONSULTATION,
        ProtocolReference("ra_demo", "Virtual trial in rheumatoid arthritis", "trial", "ra_demo",
                          "msc_monthly", "Two monthly infusions", "https://example.org/protocol"),
        Evidence("low", {"randomised": 2, "single_arm": 9}, 134, "4 x 75e6 cells", "1e6 per kg",
                 ("https://example.org/one", "https://example.org/two"),
                 ("randomised, 134 patients: ACR20, difference 0.1 (-0.1 to 0.3)",)),
        Eligibility(JUDGEMENTS, "does not meet", ("renal_egfr",),
                    ("A JAK inhibitor dampens licensing.",)),
        Worksheet("msc_monthly", "iv", "UC-MSC, cryopreserved", (Decimal(60), Decimal(80)),
                  Decimal(70), LINES, 6, "lot 3", Decimal("35.8"), Decimal(300),
                  ("Antihistamine, in 3 of 9 protocols",), ("Viability was not reported.",)),
        Calendar(ENTRIES), course(),
        (RegulatoryRow("remestemcel-L (Ryoncil)", "USA", "paediatric SR-aGvHD", "approved",
                       "2026-10-01", "https://example.org/fda"),),
        RESEARCH_USE, "Evidence: low; 2 randomised studies.",
        ("The dose is below the published range.",), comparison(),
    )  # fmt: skip


@pytest.fixture(scope="package")
def plan():
    return example()


@pytest.fixture(scope="package")
def bare_plan():
    """A plan of which nothing is known that can be left out."""
    whole = example()
    return replace(
        whole, consultation=Consultation("bare", "ra", 70.0), course=None, comparison=None,
        eligibility=Eligibility((), "cannot tell"), regulatory=(), warnings=(),
        evidence=Evidence("none", {}, 0), calendar=Calendar(()),
    )  # fmt: skip
