"""Answers of the model that are costly to make: kept in the user's cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from funis.cache import cache_key, cached, keep
from funis.models import load_model
from funis.pipeline.inputs import find_trial
from funis.product import library_product, library_products
from funis.protocol import load_protocol

FORM = "3"
"""Changes when answers are computed in another way, so that kept ones no longer count."""


class CachedAnswers:
    """Plain data of one kind, by the trial that gave it and whatever else it depends on."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def of(self, ask: Callable[[], dict[str, Any]], trials: str, *words: object) -> dict[str, Any]:
        """Return an answer that is kept, or ask and keep it.

        Parameters
        ----------
        trials
            Names of trials of the library, separated by commas: the answer depends on their
            protocols, their models and the pools of those.
        words
            Whatever else it depends on.
        """
        hashes = [text for name in trials.split(",") for text in trial_hashes(name)]
        key = cache_key(FORM, self.kind, *hashes, *(str(word) for word in words))
        known = cached("claims", key)
        if known is not None:
            return dict(json.loads(known))
        answer = json.loads(json.dumps(ask()))
        keep("claims", key, json.dumps(answer).encode())
        return dict(answer)


@cache
def trial_hashes(name: str) -> tuple[str, ...]:
    """Return what names a trial, its model and its products."""
    protocol = load_protocol(find_trial(name))
    return protocol.hash, model_hash(protocol.disease), _products()


@cache
def model_hash(disease: str) -> str:
    """Return the hash of a disease of the library."""
    return load_model(disease).hash


@cache
def _products() -> str:
    return repr([library_product(name) for name in library_products()])
