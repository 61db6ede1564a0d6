"""The calendar of a plan as iCalendar (RFC 5545), relative to a placeholder for day 0.

A calendar file cannot do without dates. Day 0 is 1 January 2000 unless another day is made up,
which is no date of anybody's treatment; the summary of each entry names its relative days.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, timedelta

from funis.checks import InputError, Issue
from funis.plan import Entry, Plan
from funis.report.plan.content import BANNER
from funis.report.plan.numbers import words
from funis.report.statement import RESEARCH_USE, SIMULATED

DAY_0 = date(2000, 1, 1)
"""The placeholder; whoever uses the file for a virtual trial shifts it."""

_OCTETS = 75
_STAMP = "20000101T000000Z"


LATEST = date(2200, 1, 1)
"""Days that are made up lie between the placeholder and this one, so that all entries have one."""


def made_up_day(text: str | None) -> date:
    """Return a made-up day 0; the placeholder where none is asked for.

    Raises
    ------
    InputError
        No day, or one that is too far off.
    """
    if text is None:
        return DAY_0
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not DAY_0 <= day <= LATEST:
        expected = f"a made-up day such as 2030-01-31, from {DAY_0} to {LATEST}"
        raise InputError(Issue(None, None, "start", f"'{text[:40]}' is no such day", expected))
    return day


def calendar_text(plan: Plan, day_0: date = DAY_0) -> str:
    """Return the calendar; lines end with CR LF and are folded at 75 octets.

    Parameters
    ----------
    day_0
        The made-up day of the first infusion.
    """
    head = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//funis//plan for a virtual patient//EN",
        "CALSCALE:GREGORIAN", "METHOD:PUBLISH", f"X-WR-CALNAME:{_escaped(BANNER)}",
        f"X-WR-CALDESC:{_escaped(_statement(plan))}",
    ]  # fmt: skip
    events = [
        line for place, one in enumerate(_by_day(plan)) for line in _event(plan, one, place, day_0)
    ]
    lines = [*head, *events, "END:VCALENDAR"]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _by_day(plan: Plan) -> list[Entry]:
    return sorted(plan.calendar.entries, key=lambda one: (one.day_first, one.day_last))


def _event(plan: Plan, one: Entry, place: int, day_0: date) -> tuple[str, ...]:
    first = day_0 + timedelta(days=one.day_first)
    after = day_0 + timedelta(days=one.day_last + 1)
    told = [one.note or "", _statement(plan)]
    return (
        "BEGIN:VEVENT",
        f"UID:{_uid(plan, one, place)}",
        f"DTSTAMP:{_STAMP}",
        f"DTSTART;VALUE=DATE:{first:%Y%m%d}",
        f"DTEND;VALUE=DATE:{after:%Y%m%d}",
        f"SUMMARY:{_escaped(f'SIMULATED {_days(one)}: {one.title}')}",
        f"DESCRIPTION:{_escaped(' '.join(part for part in told if part))}",
        f"CATEGORIES:SIMULATED,{_escaped(words(one.kind))}",
        "STATUS:TENTATIVE",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )


def _days(one: Entry) -> str:
    if one.day_first == one.day_last:
        return f"day {one.day_first}"
    return f"day {one.day_first} to {one.day_last}"


def _statement(plan: Plan) -> str:
    return f"{BANNER}. {RESEARCH_USE} {SIMULATED} {plan.grade} Day 0 is a placeholder, not a date."


def _uid(plan: Plan, one: Entry, place: int) -> str:
    text = f"{plan.protocol.id}|{plan.protocol.arm}|{place}|{one.day_first}|{one.title}"
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}@funis.invalid"


def _escaped(text: str) -> str:
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> Iterable[str]:
    """Yield the lines of a content line, none longer than 75 octets, no letter cut in two."""
    part, size = "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > _OCTETS:
            yield part
            part, size = " ", 1
        part, size = part + letter, size + octets
    yield part
