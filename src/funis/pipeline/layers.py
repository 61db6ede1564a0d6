"""What is reported, layer by layer: the trial again without each, on the same patients."""

from __future__ import annotations

from dataclasses import dataclass

from funis.analysis import Results, estimate
from funis.trial import Study, conduct
from funis.trial.conduct import Map
from funis.trial.layers import LAYERS, Layer


@dataclass(frozen=True, slots=True)
class LayerShare:
    """The first primary endpoint of an arm as layers are taken away one after the other.

    Attributes
    ----------
    removed
        Layers that are away.
    """

    arm: str
    removed: tuple[Layer, ...]
    estimate: float


def layer_shares(study: Study, results: Results, map_blocks: Map) -> tuple[LayerShare, ...]:
    """Take layers away one after the other; nothing where patients do not know their arm.

    Of a trial with a comparison what knowing the arm adds is taken away alone; of a series without
    one, everything is: what is left is the course of the disease, regression to the mean, and what
    patients take anyway.
    """
    design = study.design
    if design is None or design.escalation is not None or study.protocol.crossover is not None:
        return ()
    if design.masking == "double_blind" and design.unmasking is None:
        return ()
    compared = study.protocol.reference is not None and len(study.protocol.arms) > 1
    steps: list[tuple[Layer, ...]] = [("knowledge",)]
    if not compared:
        steps = [LAYERS[:number] for number in range(1, len(LAYERS) + 1)]
    found = _shares(study, results, ())
    for removed in steps:
        other = conduct(study, map_blocks, without=removed)
        request = study.protocol.primary[:1]
        again = estimate(study.protocol, other, study.model.endpoints, requests=request)
        found += _shares(study, again, removed)
    return tuple(found)


def _shares(study: Study, results: Results, removed: tuple[Layer, ...]) -> list[LayerShare]:
    key = study.protocol.primary[0].key
    return [
        LayerShare(arm.id, removed, results.estimate(arm.id, key).estimate)
        for arm in study.protocol.arms
    ]
