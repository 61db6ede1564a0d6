"""How an arm looks everywhere in a report: a colour class and a shape, never colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from funis.report.content import TrialReport
from funis.report.strips import SHAPES, Shape

COLOURS = 7
"""Colour classes `a1`..`a7` of the style sheet; `a0` is the control's."""


@dataclass(frozen=True, slots=True)
class ArmStyle:
    """The class and the shape of one arm."""

    colour: str
    shape: Shape


def arm_styles(report: TrialReport) -> Mapping[str, ArmStyle]:
    """Return the style of each arm; controls are grey rings, the others differ in both parts."""
    styles: dict[str, ArmStyle] = {}
    active = 0
    for arm in report.arms:
        if arm.control or arm.id == report.reference:
            styles[arm.id] = ArmStyle("a0", "ring")
            continue
        shape = SHAPES[active % (len(SHAPES) - 1)]
        styles[arm.id] = ArmStyle(f"a{active % COLOURS + 1}", shape)
        active += 1
    return styles
