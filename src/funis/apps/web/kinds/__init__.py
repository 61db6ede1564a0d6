"""The kinds of background work: to add one, write its module and name it in both places here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from funis.apps.web.kinds.design import DESIGN, DesignRequest
from funis.apps.web.kinds.kind import Kind, Request, Work
from funis.apps.web.kinds.reproduce import REPRODUCE, ReproduceRequest
from funis.apps.web.kinds.run import RUN, RunRequest

KINDS: Mapping[str, Kind[Any]] = {kind.name: kind for kind in (RUN, DESIGN, REPRODUCE)}

AnyRequest = Annotated[RunRequest | DesignRequest | ReproduceRequest, Field(discriminator="kind")]
"""Whatever may be asked: told apart by `kind`."""

__all__ = [
    "KINDS",
    "AnyRequest",
    "DesignRequest",
    "Kind",
    "ReproduceRequest",
    "Request",
    "RunRequest",
    "Work",
]
