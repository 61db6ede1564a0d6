import re

import numpy as np

from funis.report.content import CellPanel
from funis.report.mechanism import mechanism_tabs, state_keys


def test_one_tab_for_each_arm_in_the_order_of_the_protocol(report):
    tabs = mechanism_tabs(report)
    assert [tab.arm for tab in tabs] == ["msc_single", "msc_monthly", "advertised", "anti_tnf"]
    assert [group.name for group in tabs[0].groups] == [
        "Cytokines and their sources", "T, NK and B cells", "Myeloid cells", "Tissue",
    ]  # fmt: skip
    assert [figure.heading for figure in tabs[0].cells] == ["lung and blood", "liver and spleen"]
    assert tabs[3].cells == ()


def test_a_source_keeps_its_style_in_every_panel(report):
    for tab in mechanism_tabs(report):
        for group in tab.groups:
            styles = {key.name: key.style for key in group.sources}
            assert len(set(styles.values())) == len(styles)
            for card in group.cards:
                areas = re.findall(r'class="share (k\d)" [^>]*data-n="([^"]+)"', card.shares)
                assert all(styles[name] == style for style, name in areas)


def test_the_legend_of_a_group_names_its_own_sources(report):
    groups = {group.name: group for group in mechanism_tabs(report)[0].groups}
    assert groups["Cytokines and their sources"].sources[0].name == "MSC"
    assert groups["Tissue"].sources == ()


def test_panels_of_an_observable_share_their_axis(report):
    axes = set()
    for tab in mechanism_tabs(report):
        card = next(card for card in tab.groups[0].cards if card.name == "TNF")
        axes |= set(re.findall(r"&quot;y&quot;:\[([^\]]+)\]", card.course))
        axes |= set(re.findall(r'"y":\[([^\]]+)\]', card.course))
    assert len(axes) == 1


def test_shares_are_also_numbers(report):
    numbers = mechanism_tabs(report)[0].share_numbers
    assert numbers is not None
    assert numbers.columns[:3] == ("Factor", "Week", "MSC")
    assert len(numbers.rows) == 30


def test_cells_are_drawn_until_none_is_left_to_see(bare):
    weeks = np.linspace(0.0, 52.0, 365)
    live = 60.0 * np.exp(-14.0 * weeks)
    (tab,) = mechanism_tabs(bare(cells=(CellPanel("placebo", "lung", weeks, {"live": live}),)))
    assert '"x":[0.0,4.0' in tab.cells[0].picture.replace("&quot;", '"')
    assert [key.name for key in state_keys(bare())] == []


def test_no_cells_at_all_draw_no_missing_number(bare):
    weeks = np.linspace(0.0, 52.0, 53)
    panel = CellPanel("placebo", "lung", weeks, {"live": np.zeros(53)})
    (tab,) = mechanism_tabs(bare(cells=(panel,)))
    assert "nan" not in tab.cells[0].picture
