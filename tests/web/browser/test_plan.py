"""The page Plan in a browser: by mouse, by keyboard, what is saved and what is refused."""

import json

import pytest
from playwright.sync_api import expect

from funis.plan.consultation import read_consultation
from funis.plan.consultation_text import consultation_yaml
from funis.report.plan import BANNER

from .away import away


@pytest.fixture
def plan(browser_page):
    browser_page.goto("/plan?disease=ra")
    return browser_page


def picked(page, name):
    return page.locator(f'[data-pick="{name}"]').inner_text()


def settled(page):
    """The page has shown what follows from the form as it stands."""
    page.wait_for_function("!document.querySelector('#results').classList.contains('stale')")


def test_a_changed_answer_changes_the_criteria_and_a_wrong_one_is_told_beside_it(plan):
    allergy = plan.get_by_role("group", name="Allergies")
    allergy.locator("summary").click()
    allergy.get_by_label("dimethyl sulfoxide (DMSO)").check()
    expect(plan.locator(".counts .not strong")).to_have_text("1")
    expect(plan.locator("#announce")).to_contain_text("1 criterion not met")
    crp = plan.locator('[id="in-severity.crp"]')
    crp.fill("900")
    fault = plan.locator('[data-fault="severity.crp"]')
    expect(fault).to_have_text("900 cannot be; expected 0.1 to 400.")
    expect(crp).to_have_attribute("aria-invalid", "true")
    expect(plan.locator("#results")).to_have_class("stale")
    crp.fill("12")
    expect(fault).to_be_empty()
    expect(plan.locator("#results")).not_to_have_class("stale")


def test_the_slider_moves_dose_vials_load_and_the_predicted_response_together(plan, axe, shots):
    expect(plan.locator(".simulated-mark").first).to_have_text(BANNER)
    plan.get_by_role("button", name="Predict the course").last.click()
    expect(plan.locator("#course-result figure").first).to_be_visible(timeout=60_000)
    expect(plan.locator("#announce")).to_contain_text("placebo")
    names = ("functional", "vials", "dmso", "treated", "difference")
    before = {name: picked(plan, name) for name in names}
    line = plan.locator(".thaw .for-wide line.cursor")
    x = line.get_attribute("x1")
    plan.locator("#hold").focus()
    plan.keyboard.press("End")
    after = {name: picked(plan, name) for name in names}
    assert all(before[name] != after[name] for name in names)
    assert line.get_attribute("x1") != x
    assert "385 minutes" in plan.locator("#hold").get_attribute("aria-valuetext")
    expect(plan.locator("#sheet")).to_contain_text("385 minutes after thaw")
    assert plan.locator("#course-result figure").count() >= 2, "what was predicted stays"
    plan.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    axe(plan)
    shots(plan, "plan-course")


def test_the_slider_right_after_a_change_takes_the_change_along(plan):
    plan.locator('[id="in-age_year"]').fill("81")
    plan.locator("#hold").scroll_into_view_if_needed()
    slider = plan.locator("#hold").bounding_box()
    plan.mouse.click(slider["x"] + 0.7 * slider["width"], slider["y"] + slider["height"] / 2)
    expect(plan.locator(".counts .not strong")).to_have_text("1")
    minute = plan.locator("#hold-minute").inner_text()
    assert int(minute) > 100, "the time that was picked stays"
    expect(plan.locator("#sheet")).to_contain_text(f"{minute} minutes after thaw")


def test_a_faulty_form_refuses_files_and_predictions_where_they_were_asked_for(plan):
    plan.locator('[id="in-severity.crp"]').fill("900")
    expect(plan.locator("#results")).to_have_class("stale")
    plan.locator('.row [data-predict="course"]').click()
    expect(plan.locator("#course-result [role=alert]")).to_contain_text("has to be right before")
    plan.locator('[data-file="plan.pdf"]').click()
    expect(plan.locator("#download-fault [role=alert]")).to_contain_text("has to be right before")


def test_a_server_that_is_away_is_told_and_the_old_results_are_dimmed(plan, watch):
    with away(plan, watch, "**/plan/results"):
        plan.locator('[id="in-age_year"]').fill("52")
        expect(plan.locator("#file-fault [role=alert]")).to_contain_text("is it still running?")
        expect(plan.locator("#results")).to_have_class("stale")
    plan.locator('[id="in-age_year"]').fill("53")
    expect(plan.locator("#file-fault")).to_be_empty()
    expect(plan.locator("#results")).not_to_have_class("stale")


def test_a_plan_is_made_by_keyboard_alone(plan):
    keys = plan.keyboard
    plan.locator("#of").focus()
    keys.press("ArrowDown")
    expect(plan.locator(".banner")).to_contain_text("monthly")
    assert "of=ra_demo" in plan.url
    for _ in range(200):
        keys.press("Tab")
        if plan.evaluate("document.activeElement.name") == "age_year":
            break
    keys.press("Control+a")
    keys.type("81")
    keys.press("Tab")
    expect(plan.locator(".counts .not strong")).to_have_text("1")
    assert plan.evaluate("document.activeElement.name") == "sex", "focus stays in the form"
    plan.locator("#hold").focus()
    keys.press("ArrowRight")
    expect(plan.locator("#hold-minute")).to_have_text("35")
    for _ in range(200):
        keys.press("Tab")
        if plan.evaluate("document.activeElement.dataset.predict") == "course":
            break
    keys.press("Enter")
    expect(plan.locator("#course-result")).to_contain_text("Predicted for cells", timeout=60_000)


def test_a_prediction_can_be_stopped(plan):
    plan.locator('.row [data-predict="course"]').click()
    stop = plan.locator('[data-stop="course"]')
    expect(stop).to_be_visible()
    stop.click()
    expect(stop).to_be_hidden()
    expect(plan.locator("#course-result")).to_be_empty()


def test_files_are_saved_on_ones_own_disk(plan, tmp_path):
    heads = {"consultation.yaml": b"# A virtual", "calendar.ics": b"BEGIN:VCALENDAR",
             "fhir.json": b"{"}  # fmt: skip
    for name, head in heads.items():
        with plan.expect_download() as waiting:
            plan.locator(f'[data-file="{name}"]').click()
        place = tmp_path / name
        waiting.value.save_as(place)
        assert waiting.value.suggested_filename == name
        assert place.read_bytes().startswith(head)


def test_a_saved_consultation_fills_in_the_form_and_a_foreign_bundle_is_refused(
    plan, watch, tmp_path
):
    saved = tmp_path / "uc.yaml"
    saved.write_text(consultation_yaml(read_consultation("uc")), encoding="utf-8")
    plan.locator("#file").set_input_files(saved)
    expect(plan.get_by_role("link", name="Ulcerative colitis")).to_have_attribute(
        "aria-current", "true"
    )
    expect(plan.locator(".counts .not strong")).to_have_text("2")
    watch.allowed.add(422)
    foreign = tmp_path / "bundle.json"
    foreign.write_text(json.dumps({"resourceType": "Bundle", "type": "collection"}))
    plan.locator("#file").set_input_files(foreign)
    expect(plan.locator("#file-fault")).to_contain_text("without the security label HTEST")


def test_another_drug_has_a_row_of_its_own(plan):
    drugs = plan.get_by_role("group", name="Drugs taken now or before")
    rows = drugs.locator(".entry").count()
    drugs.get_by_role("button", name="Another row").click()
    assert drugs.locator(".entry").count() == rows + 1
    drugs.locator(".entry").last.get_by_label("Drug").select_option("tofacitinib")
    expect(plan.locator(".counts .not strong")).to_have_text("2")


def test_an_empty_form_says_what_to_begin_with(browser_page, axe, shots):
    browser_page.goto("/plan?disease=sle&consultation=")
    expect(browser_page.locator("#results")).to_contain_text("Choose a weight band")
    browser_page.get_by_label("Weight band").select_option("70")
    expect(browser_page.locator(".counts .cannot strong")).not_to_have_text("0")
    axe(browser_page)
    shots(browser_page, "plan-empty")
