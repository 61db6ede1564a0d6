"""Strict reading of files and of the expressions in them, with errors that say what to write.

``Issue``, ``IssueList`` and ``InputError`` say what is wrong and where; ``read_yaml`` and
``validate`` turn a file into a checked value; ``parse_expression`` reads the rules in it.
"""

from typing import TYPE_CHECKING, Any

from funis.checks.documents import Document, KeyPath, dotted, parse_yaml, read_yaml
from funis.checks.expressions import FUNCTIONS, Expression, parse_expression
from funis.checks.issues import InputError, Issue, IssueList, nearest, one_of, unknown

if TYPE_CHECKING:
    from funis.checks.schemas import StrictModel, validate

__all__ = [
    "FUNCTIONS",
    "Document",
    "Expression",
    "InputError",
    "Issue",
    "IssueList",
    "KeyPath",
    "StrictModel",
    "dotted",
    "nearest",
    "one_of",
    "parse_expression",
    "parse_yaml",
    "read_yaml",
    "unknown",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Load the schemas, and with them pydantic, only where they are used."""
    if name not in ("StrictModel", "validate"):
        raise AttributeError(f"module 'funis.checks' has no attribute {name!r}")
    from funis.checks import schemas

    return getattr(schemas, name)
