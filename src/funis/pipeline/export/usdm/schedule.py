"""When what happens: visits, activities, and timelines with relative times."""

from __future__ import annotations

from collections.abc import Sequence

from funis.pipeline.export.usdm import terms
from funis.pipeline.export.usdm.items import (
    Item,
    Term,
    chained,
    coded,
    duration,
    item,
    named,
    own_code,
    quantity,
    reference,
)
from funis.pipeline.export.usdm.treatments import DAYS_PER_WEEK, Given, days_within, given
from funis.pipeline.inputs import Trial
from funis.protocol import Protocol

MAIN = "visits"
SCREENING, BASELINE = "screening", "baseline"
ELIGIBILITY = "eligibility"


def visit_key(week: float) -> str:
    """Return the name of the visit of a week."""
    return BASELINE if week == 0 else f"week_{week:g}"


def epochs(protocol: Protocol) -> dict[str, float]:
    """Return the epochs after screening, and the week at which each starts."""
    turns = protocol.crossover
    if turns is None:
        return {"treatment": 0.0}
    return {f"period_{number}": start for number, start in enumerate(turns.starts, 1)}


def epoch_at(day: float, protocol: Protocol) -> str:
    """Return the epoch of a day; washout belongs to the period before it."""
    begun = [key for key, week in epochs(protocol).items() if DAYS_PER_WEEK * week <= day]
    return begun[-1]


def encounters(protocol: Protocol) -> list[Item]:
    """Return screening, then every visit."""
    keys = [SCREENING, *(visit_key(week) for week in protocol.visits.weeks)]
    return chained(
        [
            named(
                "Encounter",
                key,
                label=key.replace("_", " ").capitalize(),
                type=coded(terms.VISIT),
                previousId=None,
                nextId=None,
                scheduledAtId=reference("Timing", key),
                environmentalSettings=[],
                contactModes=[],
                transitionStartRule=None,
                transitionEndRule=None,
                notes=[],
            )
            for key in keys
        ]
    )


def activities(trial: Trial, version: str) -> list[Item]:
    """Return entry criteria, then what is measured, then what is given in each arm."""
    measured = trial.model.endpoints.components
    return chained(
        [
            _activity(ELIGIBILITY, "Check the entry criteria"),
            *(_activity(f"measure_{one.id}", f"{one.name} ({one.unit})") for one in measured),
            *(
                _activity(f"give_{one.key}", f"{one.place}: give {one.what.id}", one.key)
                for one in _by_arm(trial.protocol)
            ),
            *(_dose_activity(one, version) for one in _by_arm(trial.protocol)),
        ]
    )


def timelines(trial: Trial) -> list[Item]:
    """Return the timeline of the visits, and one for the doses of each arm and intervention."""
    return [_main(trial), *(_doses(one, trial.protocol) for one in _by_arm(trial.protocol))]


def _by_arm(protocol: Protocol) -> tuple[Given, ...]:
    """Return what the arms give at days that are known beforehand."""
    arms = {arm.id for arm in protocol.conducted}
    found = (one for one in given(protocol) if one.place in arms)
    return tuple(one for one in found if days_within(one.what, protocol))


def _activity(
    key: str, label: str, timeline: str | None = None, procedures: Sequence[Item] = ()
) -> Item:
    return named(
        "Activity",
        key,
        label=label,
        previousId=None,
        nextId=None,
        childIds=[],
        definedProcedures=[*procedures],
        biomedicalConceptIds=[],
        bcCategoryIds=[],
        bcSurrogateIds=[],
        timelineId=None if timeline is None else reference("ScheduleTimeline", timeline),
        notes=[],
    )


def _dose_activity(one: Given, version: str) -> Item:
    label = f"One dose of {one.what.id} in arm {one.place}"
    procedure = named(
        "Procedure",
        one.key,
        label=label,
        procedureType="Administration",
        code=own_code(f"give {one.agent}", version),
        studyInterventionId=reference("StudyIntervention", one.agent),
        notes=[],
    )
    return _activity(f"dose_{one.key}", label, procedures=[procedure])


def _main(trial: Trial) -> Item:
    protocol = trial.protocol
    measured = [f"measure_{one.id}" for one in trial.model.endpoints.components]
    doses = [f"give_{one.key}" for one in _by_arm(protocol)]
    asked = {visit for one in protocol.population.criteria for visit in one.visits}
    days = {visit_key(week): DAYS_PER_WEEK * week for week in protocol.visits.weeks}
    keys = [SCREENING, *days]
    does = {key: measured for key in keys}
    does[SCREENING] = [ELIGIBILITY, *measured]
    does[BASELINE] = [*([ELIGIBILITY] if BASELINE in asked else []), *measured, *doses]
    instances = [
        _instance(
            key, does[key], SCREENING if key == SCREENING else epoch_at(days[key], protocol), key
        )
        for key in keys
    ]
    timings = [
        _timing(SCREENING, BASELINE, protocol.population.screening_day),
        *(_timing(key, BASELINE, day) for key, day in days.items()),
    ]
    weeks = protocol.visits.last_week
    return _timeline(
        MAIN, "Visits", "A virtual patient is screened", instances, timings, main=True,
        planned=duration(f"{weeks:g} weeks from randomisation", quantity(weeks, coded(terms.WEEK))),
    )  # fmt: skip


def _doses(one: Given, protocol: Protocol) -> Item:
    """Return the timeline of the doses of one intervention in one arm."""
    days = days_within(one.what, protocol)
    keys = [f"{one.key}_dose_{number}" for number in range(1, len(days) + 1)]
    does = [f"dose_{one.key}"]
    instances = [
        _instance(key, does, epoch_at(day, protocol), None)
        for key, day in zip(keys, days, strict=True)
    ]
    timings = [_timing(key, keys[0], day - days[0]) for key, day in zip(keys, days, strict=True)]
    label = f"Doses of {one.what.id} in arm {one.place}"
    entry = f"A patient of arm {one.place} reaches day {days[0]:g}"
    return _timeline(one.key, label, entry, instances, timings)


def _instance(key: str, does: Sequence[str], epoch: str, encounter: str | None) -> Item:
    return named(
        "ScheduledActivityInstance",
        key,
        defaultConditionId=None,
        epochId=reference("StudyEpoch", epoch),
        timelineId=None,
        timelineExitId=None,
        activityIds=[reference("Activity", one) for one in does],
        encounterId=None if encounter is None else reference("Encounter", encounter),
    )


def _timing(key: str, anchor: str, day: float) -> Item:
    """Return when an instance happens, relative to the start of another."""
    term: Term = terms.FIXED if key == anchor else terms.BEFORE if day < 0 else terms.AFTER
    words = "Day 0" if key == anchor else f"{abs(day):g} days {'before' if day < 0 else 'after'}"
    return named(
        "Timing",
        key,
        label=words,
        type=coded(term),
        value=f"P{abs(day):g}D",
        valueLabel=words,
        relativeToFrom=coded(terms.START_TO_START),
        relativeFromScheduledInstanceId=reference("ScheduledActivityInstance", key),
        relativeToScheduledInstanceId=reference("ScheduledActivityInstance", anchor),
        windowLower=None,
        windowUpper=None,
        windowLabel=None,
    )


def _timeline(
    key: str,
    label: str,
    entry: str,
    instances: Sequence[Item],
    timings: Sequence[Item],
    *,
    main: bool = False,
    planned: Item | None = None,
) -> Item:
    """Return instances as a chain that ends with the exit of their timeline."""
    way_out = reference("ScheduleTimelineExit", key)
    following = [*(one["id"] for one in instances[1:]), None]
    chain = [
        {**one, "defaultConditionId": after, "timelineExitId": way_out if after is None else None}
        for one, after in zip(instances, following, strict=True)
    ]
    return named(
        "ScheduleTimeline",
        key,
        label=label,
        mainTimeline=main,
        entryCondition=entry,
        entryId=instances[0]["id"],
        exits=[item("ScheduleTimelineExit", way_out)],
        timings=[*timings],
        instances=chain,
        plannedDuration=planned,
    )
