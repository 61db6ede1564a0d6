"""The calendar of an arm in days relative to its first infusion: from screening to the end.

There is no date in it: a plan is of a virtual patient.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from funis.plan.calendar_file import CalendarRules, library_calendar_rules
from funis.plan.consulted import Consultation
from funis.plan.directions import Decision, Directions
from funis.plan.directions_schema import library_directions
from funis.plan.exact import exact, shown
from funis.plan.given import way
from funis.plan.preparation import Calendar, Entry, EntryKind
from funis.plan.vocabulary import Drugs, library_drugs
from funis.protocol import Arm, Intervention, Protocol, Rule
from funis.units import DAYS_PER_WEEK

ORDER: tuple[EntryKind, ...] = (
    "screening", "baseline", "premedication", "infusion", "maintenance", "monitoring", "visit",
    "decision", "stopping", "end",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Infusion:
    """All cells of one day, with the days since the infusion before and until the one after."""

    day: int
    given: tuple[Intervention, ...]
    number: int
    of: int
    gap: int | None
    until_next: int | None = None

    @property
    def routes(self) -> tuple[str, ...]:
        """Routes of the day, each once."""
        return tuple(dict.fromkeys(one.route or "" for one in self.given))


def calendar_of(
    protocol: Protocol,
    arm: Arm,
    consultation: Consultation | None = None,
    *,
    interventions: Sequence[Intervention] | None = None,
    rules: CalendarRules | None = None,
) -> Calendar:
    """Return the calendar of one arm of a trial, day 0 being its first infusion.

    Parameters
    ----------
    protocol
        The trial: its visits, screening and rules.
    arm
        One of its arms, or one made of a regimen that is followed within the trial.
    consultation
        Of a virtual patient, for wash-outs of what is still taken.
    interventions
        What is given, where it is not what the arm says.
    rules
        Those of the library when None.
    """
    known = library_calendar_rules() if rules is None else rules
    given = tuple(arm.interventions if interventions is None else interventions)
    infusions = infusions_of(given)
    zero = min((day for one in given if one.product for day in one.days), default=0.0)
    end = math.ceil(protocol.visits.last_week * DAYS_PER_WEEK - zero)
    last = max(end, _last(infusions))
    products = dict.fromkeys(one.product for one in given if one.product is not None)
    uses = [library_directions(name) for name in products]
    return _sorted(
        *_screening(protocol, known, zero, consultation),
        *_given(infusions, uses, known),
        *_drugs(given, zero),
        *_visits(protocol, known, zero),
        *_rules(protocol.rules, arm, protocol, zero),
        *(entry for use in uses for entry in _decisions(use.decisions, last)),
        *_stopping(infusions, known),
        *_ends(protocol, end, last),
    )


def directions_calendar(use: Directions, rules: CalendarRules | None = None) -> Calendar:
    """Return the calendar that directions for use themselves prescribe, such as those of a label.

    Parameters
    ----------
    use
        Directions with a schedule.
    rules
        Those of the library when None.
    """
    known = library_calendar_rules() if rules is None else rules
    infusions = infusions_of(use.schedule)
    last = [_last(infusions), *(one.day + one.window_day for one in use.decisions if one.day)]
    return _sorted(*_given(infusions, [use], known), *_decisions(use.decisions, max(last)))


def infusions_of(interventions: Iterable[Intervention]) -> tuple[Infusion, ...]:
    """Return the infusions of cells by day, relative to the first one."""
    cells = [one for one in interventions if one.product is not None]
    starts = sorted({day for one in cells for day in one.days})
    days = [round(day - starts[0]) for day in starts]
    gaps = [None, *(after - before for before, after in pairwise(days)), None]
    return tuple(
        Infusion(
            day=day,
            given=tuple(one for one in cells if start in one.days),
            number=number + 1,
            of=len(days),
            gap=gaps[number],
            until_next=gaps[number + 1],
        )
        for number, (start, day) in enumerate(zip(starts, days, strict=True))
    )


def _sorted(*entries: Entry) -> Calendar:
    place = {kind: number for number, kind in enumerate(ORDER)}
    return Calendar(tuple(sorted(entries, key=lambda e: (e.day_first, place[e.kind], e.day_last))))


def _last(infusions: Sequence[Infusion]) -> int:
    return infusions[-1].day if infusions else 0


def _screening(
    protocol: Protocol, rules: CalendarRules, zero: float, consultation: Consultation | None
) -> Iterator[Entry]:
    first = math.floor(protocol.population.screening_day - zero)
    asked = [one.id for one in protocol.population.criteria if "screening" in one.visits]
    note = f"criteria of the protocol: {', '.join(asked)}" if asked else None
    yield Entry(first, first, "screening", "screening visit", note, f"trial {protocol.id}")
    for one in rules.screening:
        yield Entry(first, -1, "screening", one.title, None, one.source)
    if consultation is not None:
        yield from _wash_outs(consultation, library_drugs())
    again = [one.id for one in protocol.population.criteria if "baseline" in one.visits]
    note = f"criteria asked again: {', '.join(again)}" if again else None
    day = round(-zero)
    yield Entry(day, day, "baseline", "baseline visit", note, f"trial {protocol.id}")


def _wash_outs(consultation: Consultation, drugs: Drugs) -> Iterator[Entry]:
    """Yield the time off each drug that is taken and that trials of cells asked to be stopped."""
    for one in consultation.medication or ():
        group = drugs.classes.get(one.drug_class or "")
        if group is None or group.wash_out_week is None:
            continue
        left = group.wash_out_week - (one.stopped_week or 0.0)
        if left > 0:
            title = f"wash-out of {one.drug} ({group.name}), as trials of cells asked"
            note = f"{group.wash_out_week:g} weeks off are asked, {left:g} of them lie ahead"
            first = -math.ceil(left * DAYS_PER_WEEK)
            yield Entry(first, -1, "screening", title, note, group.source)


def _given(
    infusions: Sequence[Infusion], uses: Sequence[Directions], rules: CalendarRules
) -> Iterator[Entry]:
    before = [one for use in uses for one in use.premedication]
    for one in infusions:
        for drug in before:
            yield Entry(one.day, one.day, "premedication", drug.what, None, drug.source)
        yield _infusion(one, uses, rules)
        yield from _monitoring(one, rules)


def _monitoring(one: Infusion, rules: CalendarRules) -> Iterator[Entry]:
    """Yield what follows an infusion, unless the next one comes first, and what precedes it."""
    which = f"infusion {one.number} of {one.of}"
    for after in rules.after_infusion:
        in_time = one.until_next is None or after.first_day <= one.until_next
        if in_time and any(after.follows(route) for route in one.routes):
            first, last = one.day + after.first_day, one.day + after.last_day
            note = f"after {which}" if after.first_day else f"with {which}"
            yield Entry(first, last, "monitoring", after.title, note, after.source)
    for test in rules.before_repeat:
        if one.gap is not None and one.gap > test.days:
            note = f"before {which}"
            yield Entry(
                one.day - test.days, one.day - 1, "monitoring", test.title, note, test.source
            )


def _infusion(one: Infusion, uses: Sequence[Directions], rules: CalendarRules) -> Entry:
    maintained = one.gap is not None and one.gap >= rules.maintenance_gap_day
    kind: EntryKind = "maintenance" if maintained else "infusion"
    cells = " and ".join(_dose(given) for given in one.given)
    title = f"{kind} {one.number} of {one.of}: {cells}"
    notes = [text for text in (_watch(one, uses), _fixed(maintained)) if text]
    return Entry(one.day, one.day, kind, title, "; ".join(notes) or None, "the arm")


def _fixed(maintained: bool) -> str:
    return "fixed by the protocol, whatever the response" if maintained else ""


def _watch(one: Infusion, uses: Sequence[Directions]) -> str:
    """Return how long a patient is watched after the infusion, as far as it is stated."""
    found = [use.route(route) for use in uses for route in one.routes]
    minutes = [r.observation_minute.value for r in found if r and r.observation_minute.value]
    if not minutes:
        return "observation after it: not stated"
    return f"observation for {shown(exact(max(minutes)))} minutes after it"


def _dose(given: Intervention) -> str:
    per_kg = given.dose_cell_per_kg
    amount = exact(given.dose_cell or 0.0) if per_kg is None else exact(per_kg)
    unit = "million cells" if per_kg is None else "million cells/kg"
    return f"{shown(round(amount / 1_000_000, 2))} {unit} {way(given.route)}"


def _drugs(given: Iterable[Intervention], zero: float) -> Iterator[Entry]:
    for one in given:
        if one.drug is None:
            continue
        for day in one.days:
            first = round(day - zero)
            note = f"{one.dose:g} times its standard dose"
            name = one.drug.replace("_", " ")
            yield Entry(first, first, "infusion", f"{name} begins", note, "the arm")


def _visits(protocol: Protocol, rules: CalendarRules, zero: float) -> Iterator[Entry]:
    for week in protocol.visits.weeks:
        if week <= 0:
            continue
        day, window = round(week * DAYS_PER_WEEK - zero), rules.window(week)
        asked = sorted({f"{e.endpoint} ({e.role})" for e in protocol.endpoints if e.week == week})
        about = f"day {day}, {window.days} days either way"
        note = f"{about}; {', '.join(asked)}" if asked else about
        title = f"visit of week {week:g}"
        source = f"trial {protocol.id}; window {window.source}"
        yield Entry(day - window.days, day + window.days, "visit", title, note, source)


def _rules(rules: Iterable[Rule], arm: Arm, protocol: Protocol, zero: float) -> Iterator[Entry]:
    """Yield each visit at which a rule of the trial is asked, with what it would do."""
    for rule in rules:
        if not rule.applies_to(arm.id):
            continue
        for week in protocol.visits.weeks:
            if rule.asked_at(week):
                day = round(week * DAYS_PER_WEEK - zero)
                title = f"{rule.id.replace('_', ' ')}: {_then(rule)} if {rule.when.text}"
                yield Entry(day, day, _kind(rule), title, _often(rule), rule.source)


def _kind(rule: Rule) -> EntryKind:
    if any(one.product is not None for one in rule.action.give):
        return "maintenance"
    return "stopping" if rule.action.stop or rule.action.withdraw else "decision"


def _then(rule: Rule) -> str:
    action = rule.action
    given = [
        _dose(one) if one.product is not None else (one.drug or "").replace("_", " ")
        for one in action.give
    ]
    words = [f"{text} given" for text in given]
    words += [f"{name.replace('_', ' ')} stopped" for name in action.stop]
    words += ["leaves the trial"] if action.withdraw else []
    return ", ".join(words) or "noted"


def _often(rule: Rule) -> str | None:
    words = [_times(rule.at_most)] if rule.at_most is not None else []
    if rule.min_gap_week > 0:
        words.append(f"at least {rule.min_gap_week:g} weeks apart")
    return ", ".join(words) or None


def _times(number: int) -> str:
    return "once at most" if number == 1 else f"{number} times at most"


def _decisions(decisions: Iterable[Decision], end: int) -> Iterator[Entry]:
    """Yield the decisions of directions; one without a day may come at any time."""
    for one in decisions:
        first, last = 0, end
        if one.day is not None:
            first, last = one.day - one.window_day, one.day + one.window_day
        doses = [f"{len(given.days)} infusions of {_dose(given)}" for given in one.give]
        note = ", ".join(doses) or None
        yield Entry(first, last, "decision", f"{one.when}: {one.then}", note, one.source)


def _ends(protocol: Protocol, end: int, last: int) -> Iterator[Entry]:
    """Yield the end of the trial, and that of a regimen which goes on beyond it."""
    yield Entry(end, end, "end", "end of the trial", None, f"trial {protocol.id}")
    if last > end:
        note = "nobody is seen after the end of the trial"
        yield Entry(last, last, "end", "last infusion of the regimen", note, "the arm")


def _stopping(infusions: Sequence[Infusion], rules: CalendarRules) -> Iterator[Entry]:
    for one in rules.stopping if infusions else ():
        yield Entry(0, _last(infusions), "stopping", one.title, None, one.source)
