"""A page of a running workbench in a browser; the test fails on whatever goes wrong in it."""

import os
from pathlib import Path

import pytest

from funis.cache import CACHE_VARIABLE
from funis.pipeline.bench.chromium import NoBrowser, find_browser

from ..serving import cache_without
from .find_browser import left_out
from .harness import FLAGS, WIDTHS, Watch, served, take_shots, violations

HERE = Path(__file__).parent
WHY = "NO_BROWSER is set"


def pytest_collection_modifyitems(items):
    """Leave the tests of this folder out where no browser is wanted."""
    if left_out():
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=WHY))


@pytest.fixture(scope="session")
def workbench(tmp_path_factory):
    """A running workbench with a folder of its own; what a study changes is known of none."""
    place = tmp_path_factory.mktemp("served")
    cache = cache_without(place / "cache", "impact", "surfaces")
    with served(place / "workbench", **{CACHE_VARIABLE: cache}) as workbench:
        yield workbench


# Of the package, not of the session: a driver that runs would get in the way of other event loops.
@pytest.fixture(scope="package")
def browser():
    """The Chromium of this machine."""
    from playwright.sync_api import sync_playwright

    try:
        place = find_browser()
    except NoBrowser as error:
        pytest.fail(f"{error}, or leave these tests out with NO_BROWSER=1", pytrace=False)
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=place, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def session(browser, workbench):
    """Cookies of a session that a one-time address has opened, as Playwright keeps them.

    Tests outside of this folder, run in between, end it and the browser; the workbench stays.
    """
    context = browser.new_context()
    opened = context.new_page().goto(workbench.opening)
    assert opened.ok, f"{opened.url} answered {opened.status}: {opened.text()[:300]}"
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def watch(workbench):
    """What goes wrong in the page of this test; `watch.allowed.add(422)` expects a refusal."""
    return Watch(workbench.origin)


@pytest.fixture
def browser_page(browser, session, workbench, watch):
    """A page with an open session, watched; `browser_page.goto("/runs")` goes to a place."""
    size = {"width": 1280, "height": WIDTHS[1280]}
    context = browser.new_context(
        storage_state=session, base_url=workbench.origin, viewport=size, accept_downloads=True
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    watch.look_at(page)
    yield page
    context.close()
    if watch.faults:
        pytest.fail("\n".join(dict.fromkeys(watch.faults)), pytrace=False)


@pytest.fixture
def axe():
    """Hold a page as it stands against axe: light and dark, narrow and wide."""

    def check(page, **looks):
        found = violations(page, **looks)
        if found:
            pytest.fail("\n".join(found), pytrace=False)

    return check


@pytest.fixture
def shots():
    """Write pictures of a page into the folder that FUNIS_SHOTS names; nothing without one."""

    def take(page, name):
        folder = os.environ.get("FUNIS_SHOTS", "")
        if folder:
            take_shots(page, name, Path(folder))

    return take
