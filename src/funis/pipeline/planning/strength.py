"""What was published on the primary endpoints of a trial, by kind of study, never added up."""

from __future__ import annotations

import json
from pathlib import Path

from funis.cache import cache_key, cached, keep
from funis.evidence.library import NATURAL, evidence_folder, study_files
from funis.evidence.user import user_files
from funis.models import find_disease
from funis.protocol import EndpointRequest, Protocol
from funis.store import hash_file

NOTHING = "nothing was published on it that could be used"
KIND = "pooled_effects"
FORM = "1"
"""Changes with the way in which the lines are worked out."""


def pooled_effects(protocol: Protocol) -> tuple[str, ...]:
    """Return a line for each kind of study behind each primary endpoint; kept between runs.

    Each says measure, interval, studies, patients and how many of them were randomised. A
    published row counts up to half the week of the endpoint away from it, at least a quarter year.

    Parameters
    ----------
    protocol
        A trial of a disease of the library.
    """
    key = cache_key(FORM, *map(repr, protocol.primary), *map(hash_file, _files(protocol.disease)))
    found = cached(KIND, key)
    if found is not None:
        return tuple(json.loads(found))
    lines = tuple(
        f"{request.endpoint}: {text}"
        for request in protocol.primary
        for text in _lines(protocol.disease, request)
    )
    keep(KIND, key, json.dumps(lines).encode())
    return lines


def _files(disease: str) -> tuple[Path, ...]:
    """Return everything that the lines follow from."""
    natural = evidence_folder() / f"{disease}{NATURAL}"
    return (*study_files(), natural, find_disease(disease) / "endpoints.yaml", *user_files())


def _lines(disease: str, request: EndpointRequest) -> tuple[str, ...]:
    from funis.pipeline.claims.published import Known, effect_pools
    from funis.pipeline.claims.words import pool_words

    known = Known(disease)
    pools = effect_pools(known, request.endpoint, request.measure, request.week, better=1)
    return tuple(map(pool_words, pools)) or (NOTHING,)
