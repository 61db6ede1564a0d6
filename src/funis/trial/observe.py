"""What is written down at a visit: the truth through the four observation layers, or by chance.

On the scale of a component: expectation of the patient (saturating, no decay), inflation of entry
scores by the assessor, and noise, part of it common to a visit. Regression to the mean needs no
layer: it follows from fluctuating disease, noise and selection. Descriptors, events and counts come
from the patient's own luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.models.endpoints import Component, Structural, from_scale, to_scale
from funis.population import normal, site_effect
from funis.trial.occur import counted, events, present, thresholds
from funis.trial.study import MINUTES_PER_DAY

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

OBSERVING = ("expectation", "expectation_time", "expectation_site", "inflation")
"""Parameters of a patient that say how he is observed."""


@dataclass(frozen=True, slots=True)
class Observers:
    """Who is observed: keys of the patients and how they and their site report.

    Attributes
    ----------
    patient, attempt : (patient,) keys of the noise.
    expectation : (patient,) size of the expectation, site included.
    inflation : (patient,) size of the entry inflation.
    rise_day : (patient,) time constant of the expectation [day].
    """

    seed: int
    patient: Integers
    attempt: Integers
    expectation: Array
    inflation: Array
    rise_day: Array

    def rows(self, index: Integers) -> Observers:
        """Return some patients."""
        return Observers(
            self.seed,
            self.patient[index],
            self.attempt[index],
            self.expectation[index],
            self.inflation[index],
            self.rise_day[index],
        )


def observers(
    seed: int, patient: Integers, attempt: Integers, site: Integers, parameters: Mapping[str, Array]
) -> Observers:
    """Return how patients are observed.

    Parameters
    ----------
    parameters : values of each patient, of which `OBSERVING` are used.
    """
    luck = site_effect(seed, site, "expectation")
    size = parameters["expectation"] * np.maximum(1 + parameters["expectation_site"] * luck, 0)
    return Observers(
        seed, patient, attempt, size, parameters["inflation"], parameters["expectation_time"]
    )


def observables(model: Model) -> tuple[str, ...]:
    """Return the outputs that the components and structural endpoints of a disease look at."""
    items: tuple[Component | Structural, ...] = (
        *model.endpoints.components,
        *model.endpoints.structural,
    )
    return tuple(dict.fromkeys(item.observable for item in items))


def observe(
    model: Model,
    who: Observers,
    truth: Mapping[str, Array],
    minute: int,
    *,
    entry: bool,
    told: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """Return what is written down at one visit.

    Parameters
    ----------
    truth : observable -> (patient,) at the visit, not-a-number where the patient was not solved.
    minute : of the visit, relative to randomisation.
    entry : whether the visit decides on entry (screening, baseline).
    told : component -> (patient,) further expectation of who knows or guesses what he is given.

    Returns
    -------
    dict
        Component or structural endpoint -> (patient,).
    """
    day = max(minute, 0) / MINUTES_PER_DAY
    hope = who.expectation * -np.expm1(-day / who.rise_day)
    luck = _luck(model.endpoints.components, who, minute)
    further = told or {}
    seen: dict[str, Array] = {}
    for component in model.endpoints.components:
        hoped = hope + further[component.id] if component.id in further else hope
        true = component.gain * truth[component.observable]
        if component.scale == "events":
            found = events(component, true, who.seed, who.patient, who.attempt)
        elif component.scale == "count":
            found = counted(component, true, who.seed, who.patient, who.attempt, minute)
        elif component.scale == "presence":
            shift = _layered(np.zeros(len(true)), component, who, hoped, luck, entry)
            found = present(true, shift, luck.thresholds[component.luck_of])
        else:
            scaled = _layered(to_scale(component, true), component, who, hoped, luck, entry)
            found = from_scale(component, scaled)
        seen[component.id] = found
    for item in model.endpoints.structural:
        seen[item.id] = truth[item.observable]
    return seen


@dataclass(frozen=True, slots=True, eq=False)
class _Luck:
    """What chance adds at one visit, (patient,) each: by component, and common to the visit."""

    apart: Mapping[str, Array]
    together: Array
    thresholds: Mapping[str, Array]


def _luck(components: Sequence[Component], who: Observers, minute: int) -> _Luck:
    """Draw for all components at once: each draw has a fixed cost, and no key changes by it."""
    noisy = sorted({item.luck_of for item in components if item.noise_sd})
    column = np.array(noisy, dtype=np.str_)[:, None]
    apart = normal(who.seed, "noise", who.patient, minute, column, who.attempt)
    return _Luck(
        dict(zip(noisy, apart, strict=True)),
        normal(who.seed, "noise of the visit", who.patient, minute, who.attempt),
        thresholds(components, who.seed, who.patient, who.attempt),
    )


def _layered(
    scaled: Array, component: Component, who: Observers, hope: Array, luck: _Luck, entry: bool
) -> Array:
    """Return a value on its scale with expectation, entry inflation and noise."""
    scaled = scaled - component.expectation * hope
    if entry:
        scaled = scaled + component.inflation * who.inflation
    if component.noise_sd == 0:
        return scaled
    noise, share = luck.apart[component.luck_of], component.shared_noise
    if share:
        noise = np.sqrt(share) * luck.together + np.sqrt(1 - share) * noise
    return scaled + component.noise_sd * noise
