"""Adverse events: how often they follow a dose or come with time, how grave, and from what."""

from funis.safety.load import LIBRARY, library_safety, load_safety_file
from funis.safety.values import (
    DoseLimiting,
    Hazard,
    Modifier,
    Pool,
    Ratio,
    Safety,
    Spell,
    Term,
)

__all__ = [
    "LIBRARY",
    "DoseLimiting",
    "Hazard",
    "Modifier",
    "Pool",
    "Ratio",
    "Safety",
    "Spell",
    "Term",
    "library_safety",
    "load_safety_file",
]
