"""What was published on the primary endpoints of a trial, by kind of study, never added up."""

from __future__ import annotations

from funis.pipeline.claims.published import Known, effect_pools
from funis.pipeline.claims.words import pool_words
from funis.protocol import EndpointRequest, Protocol

NOTHING = "nothing was published on it that could be used"


def pooled_effects(protocol: Protocol) -> tuple[str, ...]:
    """Return a line for each kind of study behind each primary endpoint.

    Each says measure, interval, studies, patients and how many of them were randomised. A
    published row counts up to half the week of the endpoint away from it, at least a quarter year.

    Parameters
    ----------
    protocol
        A trial of a disease of the library.
    """
    known = Known(protocol.disease)
    return tuple(
        f"{request.endpoint}: {text}"
        for request in protocol.primary
        for text in _lines(known, request)
    )


def _lines(known: Known, request: EndpointRequest) -> tuple[str, ...]:
    pools = effect_pools(known, request.endpoint, request.measure, request.week, better=1)
    return tuple(map(pool_words, pools)) or (NOTHING,)
