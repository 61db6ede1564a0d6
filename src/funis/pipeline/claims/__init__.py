"""``funis evidence claims``: each claim with its numbers, the model's statement and a verdict."""

from funis.pipeline.claims.judge import ClaimResult, PartResult, judge_claims
from funis.pipeline.claims.testimony import testimonies

__all__ = ["ClaimResult", "PartResult", "judge_claims", "testimonies"]
