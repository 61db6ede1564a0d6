"""A posterior as a small table: draws of factors, and what says how it came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.points import Points
from funis.calibrate.posterior import Draws
from funis.checks import InputError, Issue
from funis.store import read_table, write_bytes

Array = NDArray[np.float64]
Basis = Literal["borrowed", "own", "prior"]
BASES: tuple[Basis, ...] = ("borrowed", "own", "prior")

CALIBRATABILITY = (
    "rows", "studies", "centres", "randomised_patients", "controlled_studies",
    "controlled_with_known_regimen", "label",
)  # fmt: skip
"""What a posterior rests on, in the order in which it is shown."""

LIBRARY = Path(__file__).parents[1] / "library" / "ensembles"
MARK = "funis_ensemble"


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """The posterior of one disease.

    Attributes
    ----------
    disease : str
    draws : basis -> Draws
        With what other diseases say, from the disease's own rows only, and before any row.
    log_potency : (node,) grid of the logarithm of potency, -inf first.
    profile : (node,) log likelihood of the disease's rows on it, the rest integrated.
    spreads : (spread,) log likelihood of the spreads between studies, the rest integrated.
    about : mapping
        Command, hashes, studies, probability of no effect, contraction and the like; plain data.
    """

    disease: str
    draws: Mapping[Basis, Draws]
    log_potency: Array
    profile: Array
    spreads: Array
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def default(self) -> Draws:
        """The draws that predictions use: with what other diseases say."""
        return self.draws["borrowed"]


def no_effect(draws: Draws) -> float:
    """Return the probability that cells do nothing."""
    return float(np.mean(draws.points.factors[:, draws.points.names.index("potency")] == 0))


def ensemble_bytes(ensemble: Ensemble) -> bytes:
    """Return an ensemble as Parquet."""
    import polars as pl

    tables = []
    for basis, draws in ensemble.draws.items():
        columns = {
            name: draws.points.factors[:, place] for place, name in enumerate(draws.points.names)
        }
        tables.append(
            pl.DataFrame(columns).with_columns(
                pl.lit(basis).alias("basis"),
                pl.Series("study_sd", draws.study_sd),
                pl.Series("row_sd", draws.row_sd),
            )
        )
    about = {
        "disease": ensemble.disease,
        "log_potency": [None if np.isinf(x) else float(x) for x in ensemble.log_potency],
        "spreads": [round(float(x), 6) for x in ensemble.spreads],
        "profile": [round(float(x), 6) for x in ensemble.profile],
        **ensemble.about,
    }
    content = BytesIO()
    marks = {MARK: json.dumps(about, ensure_ascii=False, sort_keys=True)}
    pl.concat(tables).write_parquet(content, compression="zstd", metadata=marks)
    return content.getvalue()


def save_ensemble(ensemble: Ensemble, path: Path) -> None:
    """Write an ensemble, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, ensemble_bytes(ensemble))


def load_ensemble(path: Path) -> Ensemble:
    """Read an ensemble.

    Raises
    ------
    InputError
        The file cannot be read, or is no ensemble.
    """
    import polars as pl

    table = read_table(path)
    try:
        about = json.loads(pl.read_parquet_metadata(path)[MARK])
        draws = {basis: _draws(table.filter(pl.col("basis") == basis)) for basis in BASES}
        nodes = [-np.inf if x is None else float(x) for x in about.pop("log_potency")]
        profile = np.array(about.pop("profile"), dtype=np.float64)
        spreads = np.array(about.pop("spreads"), dtype=np.float64)
        disease = str(about.pop("disease"))
    except (KeyError, ValueError, pl.exceptions.PolarsError):
        raise InputError(
            Issue(str(path), None, None, "is no ensemble", "a file of funis calibrate")
        ) from None
    return Ensemble(disease, draws, np.array(nodes), profile, spreads, about)


def library_ensemble(disease: str) -> Ensemble | None:
    """Return the ensemble of a disease that ships with funis; None where there is none."""
    path = LIBRARY / f"{disease}.parquet"
    return load_ensemble(path) if path.is_file() else None


def _draws(table: Any) -> Draws:
    names = tuple(n for n in table.columns if n not in ("basis", "study_sd", "row_sd"))
    return Draws(
        Points(names, table.select(names).to_numpy().astype(np.float64)),
        table["study_sd"].to_numpy(),
        table["row_sd"].to_numpy(),
    )
