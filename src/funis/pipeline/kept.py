"""Documents that are slow to make, kept in the user's cache under all that they depend on."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from funis.cache import cache_key, cached, keep
from funis.pipeline.studies.reach import library_hash, user_hash

FORM = "3"
"""Changes when a kept document has another shape."""


def kept_document(kind: str, *words: object) -> dict[str, Any] | None:
    """Return a document that was kept for these words, the library and the user's own studies."""
    known = cached(kind, _key(kind, words))
    return None if known is None else dict(json.loads(known))


def keep_document(kind: str, document: dict[str, Any], *words: object) -> dict[str, Any]:
    """Keep a document and return it as it will be read again."""
    content = json.dumps(document)
    keep(kind, _key(kind, words), content.encode())
    return dict(json.loads(content))


def _key(kind: str, words: tuple[object, ...]) -> str:
    state = (FORM, version("funis"), library_hash(), user_hash())
    return cache_key(*state, kind, *(repr(word) for word in words))
