"""Looks at replicates whose patients stand in the order of arrival."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.analysis.replicates import ReplicateSample, contrast
from funis.analysis.sequential.design import Boundaries, monitor
from funis.analysis.sequential.paths import Floats


@dataclass(frozen=True, eq=False)
class Looked:
    """What looks made of replicates of two arms.

    Attributes
    ----------
    z
        Statistics, replicates by looks, in the sign of the contrast.
    stopped_at
        Look at which each replicate ended, from 0.
    success
        Whether it ended beyond the bound of success.
    patients
        Patients of both arms whom that look rests on.
    """

    z: Floats
    stopped_at: NDArray[np.int64]
    success: NDArray[np.bool_]
    patients: NDArray[np.int64]


def look_statistics(
    method: str, arm: ReplicateSample, reference: ReplicateSample, bounds: Boundaries
) -> Floats:
    """Statistics at every look, each of the first patients of both arms.

    Parameters
    ----------
    method
        Analysis, as in `funis.analysis.replicates.contrast`.
    arm, reference
        Samples whose patients stand in the order of arrival; a look at share t takes that share of
        each arm, rounded up.
    bounds
        Bounds, for their shares.

    Returns
    -------
    ndarray
        Replicates by looks; not-a-number where nothing can be computed.
    """
    found = []
    for share in bounds.information:
        first, second = (_first(one, float(share)) for one in (arm, reference))
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(contrast(method, first, second).z)
    return np.column_stack(found)


def looked(
    method: str,
    arm: ReplicateSample,
    reference: ReplicateSample,
    bounds: Boundaries,
    obey_futility: bool = True,
) -> Looked:
    """Hold the looks of every replicate: where it ends, with or without success, and its size."""
    z = look_statistics(method, arm, reference, bounds)
    ended = monitor(z, bounds, obey_futility)
    sizes = np.array(
        [sum(_count(one, float(share)) for one in (arm, reference)) for share in bounds.information]
    )
    return Looked(z, ended.stopped_at, ended.success, sizes[ended.stopped_at])


def _count(sample: ReplicateSample, share: float) -> int:
    patients: int = sample.values.shape[1]
    return math.ceil(share * patients - 1e-9)


def _first(sample: ReplicateSample, share: float) -> ReplicateSample:
    """The first share of the patients of every replicate."""
    count = _count(sample, share)
    whole = {one.name: getattr(sample, one.name) for one in dataclasses.fields(sample)}
    parts: dict[str, Any] = {
        name: None if part is None else part[:, :count] for name, part in whole.items()
    }
    return ReplicateSample(**parts)
