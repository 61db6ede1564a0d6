"""``funis evidence claims``: each claim with its numbers, the model's statement and a verdict."""

from funis.pipeline.claims.answers import Size, size_of
from funis.pipeline.claims.judge import ClaimResult, PartResult, judge_claims
from funis.pipeline.claims.testimony import accounts_of

__all__ = ["ClaimResult", "PartResult", "Size", "accounts_of", "judge_claims", "size_of"]
