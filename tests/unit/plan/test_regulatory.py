"""The regulatory table: dated, stale after 180 days, with the sentence of the rules."""

from datetime import date

import pytest

from funis.checks import InputError
from funis.plan.regulatory import (
    LIBRARY,
    checked_on,
    library_regulatory,
    load_regulatory,
    stale_warnings,
    statement,
)
from funis.report.statement import NOT_APPROVED


def test_a_row_is_stale_after_180_days_and_not_before():
    table = library_regulatory()
    first = checked_on(table.rows)
    assert stale_warnings(table, date.fromordinal(first.toordinal() + 180)) == ()
    late = stale_warnings(table, date.fromordinal(first.toordinal() + 181))
    assert len(late) == sum(row.date_checked == first.isoformat() for row in table.rows)
    assert "more than 180 days ago: it may have changed" in late[0]


def test_the_sentence_is_that_of_every_report_with_its_date():
    table = library_regulatory()
    day = checked_on(table.rows).isoformat()
    assert statement(table.rows) == NOT_APPROVED.replace("the date checked", day)
    assert statement(()) == NOT_APPROVED


def test_no_row_is_of_a_product_that_was_approved_for_one_of_these_diseases_by_vein():
    for row in library_regulatory().rows:
        assert "graft-versus-host" in row.indication or "fistula" in row.indication
        assert row.source


def test_a_day_that_is_none_is_refused_with_its_line(tmp_path):
    path = tmp_path / "regulatory.yaml"
    text = LIBRARY.read_text(encoding="utf-8").replace("'2026-11-27'", "'2026-13-27'", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_regulatory(path)
    (issue,) = error.value.issues
    assert (issue.line, issue.key) == (9, "rows[0].date_checked")
    assert issue.expected == "a day such as 2026-01-31"
