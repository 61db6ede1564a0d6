"""The page Trial by mouse and by keyboard, up to one patient of one virtual trial."""

import re

import pytest
from playwright.sync_api import expect

from .away import away

DOSE = '[data-key="dose-1-0-{}"]'


@pytest.fixture
def editor(browser_page):
    """The editor with the smallest trial, drawn."""
    browser_page.goto("/trial?trial=ra_two_arm", wait_until="networkidle")
    expect(browser_page.locator(DOSE.format(3))).to_be_visible()
    return browser_page


def test_a_dose_is_moved_added_and_removed_by_keyboard(editor):
    text = editor.locator("#text")
    editor.locator(DOSE.format(1)).focus()
    editor.keyboard.press("Shift+ArrowRight")
    expect(text).to_have_value(re.compile(r"days: \[0, 35, 56, 84\]"))
    expect(editor.locator("#said")).to_have_text("dose moved to day 35")
    expect(editor.locator(DOSE.format(1))).to_be_focused()
    editor.keyboard.press("ArrowLeft")
    expect(text).to_have_value(re.compile(r"days: \[0, 34, 56, 84\]"))
    expect(editor.locator(DOSE.format(1))).to_be_focused()
    editor.keyboard.press("Delete")
    expect(text).to_have_value(re.compile(r"days: \[0, 56, 84\]"))
    expect(editor.locator(DOSE.format(1))).to_be_focused()
    editor.keyboard.press("Enter")
    expect(text).to_have_value(re.compile(r"days: \[0, 56, 84, 84\]"))
    expect(editor.locator("#numbers")).to_contain_text("4 doses")


def test_a_dose_and_a_visit_are_dragged_by_mouse(editor):
    def drag(key, pixels):
        box = editor.locator(f'[data-key="{key}"]').bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        editor.mouse.move(*middle)
        editor.mouse.down()
        editor.mouse.move(middle[0] + pixels, middle[1], steps=4)
        editor.mouse.up()

    drag("dose-1-0-2", 60)
    expect(editor.locator("#said")).to_have_text(re.compile(r"dose moved to day \d+"))
    expect(editor.locator("#text")).to_have_value(re.compile(r"days: \[0, 28, (6[0-9]|7[0-9]), 84"))
    drag("visit-3", -80)
    expect(editor.locator("#said")).to_have_text(re.compile(r"visit moved to week 2\d"))
    expect(editor.locator("#issues")).to_have_text("No errors: this trial can be conducted.")


def test_a_visit_takes_its_endpoint_along(editor):
    editor.locator('[data-key="visit-2"]').focus()
    editor.keyboard.press("ArrowRight")
    expect(editor.locator("#text")).to_have_value(re.compile(r"endpoint: ACR20, week: 13"))
    expect(editor.locator("#issues")).to_have_text("No errors: this trial can be conducted.")


def test_the_form_and_the_text_follow_each_other(editor):
    cells = editor.get_by_label("Million cells a dose")
    cells.fill("2")
    cells.press("Tab")
    expect(editor.locator("#text")).to_have_value(re.compile(r"dose_cell_per_kg: 2\.0e\+6"))
    expect(editor.locator("#numbers")).to_contain_text("8 million/kg")
    text = editor.locator("#text")
    text.fill(text.input_value().replace("patients_per_arm: 60", "patients_per_arm: 75"))
    expect(editor.get_by_label("Patients an arm").first).to_have_value("75")
    editor.get_by_role("button", name="Undo").click()
    expect(editor.get_by_label("Patients an arm").first).to_have_value("60")


def test_a_fault_is_shown_while_typing_and_mended_by_its_nearest_name(editor, axe):
    text = editor.locator("#text")
    text.fill(text.input_value().replace("role: primary", "role: primry"))
    expect(editor.locator("#issues")).to_contain_text("primry")
    expect(editor.locator("#design-form button.primary")).to_be_disabled()
    axe(editor)
    editor.get_by_role("button", name="Use 'primary'").click()
    expect(editor.locator("#issues")).to_have_text("No errors: this trial can be conducted.")
    expect(editor.locator("#design-form button.primary")).to_be_enabled()
    text.fill("arms: [")
    expect(editor.locator("#issues")).to_contain_text("not valid YAML")


def test_a_new_trial_begins_with_the_least_there_is(browser_page, shots):
    browser_page.goto("/trial?new=ms", wait_until="networkidle")
    expect(browser_page.locator("#issues")).to_have_text("No errors: this trial can be conducted.")
    browser_page.get_by_role("button", name="Copy the arm Cells, once").click()
    expect(browser_page.locator("#numbers")).to_contain_text("in 3 arms")
    shots(browser_page, "trial_new")


def test_of_a_file_of_ones_own_the_workbench_keeps_nothing_and_it_can_be_saved(
    editor, tmp_path, workbench
):
    def kept():
        return [one for one in workbench.folder.rglob("*") if b"id: mine" in content(one)]

    def content(path):
        return path.read_bytes() if path.is_file() else b""

    own = tmp_path / "mine.yaml"
    own.write_text("# mine\nid: mine\n", encoding="utf-8")
    editor.locator("#from-file").set_input_files(own)
    expect(editor.locator("#issues")).to_contain_text("missing")
    with editor.expect_download() as saved:
        editor.get_by_role("button", name="Save as file").click()
    assert saved.value.suggested_filename == "mine.yaml"
    assert saved.value.path().read_bytes() == own.read_bytes()
    assert kept() == []


def test_a_design_grows_and_a_dot_opens_down_to_a_patient_beside_his_twin(editor, axe, shots):
    editor.get_by_label("Patients in all arms").fill("8,16")
    editor.get_by_label("Trials a draw").fill("2")
    editor.get_by_label("Patients a draw").fill("16")
    editor.get_by_text("Competing forms of the model, shown").click()
    ticked = editor.locator("[name=structure]:checked")
    while ticked.count():
        ticked.first.uncheck()
    editor.get_by_role("button", name="Design", exact=True).click()
    editor.wait_for_url("**/trial/jobs/*")
    expect(editor.locator("#power svg.chart")).to_be_visible(timeout=120_000)
    expect(editor.locator("#state")).to_have_text("Done.", timeout=120_000)
    expect(editor.locator("#power")).to_contain_text("type I error")
    expect(editor.locator("#power .banner")).to_contain_text("randomised studies")
    reach = editor.locator("#dots-reach")
    reach.focus()
    editor.keyboard.press("End")
    assert reach.get_attribute("aria-valuetext").startswith("Trial ")
    editor.keyboard.press("Enter")
    expect(editor.locator("#patient svg.chart")).to_be_visible(timeout=60_000)
    expect(editor.locator("#opened .banner")).to_contain_text("Evidence:")
    assert "replicate=" in editor.url
    editor.get_by_role("button", name="Show patient 16").click()
    expect(editor.locator("#patient h3")).to_contain_text("Patient 16 of the arm msc, beside his")
    assert editor.locator("#patient .band").count() >= 3
    assert editor.url.endswith("patient=16")
    axe(editor)
    shots(editor, "trial_job")
    editor.reload(wait_until="networkidle")
    expect(editor.locator("#patient h3")).to_contain_text("Patient 16 of", timeout=60_000)
    editor.locator(".dot").first.click(force=True)
    expect(editor.locator("#opened h2")).to_contain_text(", 16 patients", timeout=60_000)


def test_a_run_is_followed_to_its_results(editor, axe, shots):
    editor.locator("#run-patients").fill("4")
    editor.locator("#run-ensemble").select_option("none")
    editor.get_by_role("button", name="Run", exact=True).click()
    editor.wait_for_url("**/trial/jobs/*")
    expect(editor.locator("#state")).to_have_text("Done.", timeout=120_000)
    expect(editor.get_by_role("link", name="Report")).to_be_visible()
    known = editor.locator("#known")
    expect(known).to_contain_text("Each arm beside the reference")
    expect(known.locator("table").first).to_contain_text("ACR 20 % response at week 12")
    expect(known.locator("table").first).to_contain_text("percentage points")
    expect(known.locator("caption").first).to_be_visible()
    axe(editor)
    shots(editor, "trial_run")


def test_no_cells_at_all_are_refused_by_the_check(editor):
    cells = editor.get_by_label("Million cells a dose")
    cells.fill("0")
    cells.press("Tab")
    expect(editor.locator("#issues .alert.error")).to_contain_text("dose_cell_per_kg")
    expect(editor.locator("#run-form button.primary")).to_be_disabled()


def test_a_server_that_is_away_is_told_where_it_was_asked(editor, watch):
    with away(editor, watch, "**/api/jobs"):
        button = editor.get_by_role("button", name="Run", exact=True)
        button.click()
        expect(editor.locator("#run-form [role=alert]")).to_contain_text("is it still running?")
        expect(button).to_be_enabled()


def test_a_refused_number_is_named_by_its_label(editor, watch):
    watch.allowed.add(422)
    editor.get_by_label("Patients a draw").fill("9000000")
    editor.locator("#design-form").evaluate("form => { form.noValidate = true; }")
    editor.get_by_role("button", name="Design", exact=True).click()
    expect(editor.locator("#design-form [role=alert]")).to_contain_text("Patients a draw: ")
    expect(editor.get_by_label("Patients a draw")).to_have_attribute("aria-invalid", "true")
    editor.get_by_label("Patients a draw").fill("16")
    editor.get_by_role("button", name="Design", exact=True).click()
    refusal = editor.locator("#design-form [role=alert]")
    expect(refusal).to_contain_text("Patients in all arms: 60 patients in all arms are more than")
    expect(refusal).to_contain_text("“Patients a draw” 128 follows as many")
    expect(editor.get_by_label("Patients in all arms")).to_have_attribute("aria-invalid", "true")


def test_a_browser_that_comes_back_checks_what_stands_in_the_text(editor):
    text = editor.locator("#text")
    text.fill(text.input_value().replace("patients_per_arm: 60", "patients_per_arm: 75"))
    editor.goto("/runs")
    editor.go_back()
    expect(editor.locator("#numbers")).to_contain_text("150 patients in 2 arms")
    expect(editor.get_by_label("Patients an arm").first).to_have_value("75")


def test_what_is_typed_beside_the_dots_stays_while_a_design_grows(editor):
    editor.get_by_label("Patients in all arms").fill("8,16")
    editor.get_by_label("Trials a draw").fill("3000")
    editor.get_by_label("Patients a draw").fill("128")
    editor.get_by_role("button", name="Design", exact=True).click()
    editor.wait_for_url("**/trial/jobs/*")
    number = editor.get_by_label("Any trial by its number")
    number.fill("17", timeout=120_000)
    number.focus()
    drawn = editor.locator("#state p").inner_text()
    editor.wait_for_function(
        "before => document.querySelector('#state p').textContent !== before", arg=drawn
    )
    expect(number).to_have_value("17")
    expect(number).to_be_focused()
    editor.get_by_role("button", name="Cancel").click()
    expect(editor.locator("#state")).to_contain_text("Cancelled.", timeout=60_000)
    editor.get_by_role("link", name="Back to this trial").click()
    expect(editor.locator("#whole")).to_contain_text("Four monthly infusions")


TWO_DOTS = """async () => {
  const { open_trial } = await import("/static/trial_twin.js");
  const box = document.body.appendChild(document.createElement("div"));
  const ask = window.fetch, waits = [];
  window.fetch = (path, { signal }) => new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("x", "AbortError")));
    const body = JSON.stringify({ detail: [path] });
    waits.push(() => resolve(new Response(body, { status: 404 })));
  });
  const opened = [1, 2].map((n) => open_trial(box, "j", { n: 8, replicate: n }, () => {}));
  for (const late of [1, 0]) {
    waits[late]();
    await opened[late];
  }
  window.fetch = ask;
  return box.textContent;
}"""


def test_of_two_dots_the_one_opened_last_is_shown_though_the_first_answers_later(editor):
    assert "replicate=2" in editor.evaluate(TWO_DOTS)


def test_a_job_is_cancelled(editor):
    editor.get_by_label("Patients in all arms").fill("250")
    editor.get_by_label("Trials a draw").fill("90000")
    editor.get_by_role("button", name="Design", exact=True).click()
    editor.wait_for_url("**/trial/jobs/*")
    editor.get_by_role("button", name="Cancel").click()
    expect(editor.locator("#state")).to_contain_text("Cancelled.", timeout=60_000)
    expect(editor.get_by_role("button", name="Cancel")).to_be_hidden()
