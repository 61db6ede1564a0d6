"""Sensitivity analyses: another method, or another idea of what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.analysis.imputation import (
    IMPUTATIONS,
    Incomplete,
    imputed,
    imputed_by_reference,
    imputed_responses,
    pooled,
)
from funis.analysis.intervals import CONFIDENCE, Interval
from funis.analysis.methods import METHODS, ReplicateSample
from funis.analysis.outcomes import baseline, method_of, outcomes, text_of
from funis.analysis.results import Contrast, SensitivityResult
from funis.analysis.samples import SampleTable
from funis.protocol import EndpointRequest, Estimand, FrozenMapping, Protocol, Sensitivity, Strategy

Floats = NDArray[np.float64]

_WORDS: Mapping[str, str] = {
    "observed": "missing as in the main analysis",
    "nonresponder": "missing and after discontinuation: a failure",
    "multiple_imputation": "missing at random, multiple imputation within the arm",
    "jump_to_reference": "multiple imputation as if patients had jumped to the reference",
    "delta": "multiple imputation within the arm, imputed values of the arm shifted",
}


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One sensitivity analysis of one endpoint."""

    one: Sensitivity
    request: EndpointRequest
    table: SampleTable
    arms: Sequence[str]
    reference: str
    seed: int


def sensitivity_results(
    protocol: Protocol, table: SampleTable, arms: Sequence[str]
) -> tuple[SensitivityResult, ...]:
    """Return the sensitivity analyses that a protocol declares, by arm."""
    if protocol.reference is None or not protocol.sensitivity:
        return ()
    found: list[SensitivityResult] = []
    for one in protocol.sensitivity:
        request = _request(protocol.endpoints, one)
        own = _own_table(table, one)
        asked = _Asked(one, request, own, arms, protocol.reference.id, protocol.seed)
        others = [arm for arm in arms if arm != protocol.reference.id]
        found += [_result(asked, arm) for arm in others]
    return tuple(found)


def _request(requests: Sequence[EndpointRequest], one: Sensitivity) -> EndpointRequest:
    named = [r for r in requests if (r.endpoint, r.week) == (one.endpoint, one.week)]
    return named[0] if one.method is None else replace(named[0], method=one.method)


def _own_table(table: SampleTable, one: Sensitivity) -> SampleTable:
    """Return the table with what is missing as this analysis sees it."""
    if one.missing == "observed":
        return table
    strategy: Strategy = "composite" if one.missing == "nonresponder" else "hypothetical"
    events: dict[str, Strategy] = {**table.estimand.intercurrent_events}
    numbers: dict[str, Strategy] = {**table.estimand.continuous_events}
    events["discontinuation"], numbers["discontinuation"] = strategy, "hypothetical"
    estimand: Estimand = replace(
        table.estimand,
        intercurrent_events=FrozenMapping(events),
        continuous_events=FrozenMapping(numbers),
    )
    return table.under(estimand)


def _result(asked: _Asked, arm: str) -> SensitivityResult:
    if asked.one.missing in ("observed", "nonresponder"):
        compared = outcomes(asked.table, asked.request, asked.arms)
        found = METHODS[method_of(asked.request)].compare(
            compared[arm], compared[asked.reference], CONFIDENCE
        )
        estimate, low, high, p_value = found.row(0)
        contrast = _contrast(asked, arm, Interval(estimate, low, high), p_value, compared)
        return SensitivityResult(contrast, asked.one.missing)
    if asked.one.missing == "delta" and asked.one.delta is None:
        return _tipping(asked, arm)
    return _imputed(asked, arm, asked.one.delta or 0.0)


def _imputed(asked: _Asked, arm: str, delta: float) -> SensitivityResult:
    interval, p_value, compared = _pooled(asked, arm)(delta)
    contrast = _contrast(asked, arm, interval, p_value, compared)
    shown = delta if asked.one.missing == "delta" else None
    return SensitivityResult(contrast, asked.one.missing, shown)


def _tipping(asked: _Asked, arm: str) -> SensitivityResult:
    """Search the smallest shift against the arm at which the interval holds no effect."""
    pool = _pooled(asked, arm)
    interval, p_value, compared = pool(0.0)
    contrast = _contrast(asked, arm, interval, p_value, compared)
    if interval.low <= 0 <= interval.high:
        return SensitivityResult(contrast, "delta", 0.0, 0.0)
    side = -1.0 if interval.estimate > 0 else 1.0

    def tipped(shift: float) -> bool:
        found = pool(side * shift)[0]
        return found.low <= 0 if side < 0 else found.high >= 0

    far = 1.0 if asked.request.measure == "responder" else 64 * abs(interval.estimate)
    if not tipped(far):
        return SensitivityResult(contrast, "delta", 0.0, None)
    near = 0.0
    for _ in range(20):
        middle = (near + far) / 2
        near, far = (near, middle) if tipped(middle) else (middle, far)
    return SensitivityResult(contrast, "delta", 0.0, side * far)


_Pool = Callable[[float], tuple[Interval, float, dict[str, ReplicateSample]]]


def _pooled(asked: _Asked, arm: str) -> _Pool:
    """Impute both arms, and return the pooled contrast as a function of the shift of the arm."""
    responder = asked.request.measure == "responder"
    both = (_responses if responder else _numbers)(asked, arm)
    method = "newcombe" if responder else method_of(asked.request)

    def pool(delta: float) -> tuple[Interval, float, dict[str, ReplicateSample]]:
        own = both.sample(delta)
        found = METHODS[method].compare(own, both.other, CONFIDENCE)
        n = own.values.shape[1] + both.other.values.shape[1]
        freedom = math.inf if responder else float(n - (3 if method == "ancova" else 2))
        interval, p_value = pooled(found.estimate, found.error, freedom, CONFIDENCE)
        return interval, p_value, {arm: own, asked.reference: both.other}

    return pool


@dataclass(frozen=True, slots=True, eq=False)
class _Imputed:
    """Imputed values of an arm, which of them were missing, and the imputed reference."""

    values: Floats
    missing: NDArray[np.bool_]
    baseline: Floats | None
    other: ReplicateSample
    chance: Floats | None = None

    def sample(self, delta: float) -> ReplicateSample:
        """Return the arm with its imputed values shifted."""
        if self.chance is None:
            values = self.values + delta * self.missing
        else:
            lost = self.missing & (self.chance < -delta) & (self.values == 1)
            won = self.missing & (self.chance < delta) & (self.values == 0)
            values = np.where(lost, 0.0, np.where(won, 1.0, self.values))
        start = None if self.baseline is None else np.broadcast_to(self.baseline, values.shape)
        return ReplicateSample(values, start)


def _numbers(asked: _Asked, arm: str) -> _Imputed:
    visits = replace(asked.request, method="mmrm")
    compared = outcomes(asked.table, visits, asked.arms)
    start = baseline(asked.table, asked.request.endpoint)
    owner = asked.table.subjects["arm"].to_numpy()
    both = [
        Incomplete(name, start[owner == name], compared[name].visits[0])  # type: ignore[index]
        for name in (arm, asked.reference)
    ]
    own, reference = both
    filled = (
        imputed_by_reference(own, reference, asked.seed)
        if asked.one.missing == "jump_to_reference"
        else imputed(own, asked.seed)
    )
    other = imputed(reference, asked.seed)[:, :, -1]
    covariate = method_of(asked.request) == "ancova"
    beside = np.broadcast_to(reference.baseline, other.shape) if covariate else None
    return _Imputed(
        filled[:, :, -1],
        np.isnan(own.visits[:, -1]),
        own.baseline if covariate else None,
        ReplicateSample(other, beside),
    )


def _responses(asked: _Asked, arm: str) -> _Imputed:
    """Impute responses by the last status seen."""
    request, table = replace(asked.request, method=None), asked.table
    seen = {name: table.responses(request, name) for name in (arm, asked.reference)}
    model = asked.reference if asked.one.missing == "jump_to_reference" else arm

    def fill(name: str, by: str) -> Floats:
        last, values = seen[name]
        known = {"last_seen": seen[by][0], "values": seen[by][1]}
        return imputed_responses(last, values, known, asked.seed, f"{name} by {by}")

    own = fill(arm, model)
    stream = np.random.Generator(np.random.Philox(np.random.SeedSequence([asked.seed, 7])))
    return _Imputed(
        own,
        np.isnan(seen[arm][1]),
        None,
        ReplicateSample(fill(asked.reference, asked.reference)),
        stream.random(own.shape),
    )


def _contrast(
    asked: _Asked,
    arm: str,
    interval: Interval,
    p_value: float,
    compared: Mapping[str, ReplicateSample],
) -> Contrast:
    one, request = asked.one, asked.request
    imputing = one.missing in ("multiple_imputation", "jump_to_reference", "delta")
    how = text_of(request)
    if imputing:
        how = "difference of proportions" if request.measure == "responder" else how
        how += f"; {IMPUTATIONS} imputations pooled by Rubin's rules"
    counts = [int(np.sum(~np.isnan(compared[x].values[0]))) for x in (arm, asked.reference)]
    return Contrast(
        arm=arm,
        reference=asked.reference,
        endpoint=request.key,
        week=request.week,
        measure=request.summary,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        n_arm=counts[0],
        n_reference=counts[1],
        method=f"{how}; {_WORDS[one.missing]}",
        p_value=None if math.isnan(p_value) else p_value,
    )
