"""The kind `design`: a trial many times, as `funis design` does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from funis.apps.web.kinds.kind import Kind, Work
from funis.apps.web.kinds.trial import Name, TrialRequest, requested_trial, trial_source

if TYPE_CHECKING:
    from funis.pipeline.design.grow import Growing

KNOWN_SECOND = 0.5
"""A chart that grows twice a second seems to grow without a break."""


class DesignRequest(TrialRequest):
    """Type I error, power and assurance at several sizes (patients in all arms together)."""

    kind: Literal["design"] = "design"
    sizes: Annotated[
        tuple[Annotated[int, Field(ge=2, le=20_000)], ...], Field(min_length=1, max_length=50)
    ]
    replicates: Annotated[int, Field(ge=1, le=100_000)] = 2000
    structures: Annotated[tuple[Name, ...], Field(max_length=50)] = (
        "dose_emax", "bistable_memory",
    )  # fmt: skip
    ensemble: Literal["borrowed", "own", "prior"] = "borrowed"
    null: bool = False
    patients: Annotated[int, Field(ge=8, le=10_000)] = 256


def title(asked: DesignRequest, folder: Path) -> str:
    """Check a design as a whole, as it is checked where it is done; return its trial's title.

    Raises
    ------
    InputError
        Whatever is wrong with the trial, a size or a name.
    """
    from funis.pipeline.design import checked_design

    trial = requested_trial(asked)
    checked_design(
        trial, sizes=asked.sizes, patients=asked.patients, structures=asked.structures
    )  # fmt: skip
    return trial.protocol.title


def work(asked: DesignRequest, at: Work) -> Mapping[str, Any]:
    """Take the measure of the design and write its folder; return the numbers as plain data."""
    from funis.pipeline.design import design_trial
    from funis.pipeline.design.document import design_document
    from funis.pipeline.design.page import write_folder
    from funis.pipeline.runs.shown import shown_of_design

    found = design_trial(
        trial_source(asked, at.folder), sizes=asked.sizes, replicates=asked.replicates,
        patients=asked.patients, structures=asked.structures, ensemble=asked.ensemble,
        null=asked.null, workers=at.workers, progress=at.progress, watch=_watch(at, asked.ensemble),
    )  # fmt: skip
    write_folder(found, at.run)
    return {**design_document(found), "shown": shown_of_design(found.plan, found.basis)}


def _watch(at: Work, basis: str) -> Callable[[Growing], None]:
    """Tell what is known twice a second at most, and the whole of it in the end."""
    from funis.pipeline.design.growing import growing_document
    from funis.pipeline.runs.shown import shown_of_design

    told, shown = [-math.inf], dict[str, Any]()

    def watch(growing: Growing) -> None:
        if growing.done == growing.total or monotonic() - told[0] >= KNOWN_SECOND:
            told[0] = monotonic()
            shown.update(shown or shown_of_design(growing.ask.plan, basis))
            at.known({**growing_document(growing), "shown": shown})

    return watch


DESIGN = Kind("design", DesignRequest, title, work)
