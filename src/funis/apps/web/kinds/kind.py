"""What a kind of background work is: what may be asked, and which function answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from funis.pipeline.processes import Progress

PROTOCOLS = "protocols"
"""Folder of the protocols that came as text, each under the hash of its text."""


class Request(BaseModel):
    """Base of what may be asked: closed, frozen, numbers finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Asked = TypeVar("Asked", bound=Request)


@dataclass(frozen=True, slots=True)
class Work:
    """What a job is given to work with.

    Attributes
    ----------
    folder : of the workbench; it is the working directory of the process too.
    run : where the job's run folder shall lie (`runs/<id of the job>`); it does not exist yet.
    checkpoints : a folder of the job that outlives its worker: what lies there when the job is
        begun was left by an earlier attempt. It goes when the job is over.
    workers : processes to use; they change no result.
    progress : hand every long loop to it; by it the job is cancelled too.
    known : tells what is known so far, as JSON values, for charts that grow.
    """

    folder: Path
    run: Path
    checkpoints: Path
    workers: int
    progress: Progress
    known: Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Kind(Generic[Asked]):
    """A kind of work.

    Attributes
    ----------
    name : as `kind` in a request.
    request : model of what may be asked.
    title : checks a request against the library and the folder of the workbench, and gives the
        title of the job. It raises InputError before anything is queued.
    work : does it, and returns the result as JSON values, or None.
    """

    name: str
    request: type[Asked]
    title: Callable[[Asked, Path], str]
    work: Callable[[Asked, Work], Mapping[str, Any] | None]


def kept_protocol(folder: Path, text: str) -> str:
    """Write a protocol under the hash of its text; return its path relative to the folder."""
    from funis.store import write_text

    name = f"{PROTOCOLS}/{sha256(text.encode()).hexdigest()[:16]}.yaml"
    if not (folder / name).is_file():
        write_text(folder / name, text)
    return name
