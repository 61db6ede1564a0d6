"""The calendar file of a plan, read by an independent library."""

from dataclasses import replace
from datetime import date, timedelta

import icalendar
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.plan import Calendar, Entry
from funis.report import RESEARCH_USE
from funis.report.plan import BANNER, calendar_text
from funis.report.plan.ics import DAY_0


def events(text):
    return [one for one in icalendar.Calendar.from_ical(text).walk("VEVENT")]


def test_a_calendar_library_reads_every_entry_on_its_relative_day(plan):
    found = events(calendar_text(plan))
    entries = sorted(plan.calendar.entries, key=lambda one: (one.day_first, one.day_last))
    assert len(found) == len(entries)
    for event, entry in zip(found, entries, strict=True):
        assert event.decoded("DTSTART") == DAY_0 + timedelta(days=entry.day_first)
        assert event.decoded("DTEND") == DAY_0 + timedelta(days=entry.day_last + 1)
        assert entry.title in str(event["SUMMARY"])
        assert not event.errors


def test_every_entry_says_that_it_is_simulated(plan):
    for event in events(calendar_text(plan)):
        assert str(event["SUMMARY"]).startswith("SIMULATED")
        assert BANNER in str(event["DESCRIPTION"])
        assert RESEARCH_USE in str(event["DESCRIPTION"])
        assert "Evidence: low" in str(event["DESCRIPTION"])


def test_day_0_is_a_placeholder_and_the_text_does_not_follow_the_clock(plan):
    assert date(2000, 1, 1) == DAY_0
    assert calendar_text(plan) == calendar_text(plan)


def test_lines_are_folded_at_75_octets_and_end_with_cr_lf(plan):
    text = calendar_text(plan)
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75


def test_entries_have_ids_of_their_own(plan):
    found = [str(event["UID"]) for event in events(calendar_text(plan))]
    assert len(set(found)) == len(found)


printable = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=120)


@given(printable, st.integers(-400, 1200))
@settings(max_examples=40, deadline=None)
def test_any_title_comes_back_as_it_was(text, day):
    from funis.report.plan.ics import _escaped, _folded

    line = "SUMMARY:" + _escaped(text)
    folded = "".join(f"{part}\r\n" for part in _folded(line))
    assert folded.replace("\r\n ", "").removesuffix("\r\n") == line
    assert all(len(part.encode()) <= 75 for part in folded.split("\r\n"))
    whole = "BEGIN:VEVENT\r\nUID:1\r\n" + folded + "END:VEVENT\r\n"
    assert str(icalendar.Event.from_ical(whole)["SUMMARY"]) == text


def test_an_empty_calendar_is_still_one(plan):
    empty = replace(plan, calendar=Calendar(()))
    assert events(calendar_text(empty)) == []


def test_a_window_before_day_0_ends_before_it(plan):
    one = replace(plan, calendar=Calendar((Entry(-28, -1, "screening", "Screening"),)))
    (event,) = events(calendar_text(one))
    assert event.decoded("DTEND") == DAY_0
