"""Type I error and cover of every offered method, with the error of the simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funis.analysis.intervals import Interval, wilson
from funis.analysis.invented import Scenario, scenarios
from funis.analysis.methods import METHODS, ReplicateSample
from funis.analysis.replicates import contrast
from funis.protocol import DEFAULT_METHOD, METHOD_USES, RATIOS

ALPHA = 0.05
Floats = NDArray[np.float64]
SizeVerdict = Literal["holds", "conservative", "liberal"]


@dataclass(frozen=True, slots=True)
class SizeRow:
    """What was found of a method in one scenario.

    Attributes
    ----------
    test
        Share of trials with p of at most ``ALPHA``, with the interval of the simulation: type I
        error without an effect, else power.
    decision
        Share of trials whose interval leaves out no effect: the success rule of a trial.
    cover
        Share of intervals that hold the truth.
    """

    scenario: Scenario
    test: Interval
    decision: Interval
    cover: Interval
    replicates: int

    @property
    def limit(self) -> float:
        """Nominal size and two standard errors of the simulation."""
        return ALPHA + 2 * float(np.sqrt(ALPHA * (1 - ALPHA) / self.replicates))

    @property
    def verdict(self) -> SizeVerdict:
        """Whether the larger of both errors is within the limit, or both lie far below."""
        worst = max(self.test.estimate, self.decision.estimate)
        if worst > self.limit:
            return "liberal"
        return "conservative" if worst < 2 * ALPHA - self.limit else "holds"


def size_rows(
    replicates: int, seed: int, methods: tuple[str, ...] | None = None
) -> tuple[SizeRow, ...]:
    """Try methods on invented trials.

    Parameters
    ----------
    replicates
        Trials of each scenario.
    seed
        Of the trials.
    methods
        All when None.
    """
    chosen = tuple(METHODS) if methods is None else methods
    return tuple(_row(one, replicates, seed) for one in scenarios() if one.method in chosen)


def _row(scenario: Scenario, replicates: int, seed: int) -> SizeRow:
    arm, reference = scenario.trials(replicates, seed)
    found = contrast(scenario.method, arm, reference, confidence=1 - ALPHA)
    null = scenario.truth if scenario.null else _null(scenario)
    outside = (found.low > null) | (found.high < null)
    held = (found.low <= scenario.truth) & (found.high >= scenario.truth)
    held = held | np.isnan(found.low) | np.isnan(found.high)
    decided = _decided(scenario.method, found.p, outside)
    shares = [wilson(int(np.sum(x)), replicates) for x in (found.p <= ALPHA, decided, held)]
    return SizeRow(scenario, shares[0], shares[1], shares[2], replicates)


def _decided(method: str, p: Floats, outside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the success rule finds an effect: by the interval, and by a test that is named."""
    if method in DEFAULT_METHOD.values():
        return outside
    return outside & (p <= ALPHA)


def _null(scenario: Scenario) -> float:
    return 1.0 if METHOD_USES[scenario.method][1] in RATIOS else 0.0


@dataclass(frozen=True, slots=True)
class ExactSize:
    """Type I error of a method for responses, added up over all possible trials.

    ``largest`` over the response rates of 1 to 99 %, with the rate where it stands, and ``mean``
    over them.
    """

    method: str
    n: int
    n_reference: int
    largest: float
    at: float
    mean: float


def exact_sizes(
    sizes: tuple[tuple[int, int], ...] = ((20, 20), (20, 40), (50, 50), (100, 100)),
    methods: tuple[str, ...] = ("newcombe", "miettinen_nurminen", "chi_square", "fisher"),
) -> tuple[ExactSize, ...]:
    """Return the type I error of the decision and the test, whichever errs more, without chance."""
    return tuple(_exact(method, n, m) for method in methods for n, m in sizes)


def _exact(method: str, n: int, m: int) -> ExactSize:
    from scipy.stats import binom

    first, second = (grid.ravel() for grid in np.meshgrid(np.arange(n + 1), np.arange(m + 1)))
    arm, reference = _with_events(first, n), _with_events(second, m)
    found = contrast(method, arm, reference, confidence=1 - ALPHA)
    decided = _decided(method, found.p, (found.low > 0) | (found.high < 0))
    refused = (found.p <= ALPHA) | decided
    shares = np.arange(1, 100) / 100
    errors = [
        float((binom.pmf(first, n, p) * binom.pmf(second, m, p))[refused].sum()) for p in shares
    ]
    worst = int(np.argmax(errors))
    return ExactSize(method, n, m, errors[worst], float(shares[worst]), float(np.mean(errors)))


def _with_events(events: NDArray[np.int64], n: int) -> ReplicateSample:
    return ReplicateSample((np.arange(n)[None, :] < events[:, None]).astype(float))
