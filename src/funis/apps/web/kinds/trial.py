"""The trial that a request names: one of the library, or the text of a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from funis.apps.web.kinds.kind import Request, kept_protocol

if TYPE_CHECKING:
    from funis.pipeline.inputs import Trial

LONGEST_PROTOCOL = 200_000
"""Characters of a protocol; the longest of the library has 8,000."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=80)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class TrialRequest(Request):
    """A request that is about one trial: a name of the library, or a protocol as YAML text."""

    trial: Name | None = None
    protocol: Annotated[str, Field(min_length=1, max_length=LONGEST_PROTOCOL)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.trial is None) == (self.protocol is None):
            raise ValueError("expected either `trial` or `protocol`")
        return self


def trial_title(asked: TrialRequest, folder: Path) -> str:
    """Check the trial of a request as a whole, and return its title.

    Raises
    ------
    InputError
        Whatever is wrong with it, a line each.
    """
    return requested_trial(asked).protocol.title


def requested_trial(asked: TrialRequest) -> Trial:
    """Return the trial of a request.

    Raises
    ------
    InputError
        Whatever is wrong with it, a line each.
    """
    from funis.checks import one_of
    from funis.pipeline.inputs import load_trial, text_trial, trial_names

    if asked.protocol is not None:
        return text_trial(asked.protocol)
    return load_trial(one_of("trial", str(asked.trial), trial_names()))


def trial_source(asked: TrialRequest, folder: Path) -> str:
    """Return what `pipeline` calls the trial: its name, or the file that its text is kept in."""
    if asked.protocol is not None:
        return kept_protocol(folder, asked.protocol)
    return str(asked.trial)
