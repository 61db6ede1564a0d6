"""True scores of a patient: from outputs of the model, without the observation layers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.models.endpoints import Endpoints, evaluate_endpoints

__all__ = ["ScoreReader"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreReader:
    """Turns model outputs into noise-free components and scores.

    Parameters
    ----------
    endpoints
        Of the disease.
    outputs
        Model outputs that the components observe, in the order that `read` takes them.
    names
        What `read` returns: the scores of the disease, or its components if it has no score.
    widths
        (n_names,) width of each one's range.
    """

    endpoints: Endpoints
    outputs: tuple[str, ...]
    names: tuple[str, ...]
    widths: Array

    @classmethod
    def of(cls, model: Model, names: Sequence[str] | None = None) -> "ScoreReader":
        """Return the reader of some components and scores of a disease, of all scores if None."""
        points = model.endpoints
        wanted = tuple(names) if names is not None else tuple(item.id for item in points.scores)
        wanted = wanted or tuple(item.id for item in points.components)
        items = [points.number(name) for name in wanted]
        return cls(
            points,
            tuple(dict.fromkeys(item.observable for item in points.components)),
            wanted,
            np.array([item.high - item.low for item in items]),
        )

    def read(self, values: Array) -> Array:
        """Return components and scores (n, times, names) from outputs (n, times, outputs)."""
        columns = self.components(values)
        scores = [item.id for item in self.endpoints.scores if item.id in self.names]
        found = evaluate_endpoints(self.endpoints, columns, columns, names=scores)
        columns |= {name: np.asarray(found[name], dtype=np.float64) for name in scores}
        table = np.column_stack([columns[name] for name in self.names])
        return table.reshape(*values.shape[:-1], len(self.names))

    def components(self, values: Array) -> dict[str, Array]:
        """Return every component (n * times,) from outputs (n, times, outputs)."""
        flat = values.reshape(-1, values.shape[-1])
        columns: dict[str, Array] = {}
        for item in self.endpoints.components:
            true = item.gain * flat[:, self.outputs.index(item.observable)]
            columns[item.id] = np.clip(true, item.low, item.high)
        return columns
