"""The plan as one HTML file that loads nothing and has no script."""

from __future__ import annotations

from funis.plan import Plan
from funis.report.plan.bands import ARMS
from funis.report.plan.content import BANNER, Kind, Table
from funis.report.plan.page import plan_page
from funis.report.statement import RESEARCH_USE, SIMULATED
from funis.report.strips import legend_mark
from funis.report.trial import environment

_SIGNS: dict[Kind, str] = {"meets": "✓ ", "not": "✗ ", "cannot": "? "}


def render_plan(plan: Plan) -> str:
    """Return the plan as HTML."""
    return environment().get_template("plan.html.j2").render(
        page=plan_page(plan), banner=BANNER, research_use=RESEARCH_USE, simulated=SIMULATED,
        arms=ARMS, legend_mark=legend_mark, table_shares=_shares, sign=sign,
    )  # fmt: skip


def sign(kind: Kind) -> str:
    """Return the sign of a verdict, so that colour is never alone."""
    return _SIGNS.get(kind, "")


def _shares(table: Table) -> tuple[str, ...]:
    whole = sum(column.share for column in table.columns)
    return tuple(f"{100.0 * column.share / whole:.1f}%" for column in table.columns)
