"""In-silico trials of umbilical-cord mesenchymal stromal cells in autoimmune disease.

``run_trial`` is the straight line from a trial file to a report; the other names are its steps:
``load_protocol``, ``load_model``, ``load_product``, ``load_evidence`` read, ``check`` holds them
against each other, ``draw`` and ``build_pool`` make virtual patients, ``Study`` and ``conduct``
a trial, ``simulate`` solves the equations, ``estimate`` analyses.

The names are loaded when they are first used, so that ``import funis`` stays quick. Nothing inside
the package imports this root.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funis.analysis import estimate
    from funis.checks import InputError
    from funis.evidence import load_evidence
    from funis.models import load_model
    from funis.pipeline.run import run_trial
    from funis.pipeline.simulate import simulate_cohort
    from funis.population import build_pool, draw
    from funis.product import load_product
    from funis.protocol import load_protocol
    from funis.solver import simulate
    from funis.trial import Study, check, conduct

__version__ = "0.1.0"

_HOMES: dict[str, str] = {
    "InputError": "funis.checks",
    "Study": "funis.trial",
    "build_pool": "funis.population",
    "check": "funis.trial",
    "conduct": "funis.trial",
    "draw": "funis.population",
    "estimate": "funis.analysis",
    "load_evidence": "funis.evidence",
    "load_model": "funis.models",
    "load_product": "funis.product",
    "load_protocol": "funis.protocol",
    "run_trial": "funis.pipeline.run",
    "simulate": "funis.solver",
    "simulate_cohort": "funis.pipeline.simulate",
}

__all__ = [
    "InputError",
    "Study",
    "__version__",
    "build_pool",
    "check",
    "conduct",
    "draw",
    "estimate",
    "load_evidence",
    "load_model",
    "load_product",
    "load_protocol",
    "run_trial",
    "simulate",
    "simulate_cohort",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the layer that defines it.

    Raises
    ------
    AttributeError
        If ``name`` is not a public name of the package.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'funis' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted(__all__)
