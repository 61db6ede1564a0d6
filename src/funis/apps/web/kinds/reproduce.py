"""The kind `reproduce`: a stored run made again and compared, as `funis runs reproduce` does it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from funis.apps.web.kinds.kind import Kind, Request, Work
from funis.apps.web.storage.runs import RUN_ID, runs_folder

RunName = Annotated[str, Field(pattern=RUN_ID)]


class ReproduceRequest(Request):
    """A stored run of this workbench, by its id."""

    kind: Literal["reproduce"] = "reproduce"
    run: RunName


def title(asked: ReproduceRequest, folder: Path) -> str:
    """Look the run up and return the title of the job.

    Raises
    ------
    InputError
        There is no such run.
    """
    from funis.pipeline.runs import find_run

    return f"Make {find_run(asked.run, runs_folder(folder)).id} again"


def work(asked: ReproduceRequest, at: Work) -> Mapping[str, Any]:
    """Make the run again, hold it against the stored one, and return what was found."""
    from funis.pipeline.runs import find_run
    from funis.pipeline.runs.reproduce import reproduce

    place = find_run(asked.run, runs_folder(at.folder)).folder
    found = reproduce(
        place, scratch=at.checkpoints, workers=at.workers, progress=at.progress
    )  # fmt: skip
    return {
        "run": asked.run,
        "identical": found.identical,
        "sentence": found.sentence,
        "files": [{"name": one.name, "match": one.match, "told": one.told} for one in found.files],
        "damaged": list(found.damaged),
        "versions": [list(one) for one in found.versions],
        "guessed": found.guessed,
    }


REPRODUCE = Kind("reproduce", ReproduceRequest, title, work)
