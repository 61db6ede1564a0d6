import json

import pytest

from funis.apps import terminal
from funis.checks import Issue, IssueList
from funis.pipeline.processes import silent
from funis.pipeline.tables import Table


def test_a_document_is_printed_at_the_end_and_alone(capfd):
    with terminal.one_document(True) as put:
        print("chatter")
        assert put({"a": [1, None]}) == 0
        assert capfd.readouterr().out == ""
    found = json.loads(capfd.readouterr().out)
    assert list(found) == ["research_use", "a"]
    assert found["a"] == [1, None]


def test_a_document_that_says_what_it_is_stays_as_it_is(capfd):
    with terminal.one_document(True) as put:
        put({"a": 1, "research_use": "said"})
    assert json.loads(capfd.readouterr().out) == {"a": 1, "research_use": "said"}


def test_an_error_on_the_way_prints_no_document(capfd):
    def broken():
        with terminal.one_document(True) as put:
            put({})
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        broken()
    assert capfd.readouterr().out == ""


def test_without_json_nothing_is_held_back(capfd):
    with terminal.one_document(False):
        print("shown")
    assert capfd.readouterr().out == "shown\n"


def test_an_issue_that_is_an_error_gives_status_1(capsys):
    warning = Issue(None, None, None, "so so", severity="warning")
    assert terminal.warn(IssueList([warning])) == 0
    assert terminal.warn(IssueList([warning, Issue(None, None, None, "bad")])) == 1
    assert capsys.readouterr().err.splitlines() == ["warning: so so", "warning: so so", "bad"]


def test_failures_are_one_line():
    failed = {"a": {"failed to solve": 2}, "b": {}, "c": {"x": 1}}
    assert terminal.failed_text(failed) == (
        "! 3 virtual patients failed: a 2 (failed to solve), c 1 (x)"
    )


def test_nobody_watching_means_no_bar(monkeypatch):
    monkeypatch.setattr(terminal.sys.stderr, "isatty", lambda: False, raising=False)
    assert terminal.progress() is silent
    assert terminal.progress(True) is silent
    monkeypatch.setattr(terminal.sys.stderr, "isatty", lambda: True, raising=False)
    assert terminal.progress(True) is silent
    bar = terminal.progress()
    assert list(bar("Work", iter([1, 2]), 2)) == [1, 2]


def test_text_of_tables_is_shown_as_it_is(capsys):
    terminal.show_tables([Table("Title [bold]", ("a", "b [x]"), (("1", "[red]y"),))])
    out = capsys.readouterr().out
    for text in ("Title [bold]", "b [x]", "[red]y"):
        assert text in out
