"""What a run rests on: parameters, competing forms, raw draws, and how to run it again."""

from __future__ import annotations

import platform
import shlex
from importlib import metadata

from funis.evidence import Evidence
from funis.models import Model, Parameter
from funis.models.endpoints import Component
from funis.models.schema import Distribution
from funis.pipeline.inputs import Trial
from funis.population import Pool
from funis.protocol import Protocol, Structure, content_hash, library_structures
from funis.report.content import DrawGate, ParameterRow, Provenance, Status, StructureRow
from funis.store import hash_bytes
from funis.trial import Study, TrialData, has_structure

BY_HAND = "by hand"
COMPETING = ("structure", "hypothesis", "scenario")
"""Words by which the source or note of a parameter marks a form that can be switched on."""

USUAL, NO_DRAWS = "borrowed", "none"
"""What cells are drawn from where nothing is said, and what stands for the library as it is."""


def parameter_rows(model: Model) -> tuple[ParameterRow, ...]:
    """Return every parameter of the equations and of the observation layers."""
    return (
        *(_parameter(parameter) for parameter in model.parameters),
        *(_noise(component) for component in model.endpoints.components),
    )


def structure_rows(protocol: Protocol, model: Model) -> tuple[StructureRow, ...]:
    """Return the competing forms: structures of the disease, then other marked parameters."""
    named = [one for one in library_structures().values() if has_structure(model, one)]
    covered = {name for one in named for name in one.parameters}
    marked = [p for p in model.parameters if p.id not in covered and _is_marked(p)]
    values = protocol.shared_parameters
    return (
        *(_structure(one, protocol) for one in named),
        *(_marked(parameter, values.get(parameter.id, parameter.value)) for parameter in marked),
    )


def _structure(structure: Structure, protocol: Protocol) -> StructureRow:
    default = f"Default: {structure.default}."
    sources = f"Sources: {'; '.join(structure.sources)}."
    text = " ".join(part for part in (structure.question, default, structure.note, sources) if part)
    arms = [arm.label for arm in protocol.arms if structure in arm.structures]
    whole = structure in protocol.structures or _is_set(structure, protocol)
    where = "in every arm" if whole else ", ".join(arms)
    name = f"{structure.title} ({structure.id})"
    return StructureRow(name, text, bool(where), where)


def _is_set(structure: Structure, protocol: Protocol) -> bool:
    """Return whether the scenario of the trial says the same as a structure."""
    return structure.parameters.items() <= protocol.scenario.items()


def _is_marked(parameter: Parameter) -> bool:
    return any(word in f"{parameter.source} {parameter.note or ''}" for word in COMPETING)


def _marked(parameter: Parameter, value: float) -> StructureRow:
    text = "; ".join(part for part in (parameter.source, parameter.note or "") if part)
    return StructureRow(parameter.name[:1].upper() + parameter.name[1:], text, value != 0.0)


def draw_gate(pool: Pool) -> DrawGate:
    """Return what became of the raw draws of the pool."""
    counts = {row.reason: row.n for row in pool.gate}
    reasons = {
        reason.replace("_", " "): n for reason, n in counts.items() if reason != "accepted" and n
    }
    return DrawGate(sum(counts.values()), counts.get("accepted", 0), reasons)


def provenance(
    trial: Trial,
    study: Study,
    data: TrialData,
    twins: int,
    evidence: Evidence | None = None,
    basis: str = NO_DRAWS,
) -> Provenance:
    """Return what it takes to run a trial again; `basis` is what its cells were drawn from."""
    products = {
        f"product {name}": content_hash(product)[:16]
        for name, product in study.products.items()
        if any(one.supply == name for arm in study.protocol.arms for one in arm.interventions)
    }
    chosen = [
        *study.protocol.structures,
        *(s for arm in study.protocol.arms for s in arm.structures),
    ]
    own = {} if evidence is None else evidence.user_files
    structures = {f"structure {one.id}": content_hash(one)[:16] for one in chosen}
    return Provenance(
        protocol_file=trial.place,
        protocol_hash=study.protocol.hash,
        library_version=f"funis {version('funis')}",
        model_hash=study.model.hash,
        endpoints_hash=content_hash(study.model.endpoints),
        pool_hash=study.pool.hash,
        engine=engine_text(),
        seed=study.seed,
        command=run_command(trial, study, basis),
        more={
            "fixed before the first patient": (
                f"{study.protocol.plan_hash} (estimand, endpoints, success rule, missing data)"
            ),
            **products,
            **structures,
            **{f"your own study {name}": digest for name, digest in own.items()},
            **ensemble_mark(study),
            "twins": str(twins),
            "relative tolerance": f"{study.rtol:g}",
            "solved a second time": second_solutions(data),
            "Python": platform.python_version(),
            "NumPy": version("numpy"),
        },
    )


def run_command(trial: Trial, study: Study, basis: str) -> str:
    """Return the command that conducts a trial again, with what is not at its default."""
    name, ensemble = shlex.quote(trial.name), "" if basis == USUAL else f" --ensemble {basis}"
    return f"funis run {name} --patients {study.patients_per_arm} --seed {study.seed}{ensemble}"


def ensemble_mark(study: Study) -> dict[str, str]:
    """Return the hash of the draws that cells act by; none where they act by the library."""
    if study.ensemble is None:
        return {}
    content = repr(study.ensemble.names).encode() + study.ensemble.factors.tobytes()
    return {"ensemble": hash_bytes(content)[:16]}


def second_solutions(data: TrialData) -> str:
    """Return how far second solutions at a hundredth of the tolerance are from the first."""
    found = data.subjects["solver_deviation"].drop_nulls()
    if len(found) == 0:
        return "no patient, of so few"
    number = "1 patient" if len(found) == 1 else f"{len(found)} patients"
    worst = float(found.max())  # type: ignore[arg-type]
    return f"{number}; largest difference {worst:.2g} times the relative tolerance"


def engine_text() -> str:
    """Return the engines behind the solver's door with their versions."""
    return f"Rodas5P on LLVM (llvmlite {version('llvmlite')}), then SciPy {version('scipy')}"


def version(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _parameter(parameter: Parameter) -> ParameterRow:
    return ParameterRow(
        id=parameter.id,
        name=parameter.name,
        value=parameter.value,
        unit=parameter.unit.replace("_", " "),
        status=parameter.status,
        source=parameter.source,
        where=parameter.where or "",
        note=parameter.note or "",
        spread=_spread(parameter.distribution),
        by_hand=BY_HAND in parameter.source,
    )


def _noise(component: Component) -> ParameterRow:
    status: Status = "calibrated" if component.status.startswith("calibrated") else component.status  # type: ignore[assignment]
    return ParameterRow(
        id=f"{component.id}.noise_sd",
        name=f"Noise of {component.name}, on the {component.scale} scale",
        value=component.noise_sd,
        unit="dimensionless",
        status=status,
        source=component.source or "",
        where=component.where or "",
        note=component.note or "",
        by_hand=BY_HAND in component.status,
    )


def _spread(distribution: Distribution | None) -> str:
    if distribution is None or distribution.kind == "fixed":
        return ""
    parts: list[str] = [distribution.kind]
    if distribution.sd is not None:
        parts.append(f"sd {distribution.sd:g}")
    if distribution.low is not None and distribution.high is not None:
        parts.append(f"{distribution.low:g} to {distribution.high:g}")
    return ", ".join(parts)
