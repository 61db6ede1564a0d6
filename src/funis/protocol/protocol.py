"""The whole protocol: a frozen value whose hash is the hash of its meaning."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from funis.checks import Expression, IssueList
from funis.protocol.analyses import Sensitivity
from funis.protocol.check import (
    check_arms,
    check_criteria,
    check_dropout,
    check_endpoints,
    check_rules,
    check_success,
    check_visits,
)
from funis.protocol.check_analyses import check_methods, check_multiplicity, check_sensitivity
from funis.protocol.design_check import (
    check_crossover,
    check_design,
    check_missing,
    check_period_methods,
    check_period_rules,
)
from funis.protocol.designs import Crossover, Design, Missing, sequence_arms
from funis.protocol.interim import Interim, check_interim
from funis.protocol.lines import Lines
from funis.protocol.structures import check_structures, structure_parameters
from funis.protocol.values import (
    LATE,
    Arm,
    Dropout,
    EndpointRequest,
    Estimand,
    FrozenMapping,
    Population,
    Rule,
    Structure,
    Success,
    Visits,
)


@dataclass(frozen=True, slots=True)
class Protocol:
    """A trial as it is declared: arms, visits, endpoints, decision rule, seed.

    ``hash`` is the SHA-256 of everything that has a meaning; comments, key order and the place
    of the file do not change it. It follows ``dataclasses.replace``.
    """

    id: str
    title: str
    disease: str
    seed: int
    population: Population
    arms: tuple[Arm, ...]
    visits: Visits
    endpoints: tuple[EndpointRequest, ...]
    estimand: Estimand
    success: Success | None
    dropout: Dropout
    rules: tuple[Rule, ...] = ()
    scenario: FrozenMapping[float] = field(default_factory=FrozenMapping)
    structures: tuple[Structure, ...] = ()
    source: str | None = None
    design: Design | None = field(default=None, metadata=LATE)
    missing: tuple[Missing, ...] = field(default=(), metadata=LATE)
    sensitivity: tuple[Sensitivity, ...] = field(default=(), metadata=LATE)
    interim: Interim | None = field(default=None, metadata={"late": True})
    where: Lines = field(default_factory=Lines, compare=False, repr=False)
    hash: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Check the protocol by itself and hash it."""
        check_protocol(self).raise_errors()
        object.__setattr__(self, "hash", content_hash(self))

    @property
    def file(self) -> str | None:
        """File the protocol was read from."""
        return self.where.file

    @property
    def reference(self) -> Arm | None:
        """Arm that the others are compared with."""
        return next((arm for arm in self.arms if arm.reference), None)

    @property
    def primary(self) -> tuple[EndpointRequest, ...]:
        """Primary endpoints."""
        return tuple(request for request in self.endpoints if request.role == "primary")

    @property
    def crossover(self) -> Crossover | None:
        """Periods and sequences, None where every patient has one arm."""
        return None if self.design is None else self.design.crossover

    @property
    def conducted(self) -> tuple[Arm, ...]:
        """What patients are randomised to: the sequences of a crossover, else the arms."""
        turns = self.crossover
        return self.arms if turns is None else sequence_arms(self.arms, turns)

    @property
    def plan_hash(self) -> str:
        """Hash of what was fixed before the first patient: estimand, endpoints, success rule."""
        names = {"estimand", "endpoints", "success", "missing", "interim", "sensitivity"}
        fixed = {f.name for f in dataclasses.fields(self)} & names
        chosen = {name: getattr(self, name) for name in fixed}
        return content_hash({name: value for name, value in chosen.items() if value})

    def arm(self, arm_id: str) -> Arm:
        """Arm by its id.

        Raises
        ------
        KeyError
            If no arm has this id.
        """
        for arm in self.arms:
            if arm.id == arm_id:
                return arm
        raise KeyError(arm_id)

    @property
    def shared_parameters(self) -> dict[str, float]:
        """Model parameters replaced in every patient: by structures, then by the scenario."""
        return {**structure_parameters(self.structures), **self.scenario}

    def parameters_of(self, arm_id: str) -> dict[str, float]:
        """Model parameters replaced in an arm.

        Structures of the trial come first, then those of the arm, then the scenarios of both;
        what comes later replaces what came before.
        """
        arm = self.arm(arm_id)
        chosen = structure_parameters((*self.structures, *arm.structures))
        return {**chosen, **self.scenario, **arm.scenario}


def check_protocol(protocol: Protocol) -> IssueList:
    """Everything that can be wrong with a protocol by itself, without a model or a product."""
    where, arms, visits = protocol.where, protocol.arms, protocol.visits
    design, turns = protocol.design, protocol.crossover
    compared = design is None or design.kind != "dose_escalation"
    size = protocol.population.patients_per_arm * len(turns.sequences if turns else arms)
    return (
        check_criteria(protocol.population, where)
        + check_arms(arms, where, compared=compared)
        + check_visits(visits, where)
        + check_endpoints(protocol.endpoints, visits, where)
        + check_rules(protocol.rules, arms, visits, where)
        + check_success(protocol.success, arms, protocol.endpoints, where, compared=compared)
        + check_methods(protocol.endpoints, where)
        + check_multiplicity(protocol.success, where)
        + check_sensitivity(protocol.sensitivity, protocol.endpoints, where)
        + check_dropout(protocol.dropout, arms, where)
        + check_design(design, arms, size, where)
        + check_crossover(turns, arms, visits, protocol.endpoints, where)
        + check_period_methods(turns, protocol.success, protocol.endpoints, where)
        + check_period_rules(turns, protocol.rules, protocol.dropout, where)
        + check_missing(protocol.missing, where)
        + check_interim(protocol.interim, protocol.success, arms, where)
        + check_structures(protocol.structures, ("structures",), where)
        + [
            issue
            for index, arm in enumerate(arms)
            for issue in check_structures(arm.structures, ("arms", index, "structures"), where)
        ]
    )


def content_hash(value: Any) -> str:
    """SHA-256 of a value's meaning, as 64 hexadecimal digits.

    Parameters
    ----------
    value : dataclass instance
        Fields with ``compare=False`` are left out, and so is a field that came later (metadata
        ``late``) as long as it stands at its default: an older file keeps its hash.
    """
    text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Value as JSON types; equal numbers give equal text, whether 1 or 1.0."""
    if isinstance(value, Expression):
        return value.text
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value) if f.compare and not _unused(value, f)]
        return {name: _plain(getattr(value, name)) for name in fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return repr(value)
        return int(value) if value.is_integer() else value
    return value


def _unused(value: Any, one: dataclasses.Field[Any]) -> bool:
    """Whether a field that came later stands at its default."""
    if not one.metadata.get("late", False):
        return False
    factory = one.default_factory
    default = one.default if factory is dataclasses.MISSING else factory()
    return bool(getattr(value, one.name) == default)
