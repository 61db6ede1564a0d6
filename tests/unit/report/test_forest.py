"""Forest and funnel plots: places of squares, diamonds and arrows, words inside the picture."""

import re
import xml.etree.ElementTree as ET

import pytest

from funis.report.content import Interval
from funis.report.forest import (
    LEFT,
    RIGHT,
    Forest,
    ForestPanel,
    ForestRow,
    ForestStratum,
    broken,
    forest_plot,
)
from funis.report.funnel import Funnel, funnel_plot


def row(estimate, low, high, weight=0.5):
    return ForestRow("A & B 2000", "12", "1/2", "1/2", Interval(estimate, low, high), weight)


POOLED = Interval(0.5, 0.3, 0.8)


def plot(*rows, log=True, null=1.0, pooled=POOLED):
    stratum = ForestStratum("Randomised", "2 studies", False, rows, pooled, None, ("a line",))
    sides = ("favours cells", "favours control")
    panel = ForestPanel("Risk ratio", "Cells", log, False, null, sides, (stratum,))
    return forest_plot(Forest("Title", "About", (panel,), ("Evidence: low.",)))


def elements(drawn, style):
    return [one for one in ET.fromstring(drawn).iter() if one.get("class") == style]


def test_a_picture_is_whole_xml_with_its_evidence_and_research_use():
    drawn = plot(row(0.5, 0.2, 1.2), row(1.0, 0.5, 2.0))
    texts = [one.text for one in ET.fromstring(drawn).iter() if one.tag.endswith("text")]
    assert "A & B 2000" in texts
    assert "Evidence: low." in texts
    assert any("Not a medical device" in text for text in texts)
    assert "prefers-color-scheme:dark" in drawn


def test_equal_steps_of_a_ratio_are_equal_steps_on_the_page():
    drawn = plot(row(0.25, 0.1, 0.6), row(0.5, 0.2, 1.0), row(1.0, 0.5, 4.0))
    boxes = elements(drawn, "box")
    centres = [float(one.get("x")) + float(one.get("width")) / 2 for one in boxes]
    assert centres[1] - centres[0] == pytest.approx(centres[2] - centres[1], abs=0.2)
    null = float(elements(drawn, "null")[0].get("x1"))
    assert centres[2] == pytest.approx(null, abs=0.1)


def test_the_diamond_spans_its_interval():
    drawn = plot(row(0.3, 0.3, 0.3), row(0.8, 0.8, 0.8))
    ends = [float(x) for x in re.findall(r"[ML]([\d.]+),", elements(drawn, "diamond")[0].get("d"))]
    places = [float(one.get("x1")) for one in elements(drawn, "whisker")]
    assert (min(ends), max(ends)) == pytest.approx((min(places), max(places)), abs=0.1)


def test_a_heavier_study_has_the_larger_square():
    light, heavy = elements(plot(row(0.5, 0.2, 1, 0.1), row(0.5, 0.2, 1, 0.9)), "box")
    assert float(light.get("width")) < float(heavy.get("width"))


def test_an_interval_that_leaves_the_plot_ends_in_an_arrow_at_its_edge():
    drawn = plot(row(0.5, 0.2, 1.2), row(1.0, 1e-9, 1e9))
    assert len(elements(drawn, "arrow")) == 2
    for one in elements(drawn, "whisker"):
        assert LEFT - 0.1 <= float(one.get("x1")) <= float(one.get("x2")) <= RIGHT + 0.1


def test_a_stratum_that_is_not_pooled_has_no_diamond():
    drawn = plot(row(0.5, 0.2, 1.2, None), pooled=None)
    assert elements(drawn, "diamond") == []
    assert "a line" in drawn


def test_long_lines_are_broken_at_blanks():
    pieces = broken("word " * 60, 50)
    assert all(len(piece) <= 50 for piece in pieces)
    assert " ".join(pieces).split() == ["word"] * 60


def test_names_in_a_funnel_do_not_lie_over_each_other():
    shown = ("One", "Two", "Three")
    funnel = Funnel("Stratum", "Log risk ratio", shown, (0.0, 0.001, 0.002), (0.1,) * 3, 0.0, ())
    drawn = funnel_plot("T", [funnel], ("Evidence: low.",))
    names = elements(drawn, "name")
    assert [one.text for one in names] == ["One", "Two"]
    assert {one.get("text-anchor") for one in names} == {"start", "end"}
    assert len(elements(drawn, "dot")) == 3
