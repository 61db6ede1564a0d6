"""Adverse events: how often they follow a dose or come with time, how grave, and from what."""

from funis.safety.events import Exposed, Given, dose_limiting, draw_events, follows
from funis.safety.load import LIBRARY, library_safety, load_safety_file
from funis.safety.rates import Chance, Rates, middle_rates, rates_at, true_rates
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
    "Chance",
    "Exposed",
    "Given",
    "Rates",
    "dose_limiting",
    "draw_events",
    "follows",
    "library_safety",
    "load_safety_file",
    "middle_rates",
    "rates_at",
    "true_rates",
]
