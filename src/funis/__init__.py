"""In-silico trials of umbilical-cord mesenchymal stromal cells in autoimmune disease.

The names below are loaded when they are first used, so that ``import funis`` stays quick.
Nothing inside the package imports this root.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES: dict[str, str] = {
    "InputError": "funis.checks",
}

__all__ = ["InputError", "__version__"]


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
