import json
from xml.etree import ElementTree

import numpy as np

from funis.report.charts import Curve, Panel, Share, curve_panel, shares_panel, tick_text

SVG = "{http://www.w3.org/2000/svg}"
WEEKS = np.linspace(0.0, 52.0, 105)


def panel(**changes) -> Panel:
    content = {
        "id": "p", "title": "Score, arm", "description": "What it shows", "weeks": (0.0, 52.0),
        "values": (0.0, 10.0),
    }  # fmt: skip
    return Panel(**(content | changes))


def points(path: ElementTree.Element) -> list[tuple[float, float]]:
    parts = path.get("d").replace("M", " ").replace("L", " ").replace("Z", "").split()
    return [tuple(float(number) for number in part.split(",")) for part in parts]


def test_curve_panel_is_valid_and_described():
    root = ElementTree.fromstring(curve_panel(WEEKS, [Curve("a", "arm", WEEKS / 10.0)], panel()))
    assert root.find(f"{SVG}title").text == "Score, arm"
    assert root.find(f"{SVG}desc").text == "What it shows"
    assert root.get("aria-labelledby") == "p-t p-d"


def test_the_read_out_recovers_the_values():
    frame = panel()
    root = ElementTree.fromstring(curve_panel(WEEKS, [Curve("a", "arm", WEEKS / 10.0)], frame))
    scale = json.loads(root.get("data-panel"))
    path = next(item for item in root.iter(f"{SVG}path") if item.get("data-n") == "a")
    for x, y in points(path):
        week = scale["x"][0] + (x - scale["x"][2]) / (scale["x"][3] - scale["x"][2]) * 52.0
        value = 10.0 * (y - scale["y"][2]) / (scale["y"][3] - scale["y"][2])
        assert abs(value - week / 10.0) < 0.02


def test_a_band_says_where_its_lower_edge_begins():
    curve = Curve("a", "arm", WEEKS / 10.0, inner=(WEEKS / 20.0, WEEKS / 10.0 + np.sin(WEEKS)))
    root = ElementTree.fromstring(curve_panel(WEEKS, [curve], panel()))
    band = next(item for item in root.iter(f"{SVG}path") if item.get("data-n") == "a|25–75%")
    edge = int(band.get("data-k"))
    x = [point[0] for point in points(band)]
    assert x[:edge] == sorted(x[:edge])
    assert x[edge:] == sorted(x[edge:], reverse=True)


def test_a_gap_breaks_the_line():
    y = WEEKS.copy() / 10.0
    y[40:60] = np.nan
    root = ElementTree.fromstring(curve_panel(WEEKS, [Curve("a", "arm", y)], panel()))
    path = next(item for item in root.iter(f"{SVG}path") if item.get("data-n") == "a")
    assert path.get("d").count("M") == 2


def test_a_curve_without_numbers_draws_nothing():
    nothing = np.full_like(WEEKS, np.nan)
    curve = Curve("a", "arm", nothing, inner=(nothing, nothing))
    root = ElementTree.fromstring(curve_panel(WEEKS, [curve], panel()))
    assert not [item for item in root.iter(f"{SVG}path") if item.get("data-n")]


def test_doses_drugs_and_references_are_drawn_inside_the_weeks():
    frame = panel(
        marks=(0.0, 4.0, 60.0), spans=((0.0, 90.0),), references=(("mid", 5.0), ("x", 99))
    )
    text = curve_panel(WEEKS, [], frame)
    root = ElementTree.fromstring(text)
    kinds = [item.get("class") for item in root.iter()]
    assert kinds.count("dose") == 2
    assert kinds.count("drug") == 1
    assert kinds.count("reference") == 1
    assert ">mid<" in text


def test_text_is_escaped():
    name = '<b>"&'
    frame = panel(title=name, description=name, references=((name, 5.0),))
    root = ElementTree.fromstring(curve_panel(WEEKS, [Curve(name, "arm", WEEKS)], frame))
    assert root.find(f"{SVG}title").text == name


def test_shares_fill_the_panel():
    half = np.full_like(WEEKS, 0.25)
    shares = [Share("MSC", "k0", half), Share("T cell", "k1", half)]
    frame = panel(values=(0.0, 1.0), percent=True)
    root = ElementTree.fromstring(shares_panel(WEEKS, shares, frame))
    areas = [item for item in root.iter(f"{SVG}path") if "share" in item.get("class")]
    scale = json.loads(root.get("data-panel"))["y"]
    top = min(y for _, y in points(areas[1]))
    middle = min(y for _, y in points(areas[0]))
    assert top == scale[3]
    assert abs(middle - (scale[2] + scale[3]) / 2.0) < 0.1
    assert [item.text for item in root.iter(f"{SVG}text")] == ["MSC", "T cell"]


def test_shares_of_nothing_draw_no_missing_numbers():
    zero = np.zeros_like(WEEKS)
    text = shares_panel(WEEKS, [Share("MSC", "k0", zero)], panel(values=(0.0, 1.0)))
    assert "nan" not in text


def test_tick_text():
    assert tick_text(0.2, panel(values=(0.0, 1.0), percent=True)) == "20%"
    assert tick_text(1e5, panel(values=(1e3, 1e8), log=True)) == "10⁵"
    assert tick_text(-0.5, panel(values=(-1.0, 1.0))) == "−0.5"
