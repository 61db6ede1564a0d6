"""The content of `manifest.json`: what it takes to name this run and to run it again."""

from __future__ import annotations

import json
from typing import Any

from funis.report.alerts import alerts, failure_rates_differ
from funis.report.content import TrialReport
from funis.report.figures import trial_code, trial_figures, trial_identity
from funis.report.statement import RESEARCH_USE, SIMULATED


def manifest(report: TrialReport) -> dict[str, Any]:
    """Return the manifest of a run as plain data, the same for the same report."""
    source = report.provenance
    document: dict[str, Any] = {
        "research_use": RESEARCH_USE,
        "data": SIMULATED,
        "title": report.title,
        "disease": report.disease,
        "seed": source.seed,
        "protocol": {"file": source.protocol_file, "hash": source.protocol_hash},
        "library_version": source.library_version,
        "model_hash": source.model_hash,
        "pool_hash": source.pool_hash,
        "engine": source.engine,
        "command": source.command,
        "estimand": report.estimand,
        "success_rule": report.success.rule,
        "success": {item.arm: item.found for item in report.success.outcomes},
        "patients": {arm.id: arm.n for arm in report.arms},
        "failed": {arm.id: dict(arm.failed) for arm in report.arms},
        "failure_rates_differ": failure_rates_differ(report.arms),
        "run": trial_identity(report),
        "code": trial_code(report),
        "figures": [mark.document() for mark in trial_figures(report)],
        "alerts": [f"{alert.title}. {alert.text}" for alert in alerts(report)],
    }
    if source.endpoints_hash:
        document["endpoints_hash"] = source.endpoints_hash
    if source.date is not None:
        document["date"] = source.date
    return {**document, **({"more": dict(source.more)} if source.more else {})}


def manifest_text(report: TrialReport) -> str:
    """Return the manifest as JSON text with sorted keys."""
    return json.dumps(manifest(report), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
