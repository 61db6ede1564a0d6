"""A consultation as facts that an expression can ask for: a range each, and the field it is from.

What is not known is a range, not a number, so that a criterion says "cannot tell" exactly when the
missing value could change its verdict.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from funis.checks.ranges import OPEN, Range
from funis.models import Model
from funis.plan.consulted import Consultation, Medication
from funis.plan.severity import BACKGROUND, severity_ranges, traits
from funis.plan.vocabulary import ADVANCED, Drugs, Words, library_drugs, library_words
from funis.product import Product

NOT_KNOWN = "not known"
ROUTE = "route_"
"""Prefix of the facts that say by which route the arm gives cells."""

AT_LEAST_NOTHING: Range = (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of one name in an expression.

    Attributes
    ----------
    limits : (float, float)
        One number where it is known.
    field : str
        Path in the consultation, such as ``labs.platelets``.
    unit : str or None
    yes_no : bool
        Whether 1 reads "yes" and 0 reads "no".
    detail : str or None
        What to show in the place of the number.
    """

    limits: Range
    field: str
    unit: str | None = None
    yes_no: bool = False
    detail: str | None = None

    @property
    def known(self) -> bool:
        """Whether it is one number."""
        return self.limits[0] == self.limits[1]

    @property
    def shown(self) -> str:
        """The value in words."""
        low, high = self.limits
        if self.detail is not None:
            return self.detail
        if self.yes_no:
            return {YES: "yes", NO: "no"}.get(self.limits, NOT_KNOWN)
        if self.known and math.isinf(low):
            return "never"
        if self.known:
            return f"{low:g}{self._unit}"
        if math.isinf(high):
            return NOT_KNOWN if low <= 0 else f"at least {low:g}{self._unit}"
        return f"between {low:g} and {high:g}{self._unit}"

    @property
    def _unit(self) -> str:
        return "" if self.unit is None else f" {self.unit}"


YES, NO = (1.0, 1.0), (0.0, 0.0)


def facts(
    consultation: Consultation,
    model: Model,
    routes: Collection[str] = (),
    *,
    product: Product | None = None,
    drugs: Drugs | None = None,
    words: Words | None = None,
) -> dict[str, Fact]:
    """Return every fact that criteria may ask for, those of the disease among them.

    Parameters
    ----------
    consultation : Consultation
    model : Model
        Its disease.
    routes : collection of str
        Routes by which the arm gives cells.
    product : Product or None
        What the arm gives; None is not known.
    drugs, words
        Vocabulary; that of the library by default.
    """
    drugs, words = drugs or library_drugs(), words or library_words()
    return {
        **_of_person(consultation),
        **_of_conditions(consultation, words),
        **_of_labs(consultation, words),
        **_of_medication(consultation, drugs),
        **_of_earlier_cells(consultation),
        **_of_disease(consultation, model, drugs),
        **_of_product(product),
        **_of_routes(model, routes),
    }  # fmt: skip


def _of_product(product: Product | None) -> dict[str, Fact]:
    frozen = None if product is None else product.cryopreserved
    foreign = None if product is None else product.allogeneic
    return {
        "product_cryopreserved": _flag(frozen, "protocol"),
        "product_allogeneic": _flag(foreign, "protocol"),
    }


def _of_routes(model: Model, routes: Collection[str]) -> dict[str, Fact]:
    own = [one.id for one in model.inputs if one.kind == "cells"]
    return {
        f"{ROUTE}{name}": _flag(name in routes, "protocol")
        for name in dict.fromkeys((*own, *routes))
    }


def general_names() -> tuple[str, ...]:
    """Names that a general criterion may use beside routes: facts that belong to no disease."""
    nobody, words, drugs = Consultation("nobody", "none", 70.0), library_words(), library_drugs()
    return (
        *_of_person(nobody), *_of_conditions(nobody, words), *_of_labs(nobody, words),
        *_of_medication(nobody, drugs), *_of_earlier_cells(nobody), *_of_product(None),
        "prior_failures",
    )  # fmt: skip


def _number(value: float | None, field: str, unit: str | None = None) -> Fact:
    return Fact(AT_LEAST_NOTHING if value is None else (value, value), field, unit)


def _flag(value: bool | None, field: str) -> Fact:
    return Fact(OPEN if value is None else (YES if value else NO), field, None, True)


def _among(value: str | None, wanted: Collection[str], field: str) -> Fact:
    return _flag(None if value is None else value in wanted, field)


def _of_person(one: Consultation) -> dict[str, Fact]:
    return {
        "age_year": _number(one.age_year, "age_year", "years"),
        "female": _among(one.sex, ("female",), "sex"),
        "weight_kg": _number(one.weight_kg, "weight_kg", "kg"),
        "height_cm": _number(one.height_cm, "height_cm", "cm"),
        "duration_year": _number(one.duration_year, "duration_year", "years"),
        "pregnant": _flag(one.pregnant, "pregnant"),
        "breastfeeding": _flag(one.breastfeeding, "breastfeeding"),
    }


def _of_conditions(one: Consultation, words: Words) -> dict[str, Fact]:
    ill, allergic = one.comorbidities, one.allergies
    return {
        "infection_active": _among(one.infection, ("active",), "infection"),
        "infection_chronic": _among(one.infection, ("chronic",), "infection"),
        "infection_latent": _among(one.infection, ("latent",), "infection"),
        "malignancy_recent": _among(one.malignancy, ("within_5_years",), "malignancy"),
        "malignancy_ever": _among(one.malignancy, ("within_5_years", "earlier"), "malignancy"),
        "thrombosis_recent": _among(one.thrombosis_risk, ("recent_event",), "thrombosis_risk"),
        "thrombosis_past": _among(one.thrombosis_risk, ("past_event",), "thrombosis_risk"),
        "thrombosis_factor": _among(one.thrombosis_risk, ("risk_factor",), "thrombosis_risk"),
        "live_vaccine": _flag(one.live_vaccine, "live_vaccine"),
        "anti_hla": _flag(one.anti_hla, "anti_hla"),
        **{
            f"comorbidity_{word}": _flag(None if ill is None else word in ill, "comorbidities")
            for word in words.comorbidities
        },
        **{
            f"allergy_{word}": _flag(None if allergic is None else word in allergic, "allergies")
            for word in words.allergies
        },
    }


def _of_labs(one: Consultation, words: Words) -> dict[str, Fact]:
    """Return the tests; an eGFR may stand in its own field, or among those of the disease."""
    found = {
        name: _number(one.labs[name].value if name in one.labs else None, f"labs.{name}", lab.unit)
        for name, lab in words.labs.items()
    }
    filtration = one.renal_egfr
    if filtration is None:
        filtration = one.severity.get("egfr")
    found["renal_egfr"] = _number(filtration, "renal_egfr", "mL/min/1.73 m2")
    return found


def _of_medication(one: Consultation, drugs: Drugs) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for name in drugs.classes:
        mine = None if one.medication is None else _of_class(one.medication, name)
        found[f"taking_{name}"] = _flag(None if mine is None else _taken(mine), "medication")
        found[f"weeks_off_{name}"] = Fact(_weeks_off(mine), "medication", "weeks")
        found[f"weeks_on_{name}"] = Fact(_weeks_on(mine), "medication.since_week", "weeks")
    found["wash_outs_open"] = _wash_outs(one, drugs)
    found["prednisone_mg_per_day"] = Fact(
        _prednisone(one.medication, drugs), "medication.dose", "mg/day"
    )
    return found


def _of_class(medication: Collection[Medication], name: str) -> list[Medication]:
    return [one for one in medication if one.drug_class == name]


def _taken(mine: Collection[Medication]) -> bool:
    return any(one.stopped_week is None for one in mine)


def _weeks_off(mine: Collection[Medication] | None) -> Range:
    """Weeks since the last dose: 0 while it is taken, infinite where it never was."""
    if mine is None:
        return AT_LEAST_NOTHING
    weeks = min((one.stopped_week or 0.0 for one in mine), default=math.inf)
    return (weeks, weeks)


def _weeks_on(mine: Collection[Medication] | None) -> Range:
    """Weeks since it was begun or its dose last changed; 0 where it is not taken."""
    if mine is None:
        return AT_LEAST_NOTHING
    since = [one.since_week for one in mine if one.stopped_week is None]
    if None in since:
        return AT_LEAST_NOTHING
    weeks = min((week for week in since if week is not None), default=0.0)
    return (weeks, weeks)


def open_wash_outs(consultation: Consultation, drugs: Drugs | None = None) -> tuple[str, ...]:
    """Say of each class that was not off long enough how long it was, and how long was asked."""
    drugs, words = drugs or library_drugs(), []
    for one in drugs.classes.values():
        mine = _of_class(consultation.medication or (), one.id)
        off = _weeks_off(mine)[0]
        if one.wash_out_week is not None and off < one.wash_out_week:
            names = ", ".join(sorted({drug.drug for drug in mine}))
            spell = "still taken" if off == 0 else f"off for {off:g} weeks"
            asked = f"{one.wash_out_week:g} weeks asked [{one.source}]"
            words.append(f"{one.name} ({names}) {spell}, {asked}")
    return tuple(words)


def _wash_outs(one: Consultation, drugs: Drugs) -> Fact:
    if one.medication is None:
        return Fact(AT_LEAST_NOTHING, "medication")
    still = open_wash_outs(one, drugs)
    count = float(len(still))
    return Fact((count, count), "medication", detail="; ".join(still) or "none")


def _prednisone(medication: Collection[Medication] | None, drugs: Drugs) -> Range:
    """Glucocorticoid taken now as mg of prednisone a day; open above where a dose is missing."""
    if medication is None:
        return AT_LEAST_NOTHING
    total, whole = 0.0, True
    for one in _of_class(medication, "steroid"):
        factor = drugs.drugs[one.drug].prednisone_equivalent
        if one.stopped_week is not None:
            continue
        if one.dose is None or one.unit != "mg_per_day" or factor is None:
            whole = False
        else:
            total += one.dose * factor
    return (total, total if whole else math.inf)


def _of_earlier_cells(one: Consultation) -> dict[str, Fact]:
    earlier = one.previous_infusions
    field = "previous_infusions"
    if earlier is None:
        return {field: _number(None, field), "reacted_before": _flag(None, f"{field}.reaction")}
    reactions = [given.reaction for given in earlier]
    reacted = True if True in reactions else (None if None in reactions else False)
    return {
        field: _number(float(sum(given.times for given in earlier)), field),
        "reacted_before": _flag(reacted, f"{field}.reaction"),
    }


def _of_disease(one: Consultation, model: Model, drugs: Drugs) -> dict[str, Fact]:
    """Return components, scores, traits, drugs at entry and prior failures of the disease."""
    units = {part.id: part.unit for part in model.endpoints.components}
    units |= {score.id: score.unit for score in model.endpoints.scores}
    conditions = {*model.endpoints.conditions, *traits(model)}
    found = {
        name: Fact(limits, _field(name, one), units.get(name), name in conditions)
        for name, limits in severity_ranges(one, model).items()
    }
    for column in model.covariates.values():
        if column.startswith(BACKGROUND):
            mine = None if one.medication is None else _of_class(
                one.medication, column.removeprefix(BACKGROUND)
            )  # fmt: skip
            found[column] = _flag(None if mine is None else _taken(mine), "medication")
    found["prior_failures"] = _failures(one.prior_failures, drugs)
    return found


def _field(name: str, one: Consultation) -> str:
    return f"labs.{name}" if name in one.labs else f"severity.{name}"


def _failures(failed: Collection[str] | None, drugs: Drugs) -> Fact:
    """Count prior failures of biologics and targeted drugs, which is what the models count."""
    if failed is None:
        return _number(None, "prior_failures")
    classes: Mapping[str, str] = {
        name: one.kind for name in failed if (one := drugs.class_of(name)) is not None
    }
    return _number(float(sum(kind in ADVANCED for kind in classes.values())), "prior_failures")
