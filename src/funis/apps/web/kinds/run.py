"""The kind `run`: one virtual trial, as `funis run` conducts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from funis.apps.web.kinds.kind import Kind, Work
from funis.apps.web.kinds.trial import Seed, TrialRequest, trial_source, trial_title

Ensemble = Literal["borrowed", "own", "prior", "none"]


class RunRequest(TrialRequest):
    """One virtual trial; what is not given is as the protocol says."""

    kind: Literal["run"] = "run"
    patients: Annotated[int, Field(ge=1, le=100_000)] | None = None
    seed: Seed | None = None
    twins: Annotated[int, Field(ge=0, le=1000)] = 60
    ensemble: Ensemble = "borrowed"


def work(asked: RunRequest, at: Work) -> Mapping[str, Any]:
    """Conduct the trial and write its folder; return its results as plain data."""
    from funis.pipeline.run import run_trial
    from funis.pipeline.runs.shown import shown_of_run

    found = run_trial(
        trial_source(asked, at.folder), patients=asked.patients, seed=asked.seed,
        workers=at.workers, out=at.run, twins=asked.twins, ensemble=asked.ensemble,
        progress=at.progress, checkpoints=at.checkpoints,
    )  # fmt: skip
    return {**found.document, "shown": shown_of_run(found.document, found.report)}


RUN = Kind("run", RunRequest, trial_title, work)
