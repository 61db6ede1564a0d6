"""The harness itself: what it must not let pass."""

import os

import pytest

from funis.pipeline.bench import chromium

from . import find_browser
from .harness import Watch, violations


def hurt(page, script):
    page.goto("/")
    page.evaluate(script)
    page.wait_for_timeout(200)


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("() => console.error('broken')", "console: broken"),
        ("() => { setTimeout(() => { throw new Error('thrown') }) }", "script: thrown"),
        ("() => { fetch('/nowhere') }", "answered 404: GET"),
        ("() => { new Image().src = 'http://127.0.0.1:9/a.png' }", "left the origin:"),
    ],
)
def test_a_page_that_does_wrong_is_noticed(script, fault, browser_page, watch):
    hurt(browser_page, script)
    assert any(fault in line for line in watch.faults), watch.faults
    watch.faults.clear()


def test_a_refusal_that_a_test_expects_is_no_fault(browser_page, watch):
    watch.allowed.add(404)
    hurt(browser_page, "() => { fetch('/nowhere') }")
    assert watch.faults == []


def test_axe_notices_a_field_without_a_label_and_a_faint_text(browser_page):
    browser_page.goto("/runs")
    browser_page.evaluate(
        "() => document.querySelector('main').insertAdjacentHTML('beforeend',"
        ' \'<input type="text"><p class="faint">faint</p>\')'
    )
    browser_page.evaluate("() => { document.querySelector('.faint').style.color = '#eee' }")
    rules = {line.split(":")[0] for line in violations(browser_page, schemes=["light"])}
    assert {"label", "color-contrast"} <= rules


def test_a_page_is_watched_at_its_own_origin_alone():
    watch = Watch("http://127.0.0.1:1")
    request = type("Request", (), {"url": "http://127.0.0.1:10/x"})
    watch._asked(request)
    assert watch.faults == ["left the origin: http://127.0.0.1:10/x"]


def test_a_named_browser_that_is_none_is_refused_in_one_line(monkeypatch, capsys):
    monkeypatch.delenv("NO_BROWSER", raising=False)
    monkeypatch.setenv("FUNIS_CHROMIUM", "/no/such/chromium")
    assert find_browser.main() == 1
    said = capsys.readouterr()
    assert (
        said.err == "FUNIS_CHROMIUM is '/no/such/chromium', which is no program that can be run\n"
    )


def test_without_a_browser_and_without_rights_one_line_says_what_to_do(monkeypatch, capsys):
    monkeypatch.delenv("NO_BROWSER", raising=False)
    monkeypatch.delenv("FUNIS_CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "candidates", lambda: iter(()))
    monkeypatch.setattr(find_browser, "_right", lambda: None)
    assert find_browser.main() == 1
    assert capsys.readouterr().err == f"{find_browser.NONE}\n"


def test_an_installer_that_fails_says_nothing_beside_the_one_line(monkeypatch, capfd, tmp_path):
    monkeypatch.delenv("NO_BROWSER", raising=False)
    monkeypatch.delenv("FUNIS_CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "candidates", lambda: iter(()))
    monkeypatch.setattr(find_browser, "_right", list)
    fake = tmp_path / "apt-get"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\necho out\necho E: broken >&2\nexit 100\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert find_browser.main() == 1
    said = capfd.readouterr()
    assert said.err == f"{find_browser.NONE}\n"
    assert said.out == "no Chromium found: installing chromium and fonts-liberation with apt-get\n"
    assert "install" in (tmp_path / "asked").read_text()


def test_tests_of_pages_are_left_out_on_demand(monkeypatch, capsys):
    monkeypatch.setenv("NO_BROWSER", "1")
    assert find_browser.main() == 0
    assert "left out" in capsys.readouterr().out
