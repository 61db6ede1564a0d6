"""``funis product yield``: from a donation to vials, and the donors and vials of a trial."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from funis.checks import InputError, Issue
from funis.pipeline.inputs import Trial, load_trial
from funis.pipeline.products.text import base_document, cells_text, heading
from funis.pipeline.tables import Table
from funis.product import (
    ArmNeed,
    DonationYield,
    Product,
    TrialNeed,
    donation_yield,
    supply,
    trial_need,
)
from funis.protocol import Arm
from funis.units import DAYS_PER_WEEK

ALL_GROWN = "if every vial is grown on; what a donation can give, not what anybody has made of one"


@dataclass(frozen=True, slots=True)
class YieldPage:
    """What a donation gives, and what a trial needs.

    Attributes
    ----------
    given : Product
    found : DonationYield
    trial : str or None
    need : TrialNeed or None
    weight_kg : float or None
        Median weight of the virtual patients, for doses per kg.
    """

    given: Product
    found: DonationYield
    trial: str | None
    need: TrialNeed | None
    weight_kg: float | None

    def tables(self) -> tuple[Table, ...]:
        """Return the stages of a donation, and the need of a trial, as tables of text."""
        found = self.found
        title = (
            f"{heading(self.given)}\nOne donation, {cells_text(found.primary_cells)} cells after"
            f" the first culture: {found.vials} vials in {found.lots} lots (range"
            f" {found.vials_low:.0f} to {found.vials_high:.0f} vials), {found.doublings:g}"
            f" doublings, {found.days:.0f} days of growth; {ALL_GROWN}"
        )
        rows = tuple(
            (one.id.replace("_", " "), f"{one.passage}", f"{one.doublings:g}",
             f"{one.vials_each}", f"{one.vials}", cells_text(one.cells_each))
            for one in found.stages
        )  # fmt: skip
        columns = ("stage", "passage", "doublings", "vials of each", "vials", "cells in a vial")
        stages = Table(title, columns, rows)
        return (stages,) if self.need is None else (stages, *self._needed(self.need))

    def document(self) -> dict[str, Any]:
        """Return the same as plain data."""
        return {
            **base_document(self.given),
            "assumption": ALL_GROWN,
            "donation": asdict(self.found),
            "trial": self.trial,
            "weight_kg": self.weight_kg,
            "need": None if self.need is None else asdict(self.need),
        }

    def _needed(self, need: TrialNeed) -> tuple[Table, ...]:
        title = (
            f"{self.trial}: {need.doses} doses, {need.vials} vials, {need.lots} lots,"
            f" {need.donors} {_donors(need.donors)} (range {need.donors_low} to"
            f" {need.donors_high}); doses up to the last visit, none of rules or scenarios"
        )
        rows = tuple(
            (arm.arm, f"{arm.patients}", f"{arm.doses}", cells_text(arm.dose_cell), f"{vials}",
             f"{doses}")
            for arm, vials, doses in zip(
                need.arms, need.vials_per_dose, need.doses_per_donation, strict=True
            )
        )  # fmt: skip
        columns = (
            "arm", "patients", "doses of each", "cells of a dose", "vials of a dose",
            "doses of a donation",
        )  # fmt: skip
        return (Table(title, columns, rows),)


def product_yield(name: str, trial: str | None = None) -> YieldPage:
    """Follow a donation to its vials, and count those that a trial needs.

    Parameters
    ----------
    name : str
        A product or lot.
    trial : str or None
        A trial file, or the name of a trial of the library.

    Raises
    ------
    InputError
        An unknown name, a product that does not report what is needed, or a trial that does not
        give it.
    """
    given = supply(name)
    found = donation_yield(given)
    if trial is None:
        return YieldPage(given, found, None, None, None)
    loaded = load_trial(trial)
    weight = next((p.value for p in loaded.model.parameters if p.id == "weight"), None)
    real = [arm for arm in loaded.protocol.arms if not arm.altered]
    arms = tuple(need for arm in real for need in _needs(arm, given, loaded, weight))
    if not arms:
        supplies = sorted({one.supply for arm in real for one in arm.interventions if one.supply})
        message = f"'{trial}' does not give '{given.id}'"
        expected = "one of " + ", ".join(supplies) if supplies else "a trial that gives cells"
        raise InputError(Issue(None, None, "--trial", message, expected))
    return YieldPage(given, found, trial, trial_need(given, arms, found), weight)


def _needs(arm: Arm, given: Product, trial: Trial, weight: float | None) -> list[ArmNeed]:
    """Return a row for each scheduled intervention of an arm that gives this product or lot."""
    last = trial.protocol.visits.last_week * DAYS_PER_WEEK
    size = trial.protocol.population.patients_per_arm
    return [
        ArmNeed(
            arm.id, size, sum(day <= last for day in one.days),
            one.dose_cell or (one.dose_cell_per_kg or 0.0) * (weight or 0.0),
        )
        for one in arm.interventions
        if given.id in (one.product, one.lot)
    ]  # fmt: skip


def _donors(number: int) -> str:
    return "donor" if number == 1 else "donors"
