"""What every answer of the API holds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from funis.report.statement import RESEARCH_USE, SIMULATED


class Answer(BaseModel):
    """An answer: it carries the statement of use and that nothing in it is of a real patient."""

    model_config = ConfigDict(extra="forbid")

    research_use: str = RESEARCH_USE
    simulated: str = SIMULATED


class Refusal(Answer):
    """Why nothing was done: one line each."""

    detail: list[str]
