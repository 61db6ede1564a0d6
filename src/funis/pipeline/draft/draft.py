"""The draft of a trial is its text: what a form does not show of it is never lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from funis.checks import Document, InputError, Issue, nearest, one_of, parse_yaml
from funis.models import disease_ids
from funis.pipeline.draft.text import written
from funis.pipeline.inputs import find_trial, trial_names

LARGEST = 200_000
"""Characters of a draft; the longest trial of the library has about 7,000."""

NAME = "draft.yaml"


@dataclass(frozen=True)
class Draft:
    """The text of a trial file and how its issues call it.

    Raises
    ------
    InputError
        The text is longer than `LARGEST` characters.
    """

    text: str
    name: str = NAME

    def __post_init__(self) -> None:
        """Refuse a text that nobody wrote by hand."""
        if len(self.text) > LARGEST:
            expected = f"at most {LARGEST:,} characters"
            message = f"{len(self.text):,} characters are too long for a trial"
            raise InputError(Issue(self.name, None, None, message, expected))

    @cached_property
    def document(self) -> Document:
        """Plain data and the line of each key.

        Raises
        ------
        InputError
            Broken YAML, or what YAML readers do not take alike.
        """
        return parse_yaml(self.text, self.name)


def library_draft(name: str) -> Draft:
    """Return a trial of the library as a draft, under its file's name.

    Raises
    ------
    InputError
        The library has no such trial; a path is none.
    """
    names = trial_names()
    if name not in names:
        expected = f"one of {', '.join(names)}"
        message = f"unknown trial '{name}'"
        raise InputError(Issue(None, None, "trial", message, expected, nearest(name, names)))
    path = find_trial(name)
    return Draft(path.read_text(encoding="utf-8"), path.name)


def empty_draft(disease: str) -> Draft:
    """Return the least trial of a disease: placebo beside one dose, and one endpoint.

    Criteria, endpoint, estimand and drop-out are those of the disease's demonstration trial.

    Raises
    ------
    InputError
        The library has no such disease.
    """
    one_of("disease", disease, disease_ids())
    source = library_draft(f"{disease}_demo").document.data
    return Draft(written(_least(source)), f"new_{disease}.yaml")


def _least(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is left of a trial with one arm beside its reference and one endpoint."""
    primary = next(one for one in source["endpoints"] if one["role"] == "primary")
    cells = _first_cells(source)
    estimand = {**source["estimand"], "treatment": "One dose of cells beside the usual drugs"}
    success = {k: v for k, v in source["success"].items() if k in _RULE} | {"arms": ["cells"]}
    success |= {"endpoint": primary["endpoint"], "week": primary["week"], "reference": "control"}
    control = {"id": "control", "label": "Placebo", "control": "placebo", "reference": True}
    given = {**cells, "schedule": {"days": [0]}}
    return {
        "id": f"new_{source['disease']}",
        "title": f"A new trial: {source['title'][0].lower()}{source['title'][1:]}",
        "disease": source["disease"],
        "seed": 1,
        "population": {**source["population"], "patients_per_arm": 60},
        "arms": [control, {"id": "cells", "label": "Cells, once", "interventions": [given]}],
        "visits": {"weeks": [w for w in source["visits"]["weeks"] if w <= primary["week"]]},
        "endpoints": [primary],
        "estimand": estimand,
        "success": success,
        "dropout": {k: v for k, v in source["dropout"].items() if k != "arms"},
    }


_RULE = ("measure", "direction", "alpha", "minimal_difference", "method")


def _first_cells(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return product, amount and route of the first cells that a trial gives."""
    every = [given for arm in source["arms"] for given in arm.get("interventions", ())]
    given = next(one for one in every if "product" in one)
    return {k: v for k, v in given.items() if k in _CELLS}


_CELLS = ("product", "dose_cell", "dose_cell_per_kg", "route")
