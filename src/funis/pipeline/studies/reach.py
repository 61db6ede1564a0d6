"""Which studies the model can be asked about, and why not the others; kept between processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version

from funis.cache import cache_key, cached, keep
from funis.evidence import Evidence, Study
from funis.evidence.user import user_files
from funis.models import disease_ids, library_folder, load_model

FORM = "1"
"""Changes when a study is represented in another way."""


def reach_of(evidence: Evidence) -> dict[str, str]:
    """Return for each study of cells why the model cannot be asked about it; empty where it can.

    Making all reconstructions takes seconds: the answer is kept under the hash of all that it
    depends on.
    """
    key = cache_key(FORM, version("funis"), evidence.disease, library_hash(), user_hash())
    known = cached("reach", key)
    if known is not None:
        return dict(json.loads(known))
    found = _made(evidence)
    keep("reach", key, json.dumps(found).encode())
    return found


def not_of_cells(study: Study) -> str:
    """Return why a study outside of the evidence on cells is not asked about; empty for others."""
    if study.gate is not None:
        return "a targeted drug: it is a gate of the immune core (funis gate pharmacology)"
    if study.disease not in disease_ids():
        return f"funis has no disease '{study.disease}'"
    return ""


def why_context(study: Study) -> str:
    """Return why a study that is context is not represented."""
    if study.evidence_type == "meta-analysis":
        return "a meta-analysis: its inputs are, as far as they are known"
    twin = f"the same patients as {study.duplicate_of}" if study.duplicate_of else ""
    return twin or study.excluded_reason or study.context or "context, never fitted"


def _made(evidence: Evidence) -> dict[str, str]:
    from funis.pipeline.calibration_data import reconstructions

    model = load_model(evidence.disease)
    made = {one.study.id: one for one, _ in reconstructions(evidence, model)}
    found = {}
    for study in evidence.studies:
        one = made.get(study.id)
        if one is None:
            found[study.id] = why_context(study)
        else:
            reasons = dict.fromkeys(item.reason for item in one.skipped)
            silent = "; ".join(reasons) or "no number after baseline"
            found[study.id] = "" if one.rows else silent
    return found


@cache
def library_hash() -> str:
    """Return the hash of every file of the library; it does not change while we run."""
    digest = sha256()
    for path in sorted(library_folder().rglob("*")):
        if path.is_file() and path.suffix != ".md":
            digest.update(str(path.relative_to(library_folder())).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def user_hash() -> str:
    """Return the hash of the user's own files of studies."""
    return sha256(b"".join(_content())).hexdigest()


def _content() -> Iterator[bytes]:
    for path in user_files():
        yield path.name.encode()
        yield path.read_bytes()
