"""What a protocol may declare since later: looks, designs, methods of analysis, missing visits."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import Any, TypeVar

from funis.protocol.protocol import Protocol
from funis.protocol.values import EndpointRequest, Success

Declared = TypeVar("Declared", Success, EndpointRequest, Protocol)


def without_late(value: Declared) -> Declared:
    """Return what was declared without what has a default that came later.

    Looks at the data, designs, methods of analysis and missing visits are of the trial itself: a
    search compares regimens in the same patients.
    """
    return replace(value, **late_defaults(value))


def late_defaults(value: Declared) -> dict[str, Any]:
    """Return what stands for all that came later where it is not declared."""
    return {
        one.name: one.default if one.default_factory is MISSING else one.default_factory()
        for one in fields(value)
        if one.metadata.get("late")
    }
