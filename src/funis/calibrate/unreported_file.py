"""`library/unreported_null.yaml`: what unreported trials would change if they found no effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from funis.calibrate.ensemble import LIBRARY as ENSEMBLES
from funis.checks import StrictModel, read_yaml, validate
from funis.store import hash_file, write_text

UNREPORTED = Path(__file__).parents[1] / "library" / "unreported_null.yaml"


class NullEntry(StrictModel):
    """What the scenario says of one disease.

    Attributes
    ----------
    ensemble : hash of the ensemble that it was held against.
    trials : its own trials that were taken for null.
    no_effect, with_null : P(no effect) as it ships, and in the scenario; with other diseases.
    own, own_with_null : the same from the disease's own rows.
    effective : draws of the ensemble that still count when weighted to the scenario, of ``draws``.
    """

    ensemble: str
    trials: tuple[str, ...]
    no_effect: float
    with_null: float
    own: float
    own_with_null: float
    effective: float = Field(ge=0)
    draws: int


def write_null_entries(path: Path, entries: Mapping[str, NullEntry]) -> None:
    """Write what the scenario says of each disease."""
    head = (
        "# The scenario in which registered trials that nobody has reported found no effect, held"
        " against the ensembles that ship.\n# Generated: python -m funis.apps.unreported FILE\n"
    )
    lines = [
        f"{name}: {json.dumps(entry.model_dump(), ensure_ascii=False)}\n"
        for name, entry in entries.items()
    ]
    write_text(path, head + "".join(lines))


def null_entry(disease: str, path: Path = UNREPORTED) -> NullEntry | None:
    """Return what the scenario says of a disease; None where its ensemble is another by now."""
    entry, ensemble = read_null_entries(path).get(disease), ENSEMBLES / f"{disease}.parquet"
    if entry is None or not ensemble.is_file():
        return None
    return entry if hash_file(ensemble) == entry.ensemble else None


def read_null_entries(path: Path = UNREPORTED) -> Mapping[str, NullEntry]:
    """Read what the scenario says of each disease; nothing where there is no file.

    Raises
    ------
    InputError
        Each fault with file and line.
    """
    if not path.is_file():
        return {}
    return validate(dict[str, NullEntry], read_yaml(path))


def null_sentence(entry: NullEntry) -> str:
    """Return the scenario in one sentence."""
    whose = f"({', '.join(entry.trials)})" if entry.trials else "of other diseases"
    own = f"; own data only: {_change(entry.own_with_null, entry.own)}" if entry.trials else ""
    return (
        f"If the registered randomised trials past their end that nobody has reported {whose} had"
        " found no effect, cells would do nothing with a probability of"
        f" {_change(entry.with_null, entry.no_effect)}{own}."
    )


def _change(new: float, old: float) -> str:
    return f"{100 * new:.0f} % in place of {100 * old:.0f} %"
