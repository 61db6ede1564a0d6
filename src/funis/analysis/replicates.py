"""Contrasts over many replicates of a trial at once: what power and type I error are made of.

The methods are those of a single trial, which is one replicate: there is one code for both. Where
a single trial has a form of its own (Newcombe, Welch, the ratio of rates), tests hold them equal.
"""

from __future__ import annotations

from funis.analysis.methods import METHODS, Contrasts, ReplicateSample
from funis.checks import nearest

__all__ = ["Contrasts", "ReplicateSample", "contrast"]


def contrast(
    method: str,
    arm: ReplicateSample,
    reference: ReplicateSample,
    *,
    confidence: float = 0.95,
) -> Contrasts:
    """Compare an arm with the reference in each replicate.

    Parameters
    ----------
    method
        Name of a method, e.g. ``newcombe``.
    arm, reference
        The same number of replicates of both.
    confidence
        Of the intervals.

    Raises
    ------
    ValueError
        If there is no such method, or the replicates differ in number.
    """
    if method not in METHODS:
        near = nearest(method, tuple(METHODS))
        hint = "" if near is None else f"; did you mean '{near}'?"
        raise ValueError(f"no method '{method}'; expected one of {', '.join(METHODS)}{hint}")
    if len(arm) != len(reference):
        raise ValueError(f"{len(arm)} replicates of the arm, {len(reference)} of the reference")
    return METHODS[method].compare(arm, reference, confidence)
