"""The page Runs by mouse and by keyboard."""

import json
import re
import shutil

import pytest

WAIT_MS = 120_000


@pytest.fixture
def stored(workbench, a_run):
    """Two runs in the workbench that is served."""
    folder = workbench.folder / "runs"
    for name in ("first", "second"):
        shutil.copytree(a_run, folder / name)
    yield folder
    for name in ("first", "second"):
        shutil.rmtree(folder / name, ignore_errors=True)


def code_of(folder, name="course-DAS28-CRP-msc"):
    manifest = json.loads((folder / "first" / "manifest.json").read_text())
    return next(row["code"] for row in manifest["figures"] if row["id"] == name)


def test_runs_a_run_a_comparison_and_a_reason_hold_before_axe(stored, browser_page, axe, shots):
    places = {
        "runs": "/runs",
        "runs-one": "/runs/first",
        "runs-two": "/runs?run=first&run=second",
        "runs-why": f"/runs?find={code_of(stored)}",
    }
    for name, path in places.items():
        browser_page.goto(path)
        browser_page.wait_for_load_state("networkidle")
        axe(browser_page)
        shots(browser_page, name)
        browser_page.set_viewport_size({"width": 360, "height": 800})
        assert browser_page.evaluate("() => document.documentElement.scrollWidth") <= 360, path


def test_a_code_is_searched_and_leads_to_the_run_that_drew_the_figure(stored, browser_page):
    shutil.rmtree(stored / "second")
    browser_page.goto("/runs")
    browser_page.get_by_label("Short code of a figure, or words").fill(code_of(stored).lower())
    browser_page.get_by_role("button", name="Search").click()
    browser_page.get_by_role("heading", name=f"Why {code_of(stored)}").wait_for()
    assert browser_page.locator(".why svg .curve.arm").count() == 1
    browser_page.locator(".why dl a").first.click()
    browser_page.wait_for_url("**/runs/first")


def test_two_are_ticked_and_compared_by_mouse(stored, browser_page):
    browser_page.goto("/runs")
    compare = browser_page.get_by_role("button", name="Compare the two ticked")
    assert compare.is_disabled()
    for name in ("first", "second"):
        browser_page.get_by_role("checkbox", name=re.compile(rf", {name}$")).check()
    compare.click()
    browser_page.get_by_role("heading", name="Two runs side by side").wait_for()
    assert "7 of 7 files are the same" in browser_page.locator(".lead").inner_text()


def test_a_run_is_made_again_while_one_watches(stored, browser_page):
    browser_page.goto("/runs/first")
    browser_page.get_by_role("button", name="Make again").click()
    browser_page.get_by_role("progressbar").wait_for()
    good = browser_page.locator("#jobs .good")
    good.wait_for(timeout=WAIT_MS)
    assert good.inner_text() == "✓ 7 of 7 files identical, 4 of 4 tables among them"
    browser_page.get_by_text("File by file").click()
    assert browser_page.locator("#jobs tbody tr").count() == 7
    assert "files identical" in browser_page.locator("#told").inner_text()


def test_deletion_asks_first_and_keeps_by_default(stored, browser_page):
    browser_page.goto("/runs")
    delete = browser_page.locator("[data-delete=first]")
    delete.click()
    assert browser_page.locator("dialog").is_visible()
    browser_page.keyboard.press("Escape")
    delete.click()
    browser_page.keyboard.press("Enter")  # the button that has the focus keeps the run
    assert not browser_page.locator("dialog").is_visible()
    assert (stored / "first").is_dir()
    delete.click()
    browser_page.get_by_role("button", name="Delete for good").click()
    browser_page.locator("#run-first").wait_for(state="detached")
    assert not (stored / "first").exists()
    assert browser_page.locator("#run-second").is_visible()


def test_a_deleted_run_is_no_longer_counted_among_the_ticked(stored, browser_page):
    browser_page.goto("/runs")
    for name in ("first", "second"):
        browser_page.locator(f"#run-{name}").get_by_role("checkbox").check()
    compare = browser_page.get_by_role("button", name="Compare the two ticked")
    assert compare.is_enabled()
    browser_page.locator("[data-delete=first]").click()
    browser_page.get_by_role("button", name="Delete for good").click()
    browser_page.locator("#run-first").wait_for(state="detached")
    assert compare.is_disabled()
    assert browser_page.locator("#ticked").inner_text() == "Tick 1 more"


def test_a_run_is_ticked_and_deleted_by_keyboard_alone(stored, browser_page):
    browser_page.goto("/runs")
    browser_page.locator("#find").focus()
    for _ in range(40):
        browser_page.keyboard.press("Tab")
        if browser_page.evaluate("() => document.activeElement.type === 'checkbox'"):
            browser_page.keyboard.press("Space")
        if browser_page.evaluate("() => document.activeElement.dataset.delete === 'second'"):
            break
    assert browser_page.get_by_role("checkbox", checked=True).count() >= 1
    browser_page.keyboard.press("Enter")
    browser_page.keyboard.press("Tab")
    browser_page.keyboard.press("Enter")
    browser_page.locator("#run-second").wait_for(state="detached")
    assert not (stored / "second").exists()
    assert browser_page.evaluate("() => document.activeElement.id") == "find"
