"""The credibility page of a disease: what was tested, what failed, what it may be used for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funis.pipeline.credibility.assemble import credibility
    from funis.pipeline.credibility.page import credibility_document, credibility_page

_HOMES = {
    "credibility": "funis.pipeline.credibility.assemble",
    "credibility_document": "funis.pipeline.credibility.page",
    "credibility_page": "funis.pipeline.credibility.page",
}

__all__ = ["credibility", "credibility_document", "credibility_page"]


def __getattr__(name: str) -> Any:
    """Load what computes a page when it is first used: whoever reads a card needs none of it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'funis.pipeline.credibility' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
