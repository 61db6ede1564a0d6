"""Stored runs: list, show, compare, make again, delete."""

from funis.pipeline.runs.delete import delete_run
from funis.pipeline.runs.record import StoredRun, damaged_files, find_run, list_runs, run_at
from funis.pipeline.runs.reproduce import Reproduction, reproduce

__all__ = [
    "Reproduction",
    "StoredRun",
    "damaged_files",
    "delete_run",
    "find_run",
    "list_runs",
    "reproduce",
    "run_at",
]
