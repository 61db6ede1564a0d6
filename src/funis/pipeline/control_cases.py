"""Control arms of the evidence beside simulated ones, in the patients of the library's trials."""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.analysis import published_results
from funis.analysis.samples import SampleTable
from funis.cache import cache_key, cached, keep
from funis.calibrate.control import WEEKS_PER_YEAR, Case
from funis.calibrate.control_arms import ControlArm, control_arms
from funis.calibrate.control_file import ControlFile
from funis.calibrate.reconstruction_file import load_stand_ins
from funis.calibrate.tilt import tilt
from funis.checks import InputError, Issue, parse_expression
from funis.evidence import Evidence
from funis.models import Model
from funis.models.endpoints import Endpoints
from funis.pipeline.gate_trials import gate_trial, placebo_alone
from funis.pipeline.inputs import Trial, find_trial
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Processes, Progress, silent, worker_count
from funis.pipeline.straight_line import InBlocks
from funis.population import Pool
from funis.product import library_product, library_products
from funis.protocol import Criterion, EndpointRequest, Protocol, load_protocol
from funis.protocol.values import CriterionVisit
from funis.trial import Study, conduct

Array = NDArray[np.float64]

PATIENTS = 400
"""Virtual patients of a simulated control arm."""

SEED = 20260601
"""Seed of the virtual patients of control arms."""

VISITS: tuple[CriterionVisit, ...] = ("screening", "baseline")
"""Visits at which criteria are judged."""

LEAST_SPREAD = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedArm:
    """Numbers of each virtual patient of a control arm, not-a-number where left out.

    Attributes
    ----------
    values : key of a request -> (patient,); of a rate the events.
    years : key of a rate -> (patient,) time at risk.
    """

    values: dict[str, Array]
    years: dict[str, Array]

    def case(self, arm: ControlArm, endpoints: Endpoints) -> Case:
        """Return a control arm beside this one, weighted to what was printed at entry."""
        values = self.values[arm.request.key]
        entry = [self.values[_entry(name).key] for name, _ in arm.baseline]
        at_risk = self.years.get(arm.request.key)
        solved = np.isfinite(np.stack([values, *entry])).all(axis=0)
        moments = np.stack([one[solved] for one in entry], axis=1) if entry else None
        asked = np.array([value for _, value in arm.baseline])
        weights = _weights(int(solved.sum()), moments, asked)
        kept = values[solved]
        if at_risk is None:
            mean = float(weights @ kept)
            spread = float(np.sqrt(weights @ (kept - mean) ** 2))
        else:
            years = at_risk[solved]
            mean = float(weights @ kept / (weights @ years))
            rates = kept / np.maximum(years, 1 / WEEKS_PER_YEAR)
            spread = float(np.sqrt(weights @ (rates - mean) ** 2))
        low, high = recordable(arm.request, endpoints)
        patients = float(1 / np.sum(weights**2))
        return Case(arm, mean, max(spread, LEAST_SPREAD), patients, low, high)


def evidence_cases(
    model: Model, evidence: Evidence, file: ControlFile, *, patients: int = PATIENTS,
    workers: int | None = None, progress: Progress = silent,
) -> tuple[Case, ...]:  # fmt: skip
    """Return every control arm of the evidence on a disease beside a simulated one."""
    published, _ = published_results(evidence, model.endpoints)
    arms, _ = control_arms(published, evidence, file, load_stand_ins())
    alike: dict[tuple[str, tuple[str, ...]], list[ControlArm]] = {}
    for arm in arms:
        alike.setdefault((arm.template, arm.criteria), []).append(arm)
    found: dict[int, Case] = {}
    for (name, criteria), own in alike.items():
        trial = library_arm(model, name)
        protocol = with_criteria(trial.protocol, criteria, "control_arms.yaml")
        requests = requests_of(own)
        made = simulated_arm(trial, protocol, requests, patients, workers, progress)
        found |= {id(arm): made.case(arm, model.endpoints) for arm in own}
    return tuple(found[id(arm)] for arm in arms)


def library_arm(model: Model, name: str) -> Trial:
    """Return a trial of the library in whose patients arms of a disease are judged.

    As `gate_trial`, without reading the model again.

    Raises
    ------
    InputError
        No such trial, or one of another disease.
    """
    path = find_trial(name)
    protocol = load_protocol(path)
    if protocol.disease != model.id or all(arm.control != "placebo" for arm in protocol.arms):
        return gate_trial(model, name)  # it says what is wrong
    products = {one: library_product(one) for one in library_products()}
    return Trial(name, f"library/trials/{path.name}", protocol, model, products)


def with_criteria(protocol: Protocol, texts: Sequence[str], where: str) -> Protocol:
    """Return a protocol with some more entry criteria, judged at screening and at baseline.

    Raises
    ------
    InputError
        A text that is no expression.
    """
    more = tuple(
        Criterion(f"added_{place}", parse_expression(text, key=where), VISITS, where)
        for place, text in enumerate(texts, len(protocol.population.criteria) + 1)
    )
    population = protocol.population
    return replace(protocol, population=replace(population, criteria=(*population.criteria, *more)))


def requests_of(arms: Sequence[ControlArm]) -> tuple[EndpointRequest, ...]:
    """Return what has to be simulated for some arms, entry included, each once."""
    asked = [arm.request for arm in arms]
    asked += [_entry(name) for arm in arms for name, _ in arm.baseline]
    return tuple({request.key: request for request in asked}.values())


def simulated_arm(
    trial: Trial, protocol: Protocol, requests: Sequence[EndpointRequest], patients: int = PATIENTS,
    workers: int | None = None, progress: Progress = silent,
) -> SimulatedArm:  # fmt: skip
    """Return the placebo arm of a trial with many patients, from the cache if it is there."""
    weeks = {request.week for request in requests} | {protocol.primary[0].week}
    alone = placebo_alone(protocol, sorted(weeks))
    keys = sorted(request.key for request in requests)
    words = (code_key(), trial.model.hash, alone.hash, str(patients), str(SEED), *keys)
    key = cache_key(*words)
    stored = cached("control", key)
    if stored is not None:
        return from_bytes(stored)
    made = _conducted(trial, alone, requests, patients, workers, progress)
    keep("control", key, to_bytes(made))
    return made


@functools.cache
def code_key() -> str:
    """Return a hash of the program itself: what another one made is not taken."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _conducted(
    trial: Trial, protocol: Protocol, requests: Sequence[EndpointRequest], patients: int,
    workers: int | None, progress: Progress,
) -> SimulatedArm:  # fmt: skip
    model = trial.model
    pool = trial_pool(model, workers=worker_count(workers), progress=progress)
    pool = eligible(pool, protocol, model)
    study = Study(protocol, model, pool, trial.products, patients, SEED)
    with Processes(study, worker_count(workers)) as processes:
        data = conduct(study, InBlocks(processes, progress))
    table = SampleTable(data, model.endpoints, protocol.estimand)
    arm = protocol.arms[0].id
    values, years = {}, {}
    for request in requests:
        sample = table.samples(request, [arm])[arm]
        values[request.key] = sample.values
        if sample.years is not None:
            years[request.key] = sample.years
    return SimulatedArm(values, years)


def eligible(pool: Pool, protocol: Protocol, model: Model) -> Pool:
    """Return the patients of a pool who meet the criteria that need no observation.

    Candidates are drawn from a pool until one meets all criteria; to leave out those who cannot
    changes nothing but the number of candidates seen.

    Raises
    ------
    InputError
        Nobody meets them.
    """
    fixed = protocol.shared_parameters
    columns = {
        column: np.full(len(pool), fixed[name])
        if name in fixed
        else pool.values[:, pool.names.index(name)]
        for name, column in model.covariates.items()
    }
    keep = np.ones(len(pool), dtype=np.bool_)
    for criterion in protocol.population.criteria:
        if criterion.expression.names <= set(columns):
            keep &= np.asarray(criterion.expression.evaluate(columns), dtype=np.bool_)
    if not keep.any():
        texts = [one.expression.text for one in protocol.population.criteria]
        words = f"no virtual patient meets '{'; '.join(texts)}'"
        expected = "criteria that the patients of the disease can meet"
        raise InputError(Issue(None, None, "criteria", words, expected))
    weights = pool.weights[keep] / pool.weights[keep].sum()
    return replace(pool, index=pool.index[keep], values=pool.values[keep], weights=weights)


def recordable(request: EndpointRequest, endpoints: Endpoints) -> tuple[float, float]:
    """Return what can be recorded of a number: of a change the range both ways, events upwards."""
    if request.measure == "responder":
        return 0.0, 1.0
    if request.measure == "rate":
        return 0.0, float("inf")
    item = endpoints.number(request.endpoint)
    low, high = float(item.low), float(item.high)
    if request.measure == "value":
        return low, high
    return (0.0 if request.endpoint in endpoints.event_counts else low - high), high - low


def _entry(name: str) -> EndpointRequest:
    return EndpointRequest(name, 0.0, "value", "exploratory")


def _weights(patients: int, moments: Array | None, asked: Array) -> Array:
    """Return weights of patients: equal, or those that give the means at entry."""
    if moments is None:
        return np.full(patients, 1 / patients)
    return tilt(moments, asked).weights


def to_bytes(made: SimulatedArm) -> bytes:
    """Return a simulated arm as an entry of the cache."""
    buffer = io.BytesIO()
    columns = {f"v {key}": values for key, values in made.values.items()}
    columns |= {f"y {key}": years for key, years in made.years.items()}
    names = np.array(list(columns))
    np.savez(buffer, names=names, values=np.stack(list(columns.values())), allow_pickle=False)
    return buffer.getvalue()


def from_bytes(stored: bytes) -> SimulatedArm:
    """Return what `to_bytes` made an entry of."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as file:
        columns = dict(zip(file["names"].tolist(), file["values"], strict=True))
    return SimulatedArm(
        {name[2:]: column for name, column in columns.items() if name.startswith("v ")},
        {name[2:]: column for name, column in columns.items() if name.startswith("y ")},
    )
