"""What a single run says of interim looks: it holds none."""

from __future__ import annotations

from dataclasses import replace

from funis.checks import Issue
from funis.protocol import Protocol


def looks_not_held(protocol: Protocol) -> list[Issue]:
    """Warn that one conduct of a trial goes to its end, whatever its interim looks say."""
    if protocol.interim is None:
        return []
    message = "interim looks are not held in a single run: every patient goes to the end,"
    message += " and success is judged once, there (bounds: funis boundaries --trial)"
    return [replace(protocol.where.issue(("interim",), message), severity="warning")]
