"""Evidence in a browser: filters, ticks, own text and slow questions, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from funis.apps.web.pages.evidence_impact import EXAMPLE

from .away import away

POOL = "/evidence/pool?disease=cd&endpoint=REMISSION"


@pytest.fixture
def studies(browser_page):
    """The list of studies, read."""
    browser_page.goto("/evidence")
    browser_page.locator("#found").wait_for(timeout=120_000)
    return browser_page


def lines(page):
    return page.locator("table.studies tbody tr")


def test_a_filter_redraws_the_list_and_the_address_keeps_it(studies, axe, shots):
    before = studies.locator("#count").inner_text()
    studies.get_by_label("Disease").select_option("ra")
    studies.get_by_label("randomised only").check()
    studies.wait_for_url(re.compile("disease=ra.*randomised=1"))
    expect(lines(studies)).to_have_count(15)
    assert studies.locator("#count").inner_text() != before
    studies.reload()
    expect(lines(studies)).to_have_count(15)
    assert studies.get_by_label("randomised only").is_checked()
    axe(studies)
    shots(studies, "evidence-studies")


def test_words_are_looked_for_while_they_are_typed_and_the_cursor_stays(studies):
    field = studies.get_by_label("Words in title")
    field.click()
    studies.keyboard.type("kafaja", delay=20)
    expect(lines(studies)).to_have_count(1)
    assert field.evaluate("one => one === document.activeElement")
    studies.keyboard.type(" nothing")
    studies.get_by_text("No study meets all of these wishes").wait_for()


def test_a_study_opens_from_the_keyboard_and_its_page_is_clean(studies, axe, shots):
    studies.get_by_label("Words in title").fill("kafaja")
    link = studies.get_by_role("link", name="kafaja2017_ra", exact=True)
    expect(lines(studies)).to_have_count(1)
    asked = []
    studies.on("request", lambda request: asked.append(request.url))
    link.focus()
    studies.wait_for_timeout(600)
    assert not asked  # who leaves the field keeps the list, and his place in it
    expect(link).to_be_focused()
    studies.keyboard.press("Enter")
    studies.wait_for_url(re.compile("/evidence/study/kafaja2017_ra"))
    assert studies.get_by_text("48 randomised patients").count()
    axe(studies)
    shots(studies, "evidence-study")


def test_a_forest_is_drawn_again_when_a_study_is_unticked_by_mouse_and_by_key(
    browser_page, axe, shots
):
    page = browser_page
    page.goto(POOL)
    pooled = page.locator("tr.pooled td.estimate")
    first = pooled.inner_text()
    page.get_by_label(re.compile("onken2006_cd")).uncheck()
    expect(pooled).not_to_have_text(first)
    assert page.locator("tbody.uncontrolled tr.study").count() == 2
    assert "study=forbes2014_cd" in page.url
    second = page.url
    page.get_by_label(re.compile("duijvestein2010_cd")).focus()
    page.keyboard.press("Space")
    page.get_by_text("not pooled: one study").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "t-duijvestein2010_cd"
    page.goto(second)
    assert page.locator("tbody.uncontrolled tr.study").count() == 2
    page.goto(POOL)
    axe(page)
    shots(page, "evidence-pool")


def test_a_forest_that_is_drawn_again_is_told_to_who_listens(browser_page):
    browser_page.goto(POOL)
    ticks = browser_page.locator(".ticks input")
    all_of_them = ticks.count()
    ticks.first.press("Space")
    said = browser_page.locator("#said")
    expect(said).to_contain_text(f"{all_of_them - 1} of {all_of_them} studies are ticked.")


def test_a_server_that_is_away_is_told_above_what_was_asked_for(browser_page, watch):
    browser_page.goto(POOL)
    trouble = browser_page.get_by_role("alert").filter(has_text="is it still running?")
    with away(browser_page, watch, "**/evidence/pool?*"):
        browser_page.locator(".ticks input").first.press("Space")
        expect(trouble).to_be_visible()
    browser_page.locator(".ticks input").first.press("Space")
    expect(trouble).to_be_hidden()


def test_details_of_a_study_show_on_focus_and_escape_puts_them_away(browser_page):
    page = browser_page
    page.goto(POOL)
    about = page.locator("#about-forbes2014_cd")
    assert not about.is_visible()
    page.get_by_role("link", name="Forbes 2014").focus()
    assert about.is_visible()
    page.keyboard.press("Escape")
    assert not about.is_visible()


def test_a_forest_needs_no_sideways_scrolling_on_a_phone(browser_page):
    page = browser_page
    for width in (320, 360, 768):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/evidence/pool?disease=ra&endpoint=ACR20")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, width


def test_own_text_is_checked_as_it_is_typed_and_a_file_is_opened(browser_page, axe, shots):
    page = browser_page
    page.goto("/evidence/impact")
    page.get_by_text("Fine: my_trial").wait_for(timeout=120_000)
    axe(page)
    shots(page, "evidence-own")
    text = page.get_by_label("Study", exact=True)
    text.fill(EXAMPLE.replace("events: 9", "events: 99"))
    page.locator("#checked .error").wait_for()
    assert "99" in page.locator("#checked").inner_text()
    page.get_by_label("Open a file").set_input_files(
        {"name": "x.yaml", "mimeType": "text/yaml", "buffer": EXAMPLE.encode()}
    )
    page.get_by_text("Fine: my_trial").wait_for()
    assert text.input_value() == EXAMPLE


def test_a_slow_question_shows_progress_and_can_be_stopped(browser_page, axe):
    page = browser_page
    page.goto("/evidence/impact/kafaja2017_ra")
    stop = page.get_by_role("button", name="Stop")
    stop.wait_for(timeout=120_000)
    axe(page)
    stop.click()
    page.get_by_text("Stopped.").wait_for()


def test_claims_have_an_address_each(browser_page, axe, shots):
    page = browser_page
    page.goto("/evidence/claims#5-ra")
    assert page.locator("article.claim").count() == 30
    axe(page)
    shots(page, "evidence-claims")
    page.get_by_label("Disease").select_option("sle")
    expect(page.locator("article.claim")).not_to_have_count(30)
    assert "disease=sle" in page.url
