"""From a conducted trial to the content of its report."""

from funis.pipeline.reporting.assemble import (
    TwinPlan,
    headline,
    protocol_results,
    requests_of,
    trial_report,
    twin_plan,
)

__all__ = ["TwinPlan", "headline", "protocol_results", "requests_of", "trial_report", "twin_plan"]
