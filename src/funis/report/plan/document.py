"""The plan as plain data: everything in it, the statement and the grade first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from funis.plan import Plan
from funis.plan.form_values import Form
from funis.plan.regulatory import statement
from funis.report.plan.content import BANNER
from funis.report.statement import RESEARCH_USE, SIMULATED


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON holds it; exact decimals are text, so that no digit is lost."""
    head = {
        "research_use": RESEARCH_USE,
        "data": SIMULATED,
        "banner": BANNER,
        "regulatory_sentence": statement(plan.regulatory),
    }
    whole = _plain(plan)
    whole["consultation"].pop("where", None)
    return {**head, **whole}


def form_document(form: Form) -> dict[str, Any]:
    """Return the form of a consultation as JSON holds it."""
    return {"research_use": RESEARCH_USE, "data": SIMULATED, **_plain(form)}


def document_text(plan: Plan) -> str:
    """Return the document as text that ends with a line feed."""
    return json.dumps(plan_document(plan), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return format(value, "f") if isinstance(value, Decimal) else value
