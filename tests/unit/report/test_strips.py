import math
from xml.etree import ElementTree

from funis.report.content import Interval
from funis.report.strips import (
    SHAPES,
    Axis,
    Mark,
    axis_around,
    axis_strip,
    bar_strip,
    calendar_axis,
    calendar_strip,
    interval_strip,
    legend_mark,
)

SVG = "{http://www.w3.org/2000/svg}"
AXIS = Axis(0.0, 1.0, 0.5)


def share(text: str) -> float:
    assert text.endswith("%")
    return float(text[:-1])


def test_a_dot_lies_between_the_ends_of_its_interval():
    mark = Mark(Interval(0.4, 0.3, 0.6), "circle", "a1")
    root = ElementTree.fromstring(interval_strip([mark], AXIS, "0.4 (0.3 to 0.6)"))
    whisker = next(e for e in root.iter(f"{SVG}line") if "whisker" in e.get("class"))
    dot = next(root.iter(f"{SVG}circle"))
    assert share(whisker.get("x1")) < share(dot.get("cx")) < share(whisker.get("x2"))
    assert root.get("aria-label") == "0.4 (0.3 to 0.6)"


def test_every_shape_draws():
    for shape in SHAPES:
        mark = Mark(Interval(0.4, 0.3, 0.6), shape)
        assert "mark" in interval_strip([mark], AXIS, "x")
        ElementTree.fromstring(legend_mark(shape, "a1"))


def test_an_interval_that_is_not_known_draws_the_dot_alone():
    text = interval_strip([Mark(Interval(0.4, None, None))], AXIS, "x")
    assert "whisker" not in text
    assert "circle" in text


def test_a_range_without_an_estimate_draws_the_range_alone():
    text = interval_strip([Mark(Interval(None, 0.2, 0.4))], AXIS, "x")
    assert "whisker" in text
    assert "circle" not in text


def test_missing_numbers_draw_nothing():
    nan = math.nan
    text = interval_strip([Mark(Interval(nan, nan, nan))], AXIS, "x")
    assert "nan" not in text
    assert "nan" not in bar_strip(Mark(Interval(nan, nan, nan)), AXIS, "x")


def test_a_bar_reaches_from_zero_to_the_estimate():
    root = ElementTree.fromstring(bar_strip(Mark(Interval(0.5, 0.4, 0.6), "bar", "a1"), AXIS, "x"))
    box = next(root.iter(f"{SVG}rect"))
    assert share(box.get("x")) == 4.0
    assert share(box.get("width")) == 46.0


def test_an_axis_holds_all_its_intervals_and_zero():
    axis = axis_around([Interval(1.0, 0.5, 2.0), Interval(None, -1.0, None)], zero=0.0)
    assert axis.low < -1.0
    assert axis.high > 2.0
    assert axis_around([]).low < axis_around([]).high
    assert axis_around([Interval(1.0, 0.5, 2.0)], zero=0.0).low == 0.0


def test_axis_strip_writes_its_ticks():
    percent = axis_strip(Axis(0.0, 1.0, factor=100.0, suffix="%"))
    assert ">0%<" in percent
    assert ">100%<" in percent
    signed = axis_strip(Axis(-1.0, 1.0, 0.0, signed=True))
    assert ">+1.0<" in signed


def test_calendar_leaves_out_what_lies_beyond_its_weeks():
    text = calendar_strip((0.0, 4.0, 99.0), ((8.0, 99.0),), (0.0, 52.0), "Four doses")
    root = ElementTree.fromstring(text)
    kinds = [item.get("class") for item in root.iter()]
    assert kinds.count("mark dose") == 2
    assert kinds.count("drug") == 1
    ElementTree.fromstring(calendar_axis((0.0, 52.0)))
