"""The pool: plausible patients weighted to clinical statistics, an artefact of its own seed."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue, nearest
from funis.population.balance import balance, effective_size
from funis.population.cohort import blocks
from funis.population.comparison import MarginalRow, compare_marginals
from funis.population.draws import RawDraws, draw, join_draws
from funis.population.gate import ACCEPTED, SOLVER, Door, GateRow, gate_table, pass_gate
from funis.population.scores import ScoreReader
from funis.population.streams import Counter, uniform
from funis.solver import ParameterTable
from funis.store import write_bytes

if TYPE_CHECKING:
    from funis.models import Model
    from funis.models.schema import Target

__all__ = [
    "MomentRow",
    "Pool",
    "baseline_statistics",
    "build_pool",
    "choose",
    "load_pool",
    "save_pool",
    "weigh_pool",
]

Array = NDArray[np.float64]
FORMAT = "funis pool 1"


@dataclass(frozen=True, slots=True)
class MomentRow:
    """One clinical statistic of the pool: before and after weighting, and what was aimed at."""

    name: str
    moment: str
    target: float
    unweighted: float
    weighted: float
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Virtual patients: plausible patients with weights.

    Parameters
    ----------
    disease
        Id of the model.
    model_hash
        Content hash of the model that the gate ran on.
    seed
        Seed of the draws.
    index
        (n,) patient indices of the raw draws.
    names, values
        Parameters and covariates, (n, n_parameters).
    weights
        (n,), sum 1.
    gate, marginals, moments
        What the gate refused, what that did to the distributions, and what the weights reached.
    """

    disease: str
    model_hash: str
    seed: int
    index: NDArray[np.int64]
    names: tuple[str, ...]
    values: Array
    weights: Array
    gate: tuple[GateRow, ...]
    marginals: tuple[MarginalRow, ...]
    moments: tuple[MomentRow, ...]

    def __post_init__(self) -> None:
        if self.values.shape != (self.weights.size, len(self.names)) or not self.weights.size:
            raise ValueError(f"a pool has rows, each with every name; got {self.values.shape}")
        for column in (self.index, self.values, self.weights):
            column.setflags(write=False)

    def __len__(self) -> int:
        """Number of plausible patients."""
        return int(self.weights.size)

    @property
    def effective_size(self) -> float:
        """Number of equally weighted patients that would be as informative."""
        return effective_size(self.weights)

    @property
    def hash(self) -> str:
        """Content hash: same bytes, same pool."""
        digest = sha256(json.dumps(_metadata(self), sort_keys=True).encode())
        for column in (self.index, self.values, self.weights):
            digest.update(column.astype(column.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()


def build_pool(
    model: "Model",
    n: int,
    seed: int,
    *,
    ensemble: Any = None,
    each: bool = False,
    run: Callable[..., Iterable[Any]] = map,
    door: Door = SOLVER,
) -> Pool:
    """Draw, gate and weigh: from a disease to its pool of virtual patients.

    Parameters
    ----------
    model, n, seed, ensemble
        As for `draw`.
    each
        As for `pass_gate`.
    run
        How blocks are worked through, like the built-in `map`; the pool is the same for any.
    door
        The solver's functions.

    Raises
    ------
    InputError
        As for `draw` and `weigh_pool`.
    """
    work = partial(_gated_block, model, seed, ensemble, each, door)
    parts = list(run(work, blocks(n)))
    draws = join_draws([part[0] for part in parts])
    reason = np.concatenate([part[1] for part in parts])
    statistics = {name: np.concatenate([part[2][name] for part in parts]) for name in parts[0][2]}
    return weigh_pool(model, seed, draws, reason, statistics)


def weigh_pool(
    model: "Model",
    seed: int,
    draws: RawDraws,
    reason: NDArray[np.str_],
    statistics: Mapping[str, Array],
) -> Pool:
    """Weight the accepted draws to the clinical statistics that the disease declares.

    Parameters
    ----------
    model
        Its `id`, `hash` and `targets` are read.
    seed
        Seed of the draws.
    draws, reason
        Raw draws and what the gate said of each.
    statistics
        Baseline statistics (n,) of all raw draws by name, beside the parameters themselves.

    Raises
    ------
    InputError
        A target of an unknown name, targets that no weights can meet, or no plausible patient.
    """
    kept = reason == ACCEPTED
    if not kept.any():
        message = f"none of {len(draws)} raw draws of '{model.id}' passes the gate"
        raise InputError(Issue(None, None, None, message, expected="plausible patients"))
    plausible = draws.take(kept)
    columns = {name: plausible.column(name) for name in plausible.names}
    columns |= {name: np.asarray(values)[kept] for name, values in statistics.items()}
    weights, moments = _weigh(columns, model.targets)
    return Pool(
        model.id,
        model.hash,
        seed,
        plausible.index,
        plausible.names,
        plausible.values,
        weights,
        gate_table(reason),
        compare_marginals(draws, kept),
        moments,
    )


def baseline_statistics(
    model: "Model", draws: RawDraws, names: Sequence[str], door: Door = SOLVER
) -> dict[str, Array]:
    """Return statistics (n,) of untreated patients, noise off, by name.

    Parameters
    ----------
    names
        Outputs of the model, or components and scores of its endpoints; other names are left out.
    """
    table = ParameterTable(draws.names, draws.values)
    state = door.untreated(model, table)
    outputs = [name for name in names if name in model.form.outputs]
    found: dict[str, Array] = {}
    if outputs:
        found |= zip(outputs, door.observe(model, table, state, outputs).T, strict=True)
    points = model.endpoints
    known = [item.id for item in points.components] + [item.id for item in points.scores]
    scores = [name for name in known if name in names]
    if scores:
        reader = ScoreReader.of(model, scores)
        values = reader.read(door.observe(model, table, state, reader.outputs))
        found |= zip(scores, values.T, strict=True)
    return found


def choose(pool: Pool, seed: int, patient: Counter, attempt: Counter = 0) -> NDArray[np.int64]:
    """Return the pool row of each patient and screening attempt, by key and weight."""
    cumulated = np.cumsum(pool.weights)
    luck = uniform(seed, "choose", patient, attempt) * cumulated[-1]
    rows = np.searchsorted(cumulated, luck, side="right")
    return np.asarray(np.minimum(rows, len(pool) - 1), dtype=np.int64)


def save_pool(pool: Pool, path: Path) -> None:
    """Write a pool as Parquet; what is not a table stands in the file's metadata.

    Raises
    ------
    InputError
        The place cannot be written to.
    """
    import polars

    columns = {"pool_index": pool.index, "pool_weight": pool.weights}
    columns |= {name: pool.values[:, place] for place, name in enumerate(pool.names)}
    frame = polars.DataFrame(columns)
    metadata = {"funis": json.dumps({**_metadata(pool), "hash": pool.hash}, sort_keys=True)}
    content = BytesIO()
    frame.write_parquet(content, compression="zstd", metadata=metadata)
    write_bytes(path, content.getvalue())


def load_pool(path: Path) -> Pool:
    """Read a pool.

    Raises
    ------
    InputError
        No such file, not a pool, or a pool that was changed after it was written.
    """
    import polars

    if not path.is_file():
        raise InputError(Issue(str(path), None, None, "no such file", expected="a pool"))
    try:
        known = json.loads(polars.read_parquet_metadata(path)["funis"])
        frame = polars.read_parquet(path)
        pool = _from_table(known, frame)
    except (KeyError, ValueError, TypeError, polars.exceptions.PolarsError) as error:
        message = "not a pool of virtual patients"
        raise InputError(Issue(str(path), None, None, message, expected=FORMAT)) from error
    if pool.hash != known["hash"]:
        message = "the pool was changed after it was written"
        raise InputError(Issue(str(path), None, None, message, expected=f"hash {known['hash']}"))
    return pool


def _gated_block(
    model: "Model", seed: int, ensemble: Any, each: bool, door: Door, block: range
) -> tuple[RawDraws, NDArray[np.str_], dict[str, Array]]:
    draws = draw(model, len(block), seed, ensemble, block.start)
    names = [target.name for target in model.targets if target.name not in draws.names]
    result = pass_gate(model, draws, each=each, door=door)
    return draws, result.reason, baseline_statistics(model, draws, names, door)


def _weigh(
    columns: Mapping[str, Array], targets: Sequence["Target"]
) -> tuple[Array, tuple[MomentRow, ...]]:
    features: list[Array] = []
    rows: list[tuple[str, str, float, str]] = []
    for target in targets:
        values = _statistic(columns, target.name)
        features.append(values)
        rows.append((target.name, "mean", target.mean, target.source))
        if target.sd is not None:
            features.append((values - target.mean) ** 2)
            rows.append((target.name, "variance", target.sd**2, target.source))
    size = len(next(iter(columns.values())))
    table = np.column_stack(features) if features else np.empty((size, 0))
    goals = np.array([row[2] for row in rows])
    weights = balance(table, goals, [f"{name} ({moment})" for name, moment, _, _ in rows])
    return weights, tuple(
        _moment_row(row, feature, weights) for row, feature in zip(rows, features, strict=True)
    )


def _moment_row(row: tuple[str, str, float, str], feature: Array, weights: Array) -> MomentRow:
    """Report a mean as it is and a second moment as a standard deviation."""
    name, moment, goal, source = row
    before, after = float(feature.mean()), float((weights * feature).sum())
    if moment == "variance":
        return MomentRow(name, "sd", goal**0.5, before**0.5, after**0.5, source)
    return MomentRow(name, moment, goal, before, after, source)


def _statistic(columns: Mapping[str, Array], name: str) -> Array:
    if name not in columns:
        message = f"unknown baseline statistic '{name}'"
        raise InputError(Issue(None, None, "targets", message, None, nearest(name, columns)))
    return columns[name]


def _metadata(pool: Pool) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "disease": pool.disease,
        "model_hash": pool.model_hash,
        "seed": pool.seed,
        "names": list(pool.names),
        "gate": [asdict(row) for row in pool.gate],
        "marginals": [asdict(row) for row in pool.marginals],
        "moments": [asdict(row) for row in pool.moments],
    }


def _from_table(known: dict[str, Any], frame: Any) -> Pool:
    names = tuple(known["names"])
    return Pool(
        known["disease"],
        known["model_hash"],
        known["seed"],
        frame["pool_index"].to_numpy().astype(np.int64),
        names,
        np.ascontiguousarray(frame.select(names).to_numpy().astype(np.float64)),
        frame["pool_weight"].to_numpy().astype(np.float64),
        tuple(GateRow(**row) for row in known["gate"]),
        tuple(MarginalRow(**row) for row in known["marginals"]),
        tuple(MomentRow(**row) for row in known["moments"]),
    )
