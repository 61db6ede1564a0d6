"""Methods that compare an arm with its reference, in one trial or in many replicates at once."""

from funis.analysis.methods.registry import METHODS, Method
from funis.analysis.methods.values import Contrasts, Kind, ReplicateSample

__all__ = ["Contrasts", "Kind", "METHODS", "Method", "ReplicateSample"]
