"""What is reported, layer by layer: the trial again without each, on the same patients."""

from __future__ import annotations

from dataclasses import dataclass

from funis.analysis.samples import SampleTable
from funis.pipeline.reporting.endpoints import better
from funis.trial import Study, TrialData, conduct
from funis.trial.conduct import Map
from funis.trial.layers import LAYERS, Layer


@dataclass(frozen=True, slots=True)
class LayerShare:
    """The first primary endpoint of an arm as layers are taken away one after the other.

    Attributes
    ----------
    removed
        Layers that are away.
    estimate
        A share of patients or a mean.
    improved
        Share of patients who are better than at entry; None of a response or a value.
    """

    arm: str
    removed: tuple[Layer, ...]
    estimate: float
    improved: float | None


def layer_shares(study: Study, data: TrialData, map_blocks: Map) -> tuple[LayerShare, ...]:
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
    steps: list[tuple[Layer, ...]] = [(), ("knowledge",)]
    if not compared:
        steps = [LAYERS[:number] for number in range(len(LAYERS) + 1)]
    found = []
    for removed in steps:
        again = data if not removed else conduct(study, map_blocks, without=removed)
        found += _shares(study, again, removed)
    return tuple(found)


def _shares(study: Study, data: TrialData, removed: tuple[Layer, ...]) -> list[LayerShare]:
    protocol, points = study.protocol, study.model.endpoints
    request = protocol.primary[0]
    table = SampleTable(data, points, protocol.estimand)
    samples = table.samples(request, [arm.id for arm in protocol.arms])
    sign = 1.0 if better(request.endpoint, points) == "higher" else -1.0
    shares = []
    for arm, sample in samples.items():
        mean = float(sample.present.mean()) if sample.n else float("nan")
        up = float((sign * sample.present > 0).mean()) if request.measure == "change" else None
        shares.append(LayerShare(arm, removed, mean, up))
    return shares
