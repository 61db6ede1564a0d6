"""A plan as one frozen value: whom it is for, which protocol, and all that follows.

Free functions of the neighbouring modules make it; nothing here reads a file or computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from funis.plan.consulted import Consultation, Eligibility
from funis.plan.prediction import Comparison, Course, Holds
from funis.plan.preparation import Calendar, Worksheet


@dataclass(frozen=True, slots=True)
class ProtocolReference:
    """The protocol a plan follows: a trial of the library, or a regimen within the demo trial."""

    id: str
    title: str
    kind: Literal["trial", "regimen"]
    trial: str
    arm: str
    arm_label: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """How strong the evidence behind a protocol is; advertised and published range side by side.

    Attributes
    ----------
    grade : str
    study_types : mapping
        Number of studies of each type.
    n_randomised : int
        Patients in the randomised studies.
    advertised, published : str or None
        The ranges in words, with units.
    pooled : tuple of str
        What was published on the primary endpoints, a kind of study a line, never added up.
    """

    grade: str
    study_types: Mapping[str, int]
    n_randomised: int
    advertised: str | None = None
    published: str | None = None
    sources: tuple[str, ...] = ()
    pooled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegulatoryRow:
    """The status of one product in one country on the day it was checked (ISO date)."""

    product: str
    country: str
    indication: str
    status: str
    date_checked: str
    source: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a plan holds, with the statement of use and the grade of evidence."""

    consultation: Consultation
    protocol: ProtocolReference
    evidence: Evidence
    eligibility: Eligibility
    worksheet: Worksheet
    calendar: Calendar
    course: Course | None
    regulatory: tuple[RegulatoryRow, ...]
    statement: str
    grade: str
    warnings: tuple[str, ...] = ()
    comparison: Comparison | None = None
    holds: Holds | None = None
