"""The plan as PDF: the same sections, the banner in the header and footer of every page.

Fonts come with typst, dates are left out: the same plan gives the same bytes on any machine.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from funis.plan import Plan
from funis.report.plan.content import BANNER, Section
from funis.report.plan.page import plan_page
from funis.report.statement import RESEARCH_USE, SIMULATED

_TEMPLATE = Path(__file__).parent.parent / "templates" / "plan.typ"
_SCORE = 0.75
"""Share of the width that a score over time takes."""

_STYLE = """
svg { fill: none } text { font-family: 'Libertinus Serif'; fill: #4c5561 }
.tick { font-size: 11px } .lane { font-size: 12px; fill: #111111 } .head { font-weight: 600 }
.grid { stroke: #e5e5e5; stroke-width: 1 } .axis { stroke: #9aa1a9; stroke-width: 1; fill: none }
.zero { stroke: #4c5561; stroke-width: 1 }
.whisker { stroke-width: 1.8 } .mark { stroke: #ffffff; stroke-width: 1.2 }
.window.a0 { fill: #6b7480; opacity: 0.5 } .window.a1 { fill: #0072b2; opacity: 0.5 }
.window.a2 { fill: #c64f00; opacity: 0.5 }
.mark.a0 { fill: #6b7480 } .mark.a1 { fill: #0072b2 } .mark.a2 { fill: #c64f00 }
.mark.ring.a0 { fill: #ffffff; stroke: #6b7480; stroke-width: 2.2 }
.whisker.a0 { stroke: #6b7480 } .whisker.a1 { stroke: #0072b2 } .whisker.a2 { stroke: #c64f00 }
.band.a0 { fill: #6b7480; opacity: 0.13 } .band.a1 { fill: #0072b2; opacity: 0.13 }
.band.a2 { fill: #c64f00; opacity: 0.13 }
.curve { fill: none; stroke-width: 2.2 }
.curve.a0 { stroke: #6b7480; stroke-dasharray: 6 4 } .curve.a1 { stroke: #0072b2 }
.curve.a2 { stroke: #c64f00; stroke-dasharray: 2 3 }
.band.a3 { fill: #007d5c; opacity: 0.13 } .curve.a3 { stroke: #007d5c }
.cursor { stroke: #111111; stroke-width: 1.2 }
"""


def plan_pdf(plan: Plan) -> bytes:
    """Return the plan as PDF."""
    import typst

    page = plan_page(plan)
    told = {
        "title": page.title, "disease": page.disease, "facts": page.facts,
        "statement": page.statement, "alerts": page.alerts, "banner": BANNER,
        "research_use": RESEARCH_USE, "simulated": SIMULATED,
        "sections": [_section(one) for one in page.sections],
    }  # fmt: skip
    content = typst.compile(
        _TEMPLATE.read_bytes(), sys_inputs={"plan": json.dumps(told)}, format="pdf",
        ignore_system_fonts=True,
    )  # fmt: skip
    if not isinstance(content, bytes):
        raise RuntimeError("typst gave no single document")
    return content


def _section(one: Section) -> dict[str, object]:
    figures = [
        {
            "caption": figure.caption, "picture": _printed(figure.wide),
            "share": _SCORE if one.id == "course" and place else 1.0,
        }
        for place, figure in enumerate(one.figures)
    ]  # fmt: skip
    return {**asdict(one), "figures": figures}


def _printed(picture: str) -> str:
    """Return a picture with the colours of print inside it."""
    return picture.replace(">", f"><style>{_STYLE}</style>", 1)
