"""The page Home by keyboard and by mouse."""


def test_what_is_not_known_opens_by_keyboard(browser_page):
    browser_page.goto("/")
    browser_page.wait_for_selector("#disease-ra", timeout=120_000)
    summary = browser_page.locator("#disease-ra summary")
    summary.focus()
    browser_page.keyboard.press("Enter")
    assert browser_page.locator("#disease-ra details li").first.is_visible()
    browser_page.keyboard.press("Enter")
    assert not browser_page.locator("#disease-ra details li").first.is_visible()


def test_a_card_leads_to_the_disease_by_mouse(browser_page):
    browser_page.goto("/")
    browser_page.wait_for_selector("#disease-ra", timeout=120_000)
    browser_page.locator("#disease-ra .links a", has_text="Evidence").click()
    browser_page.wait_for_url("**/evidence?disease=ra")
    assert browser_page.locator("h1").count() == 1
