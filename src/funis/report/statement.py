"""The sentences that every document of funis carries."""

from __future__ import annotations

RESEARCH_USE = (
    "Research and education software. Not a medical device. "
    "Not for deciding the care of an individual."
)
"""The research-use statement, printed on every page."""

SIMULATED = "Simulated: virtual patients only, no data of real patients."
"""The banner inside every figure."""

NOT_APPROVED = (
    "No umbilical-cord MSC product and no intravenous MSC product known to us is approved "
    "for these diseases (as of the date checked)."
)
"""The regulatory sentence."""

CANNOT_SAY: tuple[str, ...] = (
    "Whether mesenchymal stromal cells help any real person. A simulated effect follows from the "
    "model's assumptions; it is not evidence that the effect exists.",
    "What is right for one patient. The virtual patients are drawn from distributions; none is "
    "fitted to a person.",
    "Which dose is best. The shape of the dose-response curve is not known; flat, saturating and "
    "bell-shaped forms are all compatible with what has been published.",
    "How long real cells persist in people. Imaging follows a label that outlives the cell.",
    "How often rare harms occur. A trial of this size cannot see them; their rates here are what "
    "few and small reports leave open.",
    "Anything about products, routes or populations outside the published ranges: most clinical "
    "data come from small trials at few centres.",
)
"""What no report of a virtual trial can say."""
