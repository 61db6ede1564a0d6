"""Signs of bias that the record of a study holds: allocation, masking, control, losses, reading.

The rules are ours (assumed), one a domain of RoB 2 (Sterne 2019, 10.1136/bmj.l4898) and ROBINS-I
(Sterne 2016, 10.1136/bmj.i4919) as far as a record can speak to it. They replace no assessment.
"""

from __future__ import annotations

from collections.abc import Iterator

from funis.evidence import Study
from funis.pipeline.studies.values import BiasSigns

MOST_LOST = 0.2
"""Share of an arm that was lost before it counts as a sign (assumed)."""

LEAST_ARM = 10
"""Patients of an arm below which chance alone may look like an effect (assumed)."""


def bias_signs(study: Study) -> BiasSigns:
    """Return what the record of a study says of its risk of bias."""
    if study.evidence_type == "meta-analysis":
        return BiasSigns("not judged", ("a pool of other studies, whose own risk counts",))
    if study.evidence_type == "other":
        return BiasSigns("not judged", (f"a study of design '{study.design.kind}'",))
    grave, others = tuple(_grave(study)), tuple(_others(study))
    if grave:
        return BiasSigns("high", (*grave, *others))
    return BiasSigns("some" if others else "low", others or ("none found in the record",))


def _grave(study: Study) -> Iterator[str]:
    if study.evidence_type == "single-arm":
        yield "no control: nobody knows what would have become of these patients"
    elif not study.randomised:
        yield "patients were not allocated by chance"


def _others(study: Study) -> Iterator[str]:
    blinding = study.design.blinding
    if blinding is None:
        yield "masking not stated"
    elif blinding != "double":
        yield "open label" if blinding == "open" else f"{blinding} masking"
    yield from _sizes(study)
    if study.confidence == "low":
        yield "read in a secondary source"
    elif study.confidence == "medium":
        yield "read in the abstract"
    if study.overlaps or study.duplicate_of:
        yield "may share patients with another study"


def _sizes(study: Study) -> Iterator[str]:
    lost = [
        1 - kept / arm.n
        for arm in study.arms
        if arm.n and (kept := arm.n_completed or arm.n_analysed) is not None
    ]
    if lost and max(lost) > MOST_LOST:
        yield f"{100 * max(lost):.0f} % of an arm lost or not analysed"
    small = [arm.n for arm in study.arms if arm.n is not None]
    if small and min(small) < LEAST_ARM:
        yield f"an arm of {min(small)} patients"
