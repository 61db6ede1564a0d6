"""What sites do to a trial: when patients arrive where, how cells are held, what goes wrong."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from funis.population import arrival_days, arrival_sites, site_effect, site_of, uniform
from funis.product import Lot, Product, infused_viability, usual_hold, usual_infusion
from funis.protocol import Arm, DoseEvents
from funis.protocol import Sites as SitesDesign
from funis.trial.lots import drawn_shares
from funis.trial.study import Study, products_of
from funis.units import DAYS_PER_WEEK

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


def arrivals(study: Study, patients: int) -> Array | None:
    """Return the day on which each of the first patients is randomised, None where not declared."""
    plan = None if study.design is None else study.design.enrolment
    if plan is None:
        return None
    start_up = plan.start_up_week * DAYS_PER_WEEK
    return arrival_days(study.seed, patients, plan.patients_per_month, plan.sites, start_up)


def sites_of(study: Study, patients: Integers) -> Integers:
    """Return the site of each patient: as they arrive where that is declared, else as they fill."""
    plan = None if study.design is None else study.design.enrolment
    if plan is None or len(patients) == 0:
        return site_of(patients, study.protocol.population.patients_per_site)
    days = arrivals(study, int(patients.max()) + 1)
    assert days is not None
    start_up = plan.start_up_week * DAYS_PER_WEEK
    return arrival_sites(study.seed, days, plan.sites, start_up)[patients]


def hold_minutes(study: Study, sites: SitesDesign, site: Integers) -> Array:
    """Return the usual time from thaw to infusion of each one's site, log-normal between sites."""
    mean = sites.hold_mean_minute or 0.0
    spread = math.log1p((sites.hold_sd_minute / mean) ** 2)
    return np.asarray(
        mean * np.exp(math.sqrt(spread) * site_effect(study.seed, site, "hold") - spread / 2)
    )


def viability_of(study: Study, arm: Arm, site: Integers) -> Array | None:
    """Return how many of the cells live in each one's hands, None where sites are alike.

    A hold beyond the last measured point counts as that point: nothing is extrapolated. A named
    lot makes sites differ by what is not known of it.
    """
    given = products_of(arm, study.protocol.rules)
    product = study.products[given[0]] if given else None
    if product is None or not (_holds(study) or isinstance(product, Lot)):
        return None
    unique, back = np.unique(site, return_inverse=True)
    held = _held(study, product, unique)
    shares = np.array([_viability(product, minute) for minute in held.tolist()])
    if isinstance(product, Lot):
        told = {"hold_minute"} if _holds(study) else set()
        unknown = tuple(name for name in product.unknown if name not in told)
        shares = drawn_shares(product, study.seed, unique, held, shares, unknown)
    return shares[back]


def _holds(study: Study) -> bool:
    """Return whether sites differ in how long they hold cells."""
    sites = None if study.design is None else study.design.sites
    return sites is not None and sites.hold_mean_minute is not None


def _held(study: Study, product: Product, site: Integers) -> Array:
    """Return the hold of each site: its own where sites differ, else that of the product."""
    sites = None if study.design is None else study.design.sites
    if sites is None or sites.hold_mean_minute is None:
        return np.full(len(site), usual_hold(product))
    longest = max(product.viability[-1].hold_minute - usual_infusion(product), 0.0)
    return np.minimum(hold_minutes(study, sites, site), longest)


def _viability(product: Product, minute: float) -> float:
    return infused_viability(product, minute, usual_infusion(product))


def with_deviations(
    study: Study, doses: DoseEvents, patient: Integers
) -> tuple[DoseEvents, Integers]:
    """Leave out missed administrations of cells and halve others, by each patient's own luck.

    Returns
    -------
    DoseEvents
    array
        (patient,) how many went wrong.
    """
    sites = None if study.design is None else study.design.sites
    if sites is None or sites.missed_rate + sites.halved_rate == 0 or len(doses) == 0:
        return doses, np.zeros(len(patient), dtype=np.int64)
    who = patient[doses.patient]
    luck = uniform(study.seed, "protocol deviation", who, doses.minute, doses.input)
    cells = np.isin(doses.input, study.routes) & (doses.amount > 0)
    missed = cells & (luck < sites.missed_rate)
    halved = cells & ~missed & (luck < sites.missed_rate + sites.halved_rate)
    amount = np.where(halved, doses.amount / 2, doses.amount)
    columns = (*doses.columns()[:3], amount, doses.duration_minute, doses.intervention)
    wrong = np.bincount(doses.patient[missed | halved], minlength=len(patient))
    return DoseEvents(*(column[~missed] for column in columns)), wrong.astype(np.int64)
