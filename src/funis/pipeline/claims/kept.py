"""Answers of the model that are costly to make: kept in the user's cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from funis.cache import cache_key, cached, keep
from funis.pipeline.inputs import load_trial

FORM = "2"
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
    trial = load_trial(name)
    return trial.protocol.hash, trial.model.hash, repr(sorted(trial.products.items()))
