"""The page Model in a browser: by mouse, by keyboard, with axe, at every width."""

import pytest

from funis.models import library_folder

from .harness import WIDTHS

PATHS = (
    "/model/ra", "/model/ra/equations", "/model/ra/equations/TH1", "/model/ra/parameters",
    "/model/ra/parameters/potency", "/model/ra/structures", "/model/ra/scores",
    "/model/ra/scores/DAS28_CRP", "/model/ra/tests", "/model/ra/diff",
)  # fmt: skip
FIRST_MS = 120_000
HERE = "() => document.activeElement.dataset.node"


@pytest.fixture(scope="module", autouse=True)
def opened(browser, session, workbench):
    """The model of a disease is composed when it is first opened; other tests share the machine."""
    context = browser.new_context(storage_state=session, base_url=workbench.origin)
    context.new_page().goto("/model/ra", timeout=FIRST_MS)
    context.close()


@pytest.mark.parametrize("path", PATHS)
def test_every_part_is_open_to_all_and_as_wide_as_the_screen(path, browser_page, axe, shots):
    browser_page.goto(path, wait_until="networkidle")
    assert browser_page.locator("h1").count() == 1
    for width, height in WIDTHS.items():
        browser_page.set_viewport_size({"width": width, "height": height})
        browser_page.wait_for_timeout(60)
        assert browser_page.evaluate("() => document.documentElement.scrollWidth") <= width
    axe(browser_page)
    shots(browser_page, path.strip("/").replace("/", "-"))


def test_a_box_under_the_mouse_lights_its_neighbours(browser_page):
    browser_page.goto("/model/ra", wait_until="networkidle")
    browser_page.locator('[data-node="TH1"]').hover()
    lit = browser_page.locator(".arrow.lit")
    assert lit.count() > 5
    ends = lit.evaluate_all("all => all.map((one) => [one.dataset.from, one.dataset.to])")
    assert all("TH1" in pair for pair in ends)
    near = browser_page.locator(".node.near").evaluate_all("all => all.map(n => n.dataset.node)")
    assert {"TRG", "IL10", "U_sys"} <= {*near}
    assert "ERO" not in near


def test_a_click_opens_the_equation_beside_the_diagram(browser_page):
    browser_page.goto("/model/ra", wait_until="networkidle")
    browser_page.locator('[data-node="TH1"]').click()
    panel = browser_page.locator("#panel")
    panel.locator("math").first.wait_for()
    assert "regulatory T cells" in panel.inner_text()
    panel.get_by_role("link", name="k_T", exact=True).last.click()
    browser_page.wait_for_url("**/parameters/k_T")
    browser_page.get_by_role("link", name="TH1", exact=True).first.click()
    browser_page.wait_for_url("**/equations/TH1")


def test_the_keyboard_walks_the_diagram_and_opens_a_box(browser_page):
    browser_page.goto("/model/ra", wait_until="networkidle")
    first = browser_page.locator('.node[tabindex="0"]')
    assert first.count() == 1
    first.focus()
    start = browser_page.evaluate(HERE)
    browser_page.keyboard.press("ArrowRight")
    browser_page.keyboard.press("ArrowRight")
    moved = browser_page.evaluate(HERE)
    assert moved not in (None, start)
    assert browser_page.locator('.node[tabindex="0"]').count() == 1
    browser_page.keyboard.press("Enter")
    browser_page.locator("#panel math").first.wait_for()
    assert moved in browser_page.locator("#panel h2").inner_text()


def test_the_diagram_grows_and_shrinks_by_button_and_key(browser_page):
    browser_page.goto("/model/ra", wait_until="networkidle")
    width = "() => document.querySelector('svg.diagram').getBoundingClientRect().width"
    whole = browser_page.evaluate(width)
    browser_page.get_by_role("button", name="Zoom in").click()
    assert browser_page.evaluate(width) > 1.2 * whole
    browser_page.locator(".diagram-frame").focus()
    browser_page.keyboard.press("0")
    assert browser_page.evaluate(width) == pytest.approx(whole, abs=2)
    browser_page.keyboard.press("+")
    assert browser_page.evaluate(width) > 1.2 * whole


def test_what_a_structure_switches_on_shows_when_asked(browser_page):
    browser_page.goto("/model/ra", wait_until="networkidle")
    arrow = browser_page.locator('.arrow.asleep[data-from="VEGF"][data-to="SYN"]')
    assert arrow.evaluate("one => getComputedStyle(one).display") == "none"
    browser_page.get_by_label("Also show what only a structural").check()
    assert arrow.evaluate("one => getComputedStyle(one).display") != "none"


def test_a_phone_reads_the_diagram_as_a_list(browser_page):
    browser_page.set_viewport_size({"width": 360, "height": 800})
    browser_page.goto("/model/ra", wait_until="networkidle")
    assert not browser_page.locator(".diagram-frame").is_visible()
    row = browser_page.locator(".nodes-list li", has_text="Th1 cells TH1")
    assert "lowered by regulatory T cells" in row.inner_text()


def test_parameters_follow_the_filter_while_typing(browser_page):
    browser_page.goto("/model/ra/parameters", wait_until="networkidle")
    browser_page.get_by_label("12 measured").check()
    browser_page.get_by_text("12 of 176 parameters.").wait_for()
    browser_page.get_by_label("Words in a name").fill("Patel")
    browser_page.get_by_text("1 of 176 parameters.").wait_for()
    assert browser_page.locator("table.numbers tbody tr").count() == 1


def test_an_address_opens_the_part_that_it_points_to(browser_page):
    browser_page.goto("/model/ra/equations#eq-TH1", wait_until="networkidle")
    assert browser_page.locator("#eq-TH1").is_visible()


def test_a_model_of_ones_own_is_compared(browser_page, watch, tmp_path):
    text = (library_folder() / "diseases" / "ra" / "model.ant").read_text(encoding="utf-8")
    own = tmp_path / "model.ant"
    own.write_text(text.replace("0.5*D + 0.3*FLS", "0.6*D + 0.2*FLS"), encoding="utf-8")
    browser_page.goto("/model/ra/diff", wait_until="networkidle")
    browser_page.get_by_label("Choose model.ant").set_input_files(own)
    browser_page.wait_for_function("() => document.getElementById('model').value.length > 100")
    browser_page.get_by_role("button", name="Compare").click()
    browser_page.get_by_role("heading", name="Equations: 1 differ").wait_for()
    assert "0.6*D + 0.2*FLS" in browser_page.locator("#differences").inner_text()
    watch.allowed.add(422)
    browser_page.get_by_label("Text of parameters.yaml").fill("parameters: [")
    browser_page.get_by_role("button", name="Compare").click()
    browser_page.get_by_role("alert").wait_for()
    assert "parameters.yaml" in browser_page.get_by_role("alert").inner_text()


def test_without_scripts_the_links_and_filters_still_work(browser, session, workbench):
    context = browser.new_context(
        java_script_enabled=False, storage_state=session, base_url=workbench.origin
    )
    page = context.new_page()
    page.goto("/model/ra/parameters")
    page.get_by_label("12 measured").check()
    page.get_by_role("button", name="Show").click()
    assert page.get_by_text("12 of 176 parameters.").count() == 1
    page.goto("/model/ra")
    page.locator('[data-node="TH1"]').click()
    page.wait_for_url("**/equations/TH1")
    context.close()
