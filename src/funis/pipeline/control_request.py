"""What `funis control` is asked: disease, patients, endpoint, week and size, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict, Unpack

from funis.checks import InputError, Issue, nearest
from funis.models import Model, find_disease, load_model
from funis.models.endpoints import Endpoints
from funis.pipeline.control_cases import VISITS, library_arm, with_criteria
from funis.pipeline.drugs import BACKGROUND, background_drugs
from funis.pipeline.gate_trials import DEMO, template_trial
from funis.pipeline.inputs import Trial, named, require, trial_names
from funis.protocol import Criterion, EndpointRequest, FrozenMapping, Protocol
from funis.protocol.lines import Lines
from funis.protocol.values import Measure
from funis.trial import check

MOST_PATIENTS = 1_000_000
YEARS = (1950, 2100)
LONGEST_WEEK = 520.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A control arm to predict.

    Attributes
    ----------
    trial : trial of the library whose patients, background and rules it has.
    protocol : that trial with the criteria and background asked for.
    request : endpoint, week and measure.
    n : patients of the arm.
    background : drugs asked for; None where it is that of the trial.
    year : of the trial; None where it was not asked for.
    """

    trial: Trial
    protocol: Protocol
    request: EndpointRequest
    n: int
    background: tuple[str, ...] | None
    year: int | None

    @property
    def model(self) -> Model:
        """Disease of the arm."""
        return self.trial.model

    @property
    def criteria(self) -> tuple[str, ...]:
        """Entry criteria as written."""
        return tuple(one.expression.text for one in self.protocol.population.criteria)


class Question(TypedDict, total=False):
    """What may be asked of a control arm; what is not said is that of the disease's trial.

    Attributes
    ----------
    trial : name of a trial of the library whose patients and criteria hold.
    criteria : with semicolons between them, in place of those of the disease's trial; with
        ``trial`` they are added to those of that trial.
    endpoint, week, measure : those of the trial's primary endpoint where they are not given.
    background : drugs that every patient takes, with commas; ``none``: nobody takes any.
    year : of the trial.
    n : patients of the arm; those of the trial where it is not given.
    """

    trial: str | None
    criteria: str | None
    endpoint: str | None
    week: float | None
    measure: str | None
    background: str | None
    year: int | None
    n: int | None


def asked(disease: str | Path, **question: Unpack[Question]) -> Asked:
    """Return what is asked of a control arm (`Question`), checked.

    Raises
    ------
    InputError
        One line for each fault, with what was expected and the nearest valid name.
    """
    year, n = question.get("year"), question.get("n")
    _in_range(question.get("week"), year, n)
    model = load_model(find_disease(str(disease)))
    base = _base(model, question.get("trial"))
    request = requested(
        base.protocol, model.endpoints, question.get("endpoint"), question.get("week"),
        question.get("measure"),
    )  # fmt: skip
    background = question.get("background")
    drugs = None if background is None else _drugs(background, model)
    protocol = _with_criteria(base.protocol, question)
    if drugs is not None:
        protocol = with_background(protocol, model, drugs)
    _checked(protocol, base)
    size = base.protocol.population.patients_per_arm if n is None else n
    return Asked(base, protocol, request, size, drugs, year)


def _with_criteria(protocol: Protocol, question: Question) -> Protocol:
    """Return the protocol with the criteria asked for, which stand in no file."""
    bare, criteria = replace(protocol, where=Lines()), question.get("criteria")
    if criteria is None:
        return bare
    if question.get("trial") is None:
        bare = replace(bare, population=replace(bare.population, criteria=()))
    return with_criteria(bare, _texts(criteria), "--criteria")


def _base(model: Model, name: str | None) -> Trial:
    """Return the trial whose patients an arm has: the demo of the disease where none is named."""
    demo = f"{model.id}{DEMO}"
    if name is None and demo not in trial_names():
        return template_trial(model)
    return library_arm(model, demo if name is None else name)


def requested(
    protocol: Protocol, endpoints: Endpoints, name: str | None, week: float | None,
    measure: str | None,
) -> EndpointRequest:  # fmt: skip
    """Return the endpoint asked for; what is not said is that of the protocol."""
    first = protocol.primary[0]
    if name is None:
        name = first.endpoint
    known = (*endpoints.conditions, *endpoints.numbers)
    if name not in known:
        message = f"unknown endpoint '{name}' for the disease '{protocol.disease}'"
        expected = "one of " + ", ".join(sorted(known))
        raise InputError(Issue(None, None, "--endpoint", message, expected, nearest(name, known)))
    kind = _measure(endpoints, name, measure)
    if week is None:
        own = [one.week for one in protocol.endpoints if one.endpoint == name and one.week > 0]
        week = min(own, default=first.week, key=lambda one: abs(one - first.week))
    return EndpointRequest(name, float(week), kind, "primary")


def _measure(endpoints: Endpoints, name: str, measure: str | None) -> Measure:
    suits = endpoints.measures(name)
    if measure is None:
        return suits[0]
    for one in suits:
        if one == measure:
            return one
    message = f"'{name}' cannot be reported as '{measure}'"
    near = nearest(measure, suits)
    raise InputError(Issue(None, None, "--measure", message, " or ".join(suits), near))


def with_background(protocol: Protocol, model: Model, drugs: Sequence[str]) -> Protocol:
    """Return a protocol whose patients all take some drugs; without any, nobody takes one.

    Criteria on these drugs, or on all of them where nobody takes any, give way.
    """
    touched = drugs or background_drugs(model)
    columns = {
        f"{BACKGROUND}{name}": model.covariates.get(f"{BACKGROUND}{name}", f"{BACKGROUND}{name}")
        for name in touched
    }
    kept = tuple(
        one
        for one in protocol.population.criteria
        if not one.expression.names & set(columns.values())
    )
    bare = replace(protocol, population=replace(protocol.population, criteria=kept))
    screened = [name for name in columns if drugs and name in model.covariates]
    set_to = {name: float(bool(drugs)) for name in columns if name not in screened}
    asks = [f"{columns[name]} > 0" for name in screened]
    changed = with_criteria(bare, asks, "--background")
    return replace(changed, scenario=FrozenMapping({**protocol.scenario, **set_to}))


def _drugs(text: str, model: Model) -> tuple[str, ...]:
    known = background_drugs(model)
    drugs = named(text)
    for name in drugs:
        if name not in known:
            message = f"unknown background drug '{name}' for the disease '{model.id}'"
            expected = f"one of {', '.join(known)}, or none"
            near = nearest(name, known)
            raise InputError(Issue(None, None, "--background", message, expected, near))
    return drugs


def _texts(criteria: str) -> tuple[str, ...]:
    texts = tuple(text.strip() for text in criteria.split(";") if text.strip())
    if not texts:
        expected = "expressions such as 'age_year >= 18; crp > 5'"
        raise InputError(Issue(None, None, "--criteria", "no criterion", expected))
    return texts


def _in_range(week: float | None, year: int | None, n: int | None) -> None:
    limits = (
        ("--week", week, 0 < (week or 1.0) <= LONGEST_WEEK and week != 0,
         f"a week above 0 and at most {LONGEST_WEEK:g}"),
        ("--year", year, year is None or YEARS[0] <= year <= YEARS[1],
         f"a year from {YEARS[0]} to {YEARS[1]}"),
        ("--n", n, n is None or 1 <= n <= MOST_PATIENTS, f"patients from 1 to {MOST_PATIENTS}"),
    )  # fmt: skip
    require(**{name: (holds, value, text) for name, value, holds, text in limits})


def _checked(protocol: Protocol, base: Trial) -> None:
    """Check names as those of a trial file are, and say which option they stand in."""
    issues = check(protocol, base.model, base.products)
    found = [replace(issue, key=_option(protocol, issue)) for issue in issues.errors]
    if found:
        raise InputError(found)


def _option(protocol: Protocol, issue: Issue) -> str | None:
    """Return the option that a fault of the protocol stands in."""
    place = issue.key or ""
    if not place.startswith("population.criteria["):
        return issue.key
    number = int(place.split("[")[1].split("]")[0])
    criterion: Criterion = protocol.population.criteria[number]
    return criterion.source if criterion.visits == VISITS else issue.key
