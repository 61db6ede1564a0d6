"""Under which name what was followed of a study may be kept: everything that it depends on."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from funis.cache import cache_key
from funis.protocol import content_hash
from funis.trial import Study

COURSES = (
    "checks", "models", "population", "product", "protocol", "safety", "solver", "trial", "units",
)  # fmt: skip
"""Modules that courses come from."""


def study_key(study: Study) -> str:
    """Return what the courses of a study depend on, but for who is followed under which draw."""
    return cache_key(
        version("funis"), version("numpy"), code_hash(*COURSES), study.protocol.hash,
        study.model.hash, content_hash(study.model.endpoints), study.pool.hash,
        content_hash(study.products), repr(study.seed), repr(study.rtol),
    )  # fmt: skip


@cache
def code_hash(*modules: str) -> str:
    """Return a hash of the code of some modules, such as ``trial``: what is better is not kept out.

    Parameters
    ----------
    modules : files without their ending, or folders, below the package; none for all of it.
    """
    package = Path(__file__).parents[1]
    places = [package / name for name in modules or (".",)]
    digest = sha256()
    for place in places:
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        for path in files:
            digest.update(str(path.relative_to(package)).encode() + path.read_bytes())
    return digest.hexdigest()
