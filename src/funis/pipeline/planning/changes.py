"""What would change a prediction most: one thing at a time, in the same virtual patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from funis.models.factors import NO_CELLS
from funis.pipeline.drugs import BACKGROUND, background_drugs, drug_inputs
from funis.pipeline.planning.following import followed_truth, in_threads
from funis.pipeline.planning.matching import settled
from funis.pipeline.planning.setting import PLACEBO, TREATED, Drugs
from funis.pipeline.reporting.endpoints import better, short_name
from funis.plan import Influence
from funis.plan.vocabulary import library_drugs
from funis.product import delivered_viability
from funis.protocol import Arm, FrozenMapping, Intervention, Structure, library_structures
from funis.trial import Enrolled
from funis.trial.study import products_of

if TYPE_CHECKING:
    from funis.pipeline.planning.predict import Prepared

Array = NDArray[np.float64]

PATIENTS = 24
"""Matches that every case is followed in."""

FORMS = ("dose_flat", "dose_emax", "dose_bell", "bistable_memory")
"""Forms of the model that stand beside the present one."""

POTENCY = (0.025, 0.975)
"""Ends of the posterior of the potency that are compared."""


NOTHING = 1e-6
"""Effects below it are the solver's error."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """The prediction with one thing changed.

    Attributes
    ----------
    factor : name of what is changed.
    end : what it is changed to, in words.
    who : patients at day 0; others than those of the plan where the change acts before it.
    """

    factor: str
    end: str
    treated: Arm
    placebo: Arm
    who: Enrolled
    factors: Mapping[str, float] = field(default_factory=dict)


def influences(ready: Prepared) -> tuple[Influence, ...]:
    """Return how far the effect at the primary week moves with each unknown, the most first.

    The effect is the mean true benefit in the main score against the same patients on placebo. The
    rest stands at the middle of the draws in which cells act, so that there is an effect to move.
    """
    if ready.score is None:
        return ()
    cases = [*_cases(ready)]
    effects = _effects(ready, cases)
    found = [
        _influence(ready, name, cases, effects)
        for name in dict.fromkeys(case.factor for case in cases[1:])
    ]
    return tuple(sorted(found, key=lambda one: -one.change))


def _cases(ready: Prepared) -> Iterator[Case]:
    """Return the prediction as it is, then with one thing changed at a time."""
    who = ready.matched.who.rows(np.arange(min(PATIENTS, len(ready.matched.who.patient))))
    protocol = ready.study.protocol
    base = Case("", "no change", protocol.arm(TREATED), protocol.arm(PLACEBO), who, _middle(ready))
    yield base
    yield from _potency(ready, base)
    yield from _hold(ready, base)
    yield from _dose(base)
    yield from _drugs(ready, base)
    yield from _severity(ready, base)
    yield from _structure(ready, base)


def _middle(ready: Prepared) -> dict[str, float]:
    """Return the middle of each factor among draws in which cells act."""
    if ready.points is None:
        return {NO_CELLS: 1.0}
    place = ready.points.names.index(NO_CELLS)
    acting = ready.points.factors[ready.points.factors[:, place] > 0]
    middle = np.median(acting if len(acting) else ready.points.factors, axis=0)
    return dict(zip(ready.points.names, middle.tolist(), strict=True))


def _potency(ready: Prepared, base: Case) -> Iterator[Case]:
    if ready.points is None:
        return
    factors = ready.points.factors[:, ready.points.names.index(NO_CELLS)]
    for share, value in zip(POTENCY, np.quantile(factors, POTENCY).tolist(), strict=True):
        end = f"{100 * share:g} % point of the posterior ({value:.2g} times the library's)"
        yield replace(
            base, factor="Potency of the cells", end=end, factors={**base.factors, NO_CELLS: value}
        )


def _hold(ready: Prepared, base: Case) -> Iterator[Case]:
    names = products_of(base.treated, ())
    products = [ready.study.products[name] for name in names]
    if not products:
        return
    last = min(product.viability[-1].hold_minute for product in products)
    for minute in (0.0, last) if last > 0 else ():
        viable = delivered_viability(products[0], minute)
        arm = _with_scenario(base.treated, viability=viable)
        end = f"{minute:g} minutes from thaw to vein ({100 * viable:.0f} % alive)"
        yield replace(base, factor="Hold time", end=end, treated=arm)


def _with_scenario(arm: Arm, **values: float) -> Arm:
    return replace(arm, scenario=FrozenMapping({**arm.scenario, **values}))


def _dose(base: Case) -> Iterator[Case]:
    for times, end in ((0.5, "half of it"), (2.0, "twice as many")):
        given = tuple(_scaled(one, times) for one in base.treated.interventions)
        arm = replace(base.treated, interventions=given)
        yield replace(base, factor="Number of cells", end=end, treated=arm)


def _scaled(one: Intervention, times: float) -> Intervention:
    if one.product is None:
        return one
    total, per_kg = one.dose_cell, one.dose_cell_per_kg
    return replace(
        one, dose_cell=None if total is None else total * times,
        dose_cell_per_kg=None if per_kg is None else per_kg * times,
    )  # fmt: skip


def _drugs(ready: Prepared, base: Case) -> Iterator[Case]:
    """Return the plan without each drug that is taken, and with each class that could be."""
    model, here = ready.study.model, ready.drugs
    entry = background_drugs(model)
    labels = {one.id: one.description for one in model.inputs}
    own = {one.drug for one in base.placebo.interventions} | {
        one.drug for one in base.treated.interventions
    }
    prescribed = library_drugs().classes
    for name in drug_inputs(model):
        taken = name in here.given
        if name in entry or name not in prescribed or (name in own and not taken):
            continue
        classes = tuple(c for c in here.given if c != name) if taken else (*here.given, name)
        changed = Drugs(here.entry, classes, ())
        who, _ = settled(ready.study, base.who.patient, changed)
        end = f"{'without' if taken else 'with'} {labels[name]}"
        yield replace(
            base, factor="Background drug", end=end, who=who,
            treated=_on(base.treated, changed), placebo=_on(base.placebo, changed),
        )  # fmt: skip


def _on(arm: Arm, drugs: Drugs) -> Arm:
    """Return an arm with other background drugs."""
    other = tuple(one for one in arm.interventions if not one.id.startswith(BACKGROUND))
    return replace(arm, interventions=(*drugs.interventions, *other))


def _severity(ready: Prepared, base: Case) -> Iterator[Case]:
    """Return the milder and the graver half of the matches, by the main score at day 0."""
    everybody = ready.matched.who
    assert ready.score is not None
    start = followed_truth(
        ready.study, everybody, np.zeros(len(everybody.patient), dtype=np.int64), {}, (0.0, 1.0),
        [ready.score],
    )[:, 0, 0]  # fmt: skip
    sign = 1.0 if better(ready.score, ready.study.model.endpoints) == "lower" else -1.0
    order = np.argsort(sign * start, kind="stable")
    half = len(order) // 2
    name = short_name(ready.score, ready.study.model.endpoints)
    for rows, word in ((order[:half], "milder"), (order[half:], "graver")):
        end = f"{word} half of the matches (mean {name} {np.nanmean(start[rows]):.3g})"
        yield replace(base, factor="Severity at the start", end=end, who=everybody.rows(rows))


def _structure(ready: Prepared, base: Case) -> Iterator[Case]:
    known = library_structures()
    taken = {name for one in base.treated.structures for name in one.parameters}
    for name in FORMS:
        one = known.get(name)
        if one is None or taken & set(one.parameters):
            continue
        who, _ = settled(ready.study, base.who.patient, ready.drugs, (one,))
        yield replace(
            base, factor="Form of the model", end=one.title, who=who,
            treated=_formed(base.treated, one), placebo=_formed(base.placebo, one),
        )  # fmt: skip


def _formed(arm: Arm, structure: Structure) -> Arm:
    return replace(arm, structures=(*arm.structures, structure))


def _effects(ready: Prepared, cases: Sequence[Case]) -> list[float]:
    """Return the mean benefit of each case at the primary week; all are solved together."""
    assert ready.score is not None
    arms = [_named(arm, 2 * k + n) for k, case in enumerate(cases)
            for n, arm in enumerate((case.placebo, case.treated))]  # fmt: skip
    protocol = ready.study.protocol
    success = (
        replace(protocol.success, arms=(arms[1].id,), reference=arms[0].id)
        if protocol.success
        else None
    )
    protocol = replace(protocol, arms=tuple(arms), rules=(), success=success)
    study = replace(ready.study, protocol=protocol)
    week = protocol.endpoints[0].week
    sign = -1.0 if better(ready.score, study.model.endpoints) == "lower" else 1.0
    score = ready.score

    def some(numbers: NDArray[np.int64]) -> list[float]:
        chosen = [cases[k] for k in numbers.tolist()]
        who = Enrolled.joined([case.who for case in chosen for _ in range(2)])
        sizes = [len(case.who.patient) for case in chosen]
        pairs = zip(numbers.tolist(), sizes, strict=True)
        arm_of = np.concatenate([np.repeat([2 * k, 2 * k + 1], n) for k, n in pairs])
        names = tuple(chosen[0].factors)
        rows = np.repeat([[case.factors[n] for n in names] for case in chosen],
                         [2 * n for n in sizes], axis=0)  # fmt: skip
        columns = dict(zip(names, rows.T, strict=True))
        found = followed_truth(study, who, arm_of, columns, (0.0, week), [score])[:, -1, 0]
        halves = np.split(found, np.cumsum([2 * n for n in sizes])[:-1])
        return [float(np.nanmean(sign * (h[len(h) // 2 :] - h[: len(h) // 2]))) for h in halves]

    return [one for part in in_threads(some, len(cases), ready.threads) for one in part]


def _named(arm: Arm, number: int) -> Arm:
    return replace(arm, id=f"case_{number}", reference=number == 0, control=None if
                   any(one.product for one in arm.interventions) else "placebo")  # fmt: skip


def _influence(
    ready: Prepared, name: str, cases: Sequence[Case], effects: Sequence[float]
) -> Influence:
    """Return the range of the effect over the ends of one factor, and over the plan itself."""
    assert ready.score is not None
    points = ready.study.model.endpoints
    mine = [0, *(k for k, case in enumerate(cases) if case.factor == name)]
    least, most = min(mine, key=lambda k: effects[k]), max(mine, key=lambda k: effects[k])
    unit = points.number(ready.score).unit
    week = ready.study.protocol.endpoints[0].week
    effects = [0.0 if abs(value) < NOTHING else value for value in effects]
    note = (
        f"benefit in {short_name(ready.score, points)} at week {week:g} against placebo,"
        f" {effects[0]:.2g} as planned"
    )
    return Influence(
        name, effects[most] - effects[least], unit, note, (cases[least].end, cases[most].end),
        effects[least], effects[most],
    )  # fmt: skip
