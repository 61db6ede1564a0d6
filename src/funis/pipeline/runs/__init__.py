"""Stored runs: list, show, compare, make again, delete, and why a figure is as it is."""

from funis.pipeline.runs.delete import delete_run
from funis.pipeline.runs.manifest import run_manifest
from funis.pipeline.runs.record import (
    StoredRun,
    damaged_files,
    find_run,
    list_runs,
    newest_runs,
    run_at,
)

__all__ = [
    "StoredRun",
    "damaged_files",
    "delete_run",
    "find_run",
    "list_runs",
    "newest_runs",
    "run_at",
    "run_manifest",
]
