"""The straight line from a protocol to a report (`straight_line`), and one function a command."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funis.pipeline.check import check_files
    from funis.pipeline.gates import pharmacology_gate, placebo_gate, population_gate
    from funis.pipeline.library import list_library
    from funis.pipeline.meta import meta_analysis
    from funis.pipeline.population import library_pool, population_table
    from funis.pipeline.run import run_trial
    from funis.pipeline.sbml import conformance, run_sbml
    from funis.pipeline.simulate import simulate_cohort
    from funis.pipeline.straight_line import virtual_trial
    from funis.pipeline.stream import stream_cohort

_HOMES = {
    "check_files": "funis.pipeline.check",
    "conformance": "funis.pipeline.sbml",
    "library_pool": "funis.pipeline.population",
    "list_library": "funis.pipeline.library",
    "meta_analysis": "funis.pipeline.meta",
    "pharmacology_gate": "funis.pipeline.gates",
    "placebo_gate": "funis.pipeline.gates",
    "population_gate": "funis.pipeline.gates",
    "population_table": "funis.pipeline.population",
    "run_sbml": "funis.pipeline.sbml",
    "run_trial": "funis.pipeline.run",
    "simulate_cohort": "funis.pipeline.simulate",
    "stream_cohort": "funis.pipeline.stream",
    "virtual_trial": "funis.pipeline.straight_line",
}

__all__ = [
    "check_files",
    "conformance",
    "library_pool",
    "list_library",
    "meta_analysis",
    "pharmacology_gate",
    "placebo_gate",
    "population_gate",
    "population_table",
    "run_sbml",
    "run_trial",
    "simulate_cohort",
    "stream_cohort",
    "virtual_trial",
]


def __getattr__(name: str) -> Any:
    """Load a command when it is first used: most of them load engines."""
    if name not in _HOMES:
        raise AttributeError(f"module 'funis.pipeline' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
