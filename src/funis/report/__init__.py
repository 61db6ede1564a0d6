"""Every document of funis: the report of a virtual trial, its table and its manifest."""

from funis.report.content import TrialReport
from funis.report.manifest import manifest, manifest_text
from funis.report.statement import RESEARCH_USE
from funis.report.terminal import plain_table
from funis.report.trial import render_trial, write_trial

__all__ = [
    "RESEARCH_USE",
    "TrialReport",
    "manifest",
    "manifest_text",
    "plain_table",
    "render_trial",
    "write_trial",
]
