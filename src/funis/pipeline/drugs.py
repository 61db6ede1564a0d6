"""Published drugs beside the drug inputs of a model: which class a study gave."""

from __future__ import annotations

from collections.abc import Mapping

from funis.evidence import Evidence, Study
from funis.models import Model

BACKGROUND = "background_"
"""Prefix of the covariates that say which background drug a patient takes at entry."""


def drug_inputs(model: Model) -> tuple[str, ...]:
    """Return the drug inputs of a model."""
    return tuple(given.id for given in model.inputs if given.kind == "drug")


def background_drugs(model: Model) -> tuple[str, ...]:
    """Return the drugs that patients may take at entry."""
    known = {parameter.id for parameter in model.parameters}
    return tuple(name for name in drug_inputs(model) if f"{BACKGROUND}{name}" in known)


def class_of(text: str | None, model: Model) -> str | None:
    """Return the drug input that a published mechanism names, "anti-IL-6R" for ``anti_il6r``.

    The longest match counts; a mixture of several classes has none.
    """
    if text is None or "," in text:
        return None
    wanted = _plain(text)
    fits = [name for name in drug_inputs(model) if _plain(name) in wanted]
    return max(fits, key=len, default=None)


def classes_in(text: str | None, model: Model) -> tuple[str, ...]:
    """Return every drug input that a mixture such as "mixed (anti-TNF, ...)" names."""
    wanted = _plain(text or "")
    return tuple(name for name in drug_inputs(model) if _plain(name) in wanted)


def brand_classes(evidence: Evidence, model: Model) -> Mapping[str, str]:
    """Return the class of each single drug that a study of one class was made with."""
    found: dict[str, str] = {}
    for study in evidence.pharmacology:
        name = class_of(study.mechanism, model)
        if name is not None and study.product.drug is not None:
            found[study.product.drug.casefold()] = name
    return found


def class_of_arm(study: Study, arm: str, evidence: Evidence, model: Model) -> str | None:
    """Return the class that an arm of a drug study gave: by its name, else by the study."""
    for brand, name in brand_classes(evidence, model).items():
        if arm.casefold().startswith(brand):
            return name
    return class_of(study.mechanism, model)


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
