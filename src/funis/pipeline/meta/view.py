"""Ticked studies as a picture: the forest in its places, funnels, what the model predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from funis.evidence.meta import SCALES
from funis.pipeline.meta import pictures
from funis.pipeline.meta.chosen import ChosenPool, too_few_for_asymmetry
from funis.pipeline.meta.text import asymmetry_lines
from funis.pipeline.meta.values import MetaAnalysis, Stratum
from funis.report.content import Interval
from funis.report.forest import ForestRow
from funis.report.forest_table import Beside, DrawnPanel, forest_table
from funis.report.funnel_contours import funnel_figure

FEWEST_FOR_FUNNEL = 3
"""Studies below which a funnel shows nothing and none is drawn."""

PREDICTED_ABOUT = "each number predicted from all other studies of the disease"


@dataclass(frozen=True, slots=True)
class FunnelView:
    """The funnel of one stratum: SVG, or an empty text where there are too few studies."""

    title: str
    svg: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PredictedRow:
    """A number that a ticked study printed, and what the model predicted of it."""

    study: str
    arm: str
    week: float
    published: str
    predicted: str
    without: str
    inside: str


@dataclass(frozen=True, slots=True)
class PoolView:
    """Everything that a page shows of ticked studies.

    Attributes
    ----------
    predicted : tuple of PredictedRow or None
        None where the disease's studies have not been predicted yet.
    """

    headline: str
    panels: tuple[DrawnPanel, ...]
    funnels: tuple[FunnelView, ...]
    predicted: tuple[PredictedRow, ...] | None
    lines: tuple[str, ...]


def pool_view(found: ChosenPool, predictions: Mapping[str, Any] | None) -> PoolView:
    """Return the picture of ticked studies.

    Parameters
    ----------
    predictions
        Document of `funis validate` of the disease, if it was made.
    """
    forest = pictures.forest(found.analysis)
    rows = [] if predictions is None else _rows(found, predictions)
    beside = Beside(_controls(found), _marks(found, rows))
    return PoolView(
        _when(found.analysis),
        forest_table(forest, beside),
        tuple(_funnel(one, place) for place, one in enumerate(found.analysis.strata)),
        None if predictions is None else tuple(_predicted(row) for row in rows),
        forest.footer,
    )


def _when(found: MetaAnalysis) -> str:
    chosen = ", the week with most studies" if found.week_chosen else ""
    return (
        f"Week {found.week:g}{chosen}. Of each study the row nearest to it, at most"
        f" {found.window:g} weeks away."
    )


def _controls(found: ChosenPool) -> tuple[ForestRow, ...]:
    return tuple(
        ForestRow(
            one.source, f"{one.week:g}", "", "" if one.n is None else f"n {one.n:,}",
            one.interval, None, one.study, ()
        )
        for one in found.controls
    )  # fmt: skip


def _rows(found: ChosenPool, predictions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the predicted numbers of the ticked studies, those outside of their interval first."""
    weeks = {m.effect.study: m.week for stratum in found.analysis.strata for m in stratum.members}
    key = found.analysis.endpoint
    chosen = [
        row
        for row in predictions["rows"]
        if row["study"] in weeks
        and row["our_endpoint"].split("@")[0] == key
        and row["week"] == weeks[row["study"]]
    ]
    return sorted(chosen, key=lambda row: (bool(row["inside80"]), bool(row["inside95"])))


def _marks(found: ChosenPool, rows: list[dict[str, Any]]) -> dict[str, Interval]:
    """Return what is predicted of studies without a control that gave one number of one arm."""
    alone = {
        member.effect.study
        for stratum in found.analysis.strata
        if not SCALES[stratum.measure].contrast
        for member in stratum.members
    }
    names = [row["study"] for row in rows]
    return {
        row["study"]: Interval(row["predicted"], row["low80"], row["high80"])
        for row in rows
        if row["study"] in alone and names.count(row["study"]) == 1
    }


def _predicted(row: Mapping[str, Any]) -> PredictedRow:
    share = row["measure"] == "responder"
    predicted = f"{_number(row['predicted'], share)} ({_number(row['low80'], share)} to"
    inside = "80 % interval" if row["inside80"] else "95 % interval only"
    return PredictedRow(
        row["study"], row["arm"], row["week"], _number(row["observed"], share),
        f"{predicted} {_number(row['high80'], share)})", _number(row["without_effect"], share),
        inside if row["inside95"] else "NO",
    )  # fmt: skip


def _number(value: float, share: bool) -> str:
    return f"{100 * value:.0f} %" if share else f"{value:.3g}"


def _funnel(stratum: Stratum, place: int) -> FunnelView:
    """Return a stratum's funnel; a test is told of only where it could find something."""
    size = len(stratum.members)
    title = f"{stratum.label} ({size} {'study' if size == 1 else 'studies'})"
    few = too_few_for_asymmetry(stratum)
    if stratum.pooled is None or size < FEWEST_FOR_FUNNEL:
        return FunnelView(title, "", (few,))
    scale = SCALES[stratum.measure]
    null = {"log": 0.0, "identity": scale.null}.get(scale.transform) if scale.contrast else None
    svg = funnel_figure(pictures.funnel_of(stratum), null, f"funnel-{place}")
    test = [few] if few else asymmetry_lines(stratum)
    alone = () if scale.contrast else ("No contours: nothing is compared, so nothing can be null.",)
    return FunnelView(title, svg, (*test, *alone))
