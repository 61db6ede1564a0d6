"""Explore in a browser: by mouse, by keyboard, to a screen reader, and back from its link."""

import re

import pytest
from playwright.sync_api import expect

from .away import away

SHOWN = "#published caption"
PLACE = "disease=ra&route=iv&dose=7e7&times=2&every=28&patients=20"
LINK = "() => location.search"
MOVES = "() => performance.getEntriesByName('explore-whole').length"


@pytest.fixture
def explored(browser_page):
    """The page at a place of few patients, drawn and at rest."""
    browser_page.goto(f"/explore?{PLACE}")
    browser_page.wait_for_selector(SHOWN)
    return browser_page


def drawn_after(page, act):
    """Do something and wait until a new view is drawn."""
    before = page.evaluate(MOVES)
    act()
    page.wait_for_function(f"() => performance.getEntriesByName('explore-whole').length > {before}")


def test_every_curve_has_twin_words_and_numbers(explored):
    charts = explored.locator(".panel")
    assert charts.count() >= 1 + 4 + 4 + 11
    for number in range(charts.count()):
        label = charts.nth(number).locator(".plot").get_attribute("aria-label")
        assert "twin" in label
        assert charts.nth(number).locator("canvas").count() == 1
    first = charts.nth(0)
    first.locator("summary").click()
    heads = first.locator("thead th").all_inner_texts()
    assert "treated, median" in heads
    assert "twin, median" in heads
    assert "low" in heads
    assert first.locator("tbody tr").count() == 53


def test_a_slider_by_keyboard_moves_curves_link_and_words(explored):
    read = explored.locator("#score .read")
    before = read.inner_text()
    explored.locator("#times").focus()
    drawn_after(explored, lambda: explored.keyboard.press("End"))
    assert read.inner_text() != before
    assert explored.locator("#times").get_attribute("aria-valuetext") == "12 times"
    explored.wait_for_function("() => location.search.includes('times=12')")
    explored.wait_for_function(
        "() => document.getElementById('said').textContent.includes('mean difference')"
    )
    assert "Evidence on" in explored.locator("#said").inner_text()


def test_a_drag_by_mouse_ends_at_the_newest_place(explored):
    box = explored.locator("#dose_iv").bounding_box()
    middle = box["y"] + box["height"] / 2
    explored.mouse.move(box["x"] + 20, middle)
    explored.mouse.down()
    for step in range(24):
        explored.mouse.move(box["x"] + 20 + step * (box["width"] - 24) / 24, middle)
    explored.mouse.up()
    said = explored.locator("#dose_iv_said").inner_text()
    million = float(re.match(r"[\d.,]+", said)[0].replace(",", ""))
    assert million > 400
    explored.wait_for_function(
        f"() => Math.abs(parseFloat(new URLSearchParams(location.search).get('dose'))"
        f" / {million * 1e6} - 1) < 0.01"
    )


def test_a_link_leads_back_to_the_same_place(explored, browser_page):
    explored.locator("#shape").select_option("dose_bell")
    explored.locator("#trait_female").select_option("no")
    drawn_after(explored, lambda: explored.locator("#memory").select_option("bistable_memory"))
    explored.wait_for_function("() => location.search.includes('female=no')")
    words, link = explored.locator("#score .read").inner_text(), explored.evaluate(LINK)
    assert "shape=dose_bell" in link
    browser_page.goto(f"/explore{link}")
    browser_page.wait_for_selector(SHOWN)
    assert browser_page.locator("#shape").input_value() == "dose_bell"
    assert browser_page.locator("#trait_female").input_value() == "no"
    assert browser_page.locator("#score .read").inner_text() == words
    assert browser_page.evaluate(LINK) == link


def test_no_effect_draws_the_twin(explored):
    drawn_after(explored, lambda: explored.locator("#potency").select_option("none"))
    explored.wait_for_function("() => location.search.includes('potency=none')")
    assert explored.locator("#own_null").is_disabled()
    words = explored.locator("#responders .read").first.inner_text()
    assert "difference 0 (" in words


def test_why_this_number_opens_and_closes_by_keyboard(explored, axe):
    explored.locator("[data-why=hold]").focus()
    explored.keyboard.press("Enter")
    rows = explored.locator("#why_table tbody tr")
    rows.first.wait_for()
    assert "measured" in rows.first.inner_text()
    assert explored.locator("#why a[href^='https://doi.org/']").count() > 0
    axe(explored)
    explored.keyboard.press("Escape")
    assert not explored.locator("#why").evaluate("(box) => box.open")
    assert explored.evaluate("() => document.activeElement.dataset.why") == "hold"


def test_files_are_of_the_place_that_is_shown(explored):
    drawn_after(explored, lambda: explored.locator("#weeks").press("End"))
    explored.wait_for_function("() => document.getElementById('csv').href.includes('weeks=104')")
    for name, ending in (("csv", "data.csv"), ("figure", "figure.svg"), ("trial", "protocol.yaml")):
        with explored.expect_download() as caught:
            explored.locator(f"#{name}").click()
        assert caught.value.suggested_filename == f"funis-explore-ra-{ending}"


def test_a_stratum_of_nobody_is_told_in_place(browser_page, watch):
    watch.allowed.add(422)
    browser_page.goto("/explore?disease=t1d&route=iv&dose=7e7&times=1&every=28&patients=20")
    browser_page.wait_for_selector(SHOWN)
    browser_page.locator("#trait_established").select_option("yes")
    browser_page.locator("#trait_presymptomatic").select_option("yes")
    browser_page.wait_for_function("() => !document.getElementById('fault').hidden")
    assert "plausible patients are so" in browser_page.locator("#fault").inner_text()
    browser_page.locator("#trait_presymptomatic").select_option("no")
    browser_page.wait_for_function("() => document.getElementById('fault').hidden")


def test_a_place_that_is_not_computed_dims_what_stands_below(explored, watch):
    results, headline = explored.locator("#results"), explored.locator("#headline")
    with away(explored, watch, "**/api/explore?*"):
        explored.locator("#times").press("End")
        expect(explored.locator("#fault")).to_contain_text("is it still running?")
        expect(results).to_have_class(re.compile("stale"))
        expect(headline).to_contain_text("Not computed for these controls")
    drawn_after(explored, lambda: explored.locator("#times").press("Home"))
    expect(results).not_to_have_class(re.compile("stale"))
    expect(headline).to_contain_text("Simulated.")
    expect(explored.locator("#fault")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
def test_no_number_of_what_was_published_is_cut_off(explored, width):
    explored.set_viewport_size({"width": width, "height": 900})
    table = explored.locator("#published")
    seen = table.evaluate("one => one.scrollWidth <= one.closest('.scroll').clientWidth + 1")
    assert seen
    expect(table.locator("tbody td").first).to_be_visible()


def test_another_disease_brings_its_own_controls(explored):
    explored.locator("#disease").select_option("ms")
    explored.wait_for_url(re.compile("disease=ms"))
    explored.wait_for_selector(SHOWN)
    explored.locator("#route").select_option("it")
    explored.wait_for_function("() => location.search.includes('route=it&')")
    assert explored.locator("#dose_iv").is_hidden()
    assert explored.locator("#dose_it").is_visible()


def test_on_a_phone_the_controls_are_folded_and_nothing_is_cut(explored, axe, shots):
    explored.set_viewport_size({"width": 360, "height": 800})
    explored.reload()
    explored.wait_for_selector(SHOWN)
    assert explored.locator("#times").is_hidden()
    explored.locator(".fold > summary").click()
    assert explored.locator("#times").is_visible()
    assert explored.evaluate("() => document.documentElement.scrollWidth") <= 360
    axe(explored)
    shots(explored, "explore_place")
