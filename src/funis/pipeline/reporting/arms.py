"""The arms of a trial in words: what is given, and what became of the patients."""

from __future__ import annotations

from collections.abc import Iterable

from funis.models import Model
from funis.product import Lot, Product, check_release
from funis.protocol import CONTINUOUS, Arm, Intervention
from funis.report.content import ArmSummary
from funis.trial import Study, TrialData
from funis.units import DAYS_PER_WEEK

MOST_DAYS_SHOWN = 8


def arm_summaries(study: Study, data: TrialData) -> tuple[ArmSummary, ...]:
    """Return each arm with its regimen and counts of its patients."""
    return tuple(_summary(study, data, arm) for arm in study.protocol.arms)


def regimen_text(arm: Arm, study: Study) -> str:
    """Return what an arm is given, in words."""
    if not arm.interventions:
        return "No cells and no drug beside the background"
    return "; ".join(intervention_text(one, study) for one in arm.interventions)


def intervention_text(one: Intervention, study: Study) -> str:
    """Return one product or drug with its amount, route and days."""
    if one.drug is not None:
        given = study.model.input(one.drug)
        name = one.drug if given is None else given.description
        amount = "the standard dose" if one.dose == 1 else f"{one.dose:g} standard doses"
        return f"{_capital(name)} at {amount}, {_drug_days(one)}"
    route = route_name(study.model, one)
    if one.product is None:
        return f"Sham of {route}, {_days(one)}"
    product = study.products[one.supply or one.product]
    return f"{dose_text(one)} by {route}, {_days(one)} ({product_text(product)})"


def product_text(product: Product) -> str:
    """Return the name of a product; of a lot also its release and what it does not report."""
    if not isinstance(product, Lot):
        return product.name
    missing = ", ".join(product.unknown).replace("_", " ") or "nothing"
    verdict = check_release(product).verdict
    return f"{product.name}, {product.id}; release: {verdict}; not reported: {missing}"


def dose_text(one: Intervention) -> str:
    """Return the cells of one dose, "75 million cells" or "1 million cells/kg"."""
    cells = one.dose_cell if one.dose_cell is not None else one.dose_cell_per_kg or 0.0
    number = f"{round(cells / 1e6, 2):g} million" if cells >= 1e5 else f"{cells:,.0f}"
    return f"{number} cells{'/kg' if one.per_kg else ''}"


def route_name(model: Model, one: Intervention) -> str:
    """Return the route of a product as the model describes it."""
    given = model.input(one.input)
    return one.input if given is None else given.description


def dose_weeks(arm: Arm, last_week: float) -> tuple[float, ...]:
    """Return the weeks of the single administrations within a trial, in order."""
    days = {day for one in arm.interventions if one.drug is None for day in one.days}
    return tuple(sorted(day / DAYS_PER_WEEK for day in days if day <= last_week * DAYS_PER_WEEK))


def drug_weeks(arm: Arm, last_week: float) -> tuple[tuple[float, float], ...]:
    """Return when lasting drugs are given within a trial, as (start, end) in weeks."""
    spans = [
        (day / DAYS_PER_WEEK, min(last_week, (day + one.duration_day) / DAYS_PER_WEEK))
        for one in arm.interventions
        if one.drug is not None
        for day in one.days
    ]
    return tuple((start, end) for start, end in spans if start < last_week)


def later_doses(arm: Arm, last_week: float) -> int:
    """Return how many administrations an arm declares after the last visit."""
    days = [day for one in arm.interventions for day in one.days]
    return sum(day > last_week * DAYS_PER_WEEK for day in days)


def scenario_text(arm: Arm, model: Model) -> str:
    """Return the assumptions that an arm changes, in words: its structures, then its scenario."""
    titles = [
        f"structure {one.id} ({one.title[:1].lower() + one.title[1:]})" for one in arm.structures
    ]
    return ", ".join(
        titles
        + [f"{model.parameter(name).name} set to {value:g}" for name, value in arm.scenario.items()]
    )


def _summary(study: Study, data: TrialData, arm: Arm) -> ArmSummary:
    import polars as pl

    own = data.subjects.filter(pl.col("arm") == arm.id)
    failed = own.filter(pl.col("status") == "failed")["status_reason"].to_list()
    last = study.protocol.visits.last_week
    more = later_doses(arm, last)
    text = regimen_text(arm, study)
    if more:
        text += f" ({more} after the last visit, seen in the three-year outlook only)"
    return ArmSummary(
        id=arm.id,
        label=arm.label,
        regimen=text,
        n=own.height,
        control=arm.control,
        failed=_counts(str(reason) for reason in failed),
        dropped_out=own.filter(pl.col("status") == "discontinued").height,
        rescued=own.filter(pl.col("rescued_week").is_not_null()).height,
        dose_weeks=dose_weeks(arm, last),
        drug_weeks=drug_weeks(arm, last),
        scenario=scenario_text(arm, study.model),
    )


def _counts(reasons: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items()))


def _days(one: Intervention) -> str:
    if len(one.days) > MOST_DAYS_SHOWN:
        return f"{len(one.days)} times from day {one.days[0]:g} to day {one.days[-1]:g}"
    days = ", ".join(f"{day:g}" for day in one.days)
    return f"day{'s' if len(one.days) > 1 else ''} {days}"


def _drug_days(one: Intervention) -> str:
    if one.duration_day == CONTINUOUS:
        return f"without a break from day {one.days[0]:g}"
    return f"{_days(one)}, {one.duration_day:g} days each"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
