"""A small disease with a known answer: two fold states, a cell state and an accumulator."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

from funis.checks import parse_expression
from funis.models.endpoints import Component, Endpoints, Score
from funis.models.schema import Distribution, Target
from funis.population.gate import Door

SOURCE = "made up for this test"


@dataclass(frozen=True)
class Parameter:
    id: str
    value: float
    distribution: Distribution | None = None


@dataclass(frozen=True)
class Form:
    states: tuple[str, ...] = ("A", "B", "CELLS", "EROSION")
    outputs: tuple[str, ...] = ("A", "B", "CELLS", "EROSION", "activity", "twice_rate")


@dataclass(frozen=True)
class Disease:
    """dA/dt = rate (gain B - A + 1 - gain), dB/dt = rate (A - B).

    The eigenvalues are -rate (1 - sqrt gain) and -rate (1 + sqrt gain).
    """

    parameters: tuple[Parameter, ...]
    correlations: tuple[tuple[str, str, float], ...] = ()
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    course: str = "steady"
    id: str = "toy"
    hash: str = "toy hash"
    accumulators: tuple[str, ...] = ("EROSION",)
    form: Form = field(default_factory=Form)

    @property
    def endpoints(self):
        return ENDPOINTS

    def but(self, **changes):
        return replace(self, **changes)


def column(table, name, default):
    known = name in table.names
    return (
        table.values[:, table.names.index(name)] if known else np.full(len(table.values), default)
    )


def matrices(table):
    rate, gain = column(table, "rate", 0.1), column(table, "gain", 0.25)
    matrix = np.zeros((len(rate), 4, 4))
    matrix[:, 0, 0] = matrix[:, 1, 1] = -rate
    matrix[:, 0, 1] = rate * gain
    matrix[:, 1, 0] = rate
    matrix[:, 0, 2] = -rate
    matrix[:, 2, 2] = 5.0
    matrix[:, 3, 3] = 9.0
    return matrix


def untreated(model, table):
    return np.tile([1.0, 1.0, 0.0, 3.0], (len(table.values), 1))


def observe(model, table, states, outputs):
    known = {name: states[..., place] for place, name in enumerate(model.form.states)}
    known["activity"] = column(table, "level", 0.5)[:, None].reshape(-1) * known["A"]
    known["twice_rate"] = 2 * column(table, "rate", 0.1)
    return np.stack([known[name] for name in outputs], axis=-1)


def simulate(model, table, doses, times, *, start, outputs):
    from scipy.linalg import expm

    assert len(doses) == 0
    assert start.minute == 0
    values = np.empty((len(table.values), len(times), len(outputs)))
    rest = untreated(model, table)
    for place, minute in enumerate(times):
        step = expm(matrices(table)[:, :2, :2] * minute / 1440)
        moved = rest.copy()
        drift = column(table, "drift", 0.0)[:, None] * minute / 1440
        moved[:, :2] += np.einsum("nij,nj->ni", step, (start.states - rest)[:, :2]) + drift
        values[:, place] = observe(model, table, moved, outputs)
    failed = column(table, "breaks", 0.0) > 0
    values[failed] = np.nan
    return SimpleNamespace(values=values, failed=failed)


def jacobian(model, table, state):
    return matrices(table)


ENDPOINTS = Endpoints(
    components=(
        Component(
            id="joints", name="joint count", unit="joints", observable="activity", gain=100.0,
            scale="linear", low=0.0, high=100.0, noise_sd=1.0, shared_noise=0.0, expectation=0.0,
            inflation=0.0, reporter="patient", rounding=None, latent_of=None,
            minimal_important_difference=None, status="assumed", source=SOURCE, where=None,
            note=None, line=None,
        ),
    ),
    scores=(
        Score(
            id="INDEX", name="index", unit="score", expression=parse_expression("joints + 10"),
            low=10.0, high=110.0, better="lower", minimal_important_difference=None,
            source=SOURCE, where=None, note=None,
        ),
    ),
    responders=(), categories=(), structural=(), not_testable=(), evidence_names=(),
    order=("INDEX",),
)  # fmt: skip


@pytest.fixture
def toy():
    """The disease with its parameters; `but` changes it."""
    return Disease(
        parameters=(
            Parameter("rate", 0.1, Distribution(kind="lognormal", sd=0.3)),
            Parameter("gain", 0.25, Distribution(kind="logitnormal", sd=0.5)),
            Parameter("level", 0.5, Distribution(kind="normal", sd=0.1, low=0.1, high=0.9)),
            Parameter("weight", 70.0, Distribution(kind="lognormal", sd=0.2)),
            Parameter("female", 0.8, Distribution(kind="bernoulli")),
            Parameter("constant", 7.0),
        )
    )


@pytest.fixture
def door():
    """The solver of the toy disease, by matrix exponentials."""
    return Door(simulate, jacobian, untreated, observe)


@pytest.fixture
def parameter():
    """Make a parameter: id, value, and what its distribution says."""

    def make(name, value, **distribution):
        return Parameter(name, value, Distribution(**distribution) if distribution else None)

    return make


@pytest.fixture
def disease():
    """Make a disease of some parameters."""
    return Disease


@pytest.fixture
def target():
    """Make a target of the pool."""

    def make(name, mean, sd=None):
        return Target(name=name, mean=mean, sd=sd, source=SOURCE)

    return make
