"""The answers behind the page Trial: drafts, and the virtual trials of a design."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from funis.apps.web.api.answer import Answer, Refusal
from funis.apps.web.api.jobs import NOT_THERE, JobId, database_of
from funis.apps.web.api.sent import whole_text
from funis.apps.web.kinds.design import DesignRequest
from funis.apps.web.kinds.trial import LONGEST_PROTOCOL, Name, trial_source
from funis.apps.web.storage import jobs
from funis.apps.web.turns import while_read
from funis.pipeline.processes import Progress

router = APIRouter(prefix="/api/trial", tags=["trial"])

Text = Annotated[str, Field(max_length=LONGEST_PROTOCOL)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
Key = Annotated[str, Field(max_length=200)] | int
Whole = Annotated[int, Field(ge=0, le=100_000)]


class Closed(BaseModel):
    """Base of what is sent: closed, numbers finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class DraftText(Closed):
    """A trial as it is being written."""

    text: Text
    name: FileName = "draft.yaml"


class ChangeEntry(Closed):
    """One change of a draft; places count from 0."""

    kind: Literal[
        "set", "remove", "insert", "move_dose", "add_dose", "remove_dose", "move_visit",
        "add_visit", "remove_visit", "add_arm", "remove_arm",
    ]  # fmt: skip
    path: Annotated[list[Key], Field(max_length=16)] = []
    value: Annotated[
        str | int | float | bool | list[Any] | dict[str, Any] | None, AfterValidator(whole_text)
    ] = None
    at: Whole | None = None
    arm: Whole | None = None
    intervention: Whole | None = None
    dose: Whole | None = None
    visit: Whole | None = None
    day: Annotated[float, Field(ge=0, le=36525)] | None = None
    week: Annotated[float, Field(ge=0, le=5218)] | None = None


class ChangedText(DraftText):
    """A draft and what is to be changed of it."""

    change: ChangeEntry


class FixEntry(BaseModel):
    """What mends an issue: this value at this place."""

    path: list[str | int]
    value: str


class IssueEntry(BaseModel):
    """One thing that is wrong with a draft."""

    severity: Literal["error", "warning"]
    line: int | None
    key: str | None
    message: str
    expected: str | None
    nearest: str | None
    fix: FixEntry | None


class GivenEntry(BaseModel):
    """One intervention of an arm: a row of the timeline [day]."""

    place: int
    kind: Literal["cells", "drug", "sham"]
    what: str
    amount: float | None
    unit: str
    route: str | None
    days: list[float]
    length_day: float | None
    in_trial: int


class ArmEntry(BaseModel):
    """One arm in numbers."""

    place: int
    id: str
    label: str
    reference: bool
    control: str | None
    altered: bool
    given: list[GivenEntry]
    doses: int
    cells: float
    cells_per_kg: float


class OutlineEntry(BaseModel):
    """A draft in numbers, up to its last visit."""

    id: str
    title: str
    disease: str
    seed: int | None
    patients_per_arm: int | None
    patients: int | None
    visits: list[float]
    weeks: float
    screening_day: float
    arms: list[ArmEntry]


class DraftAnswer(Answer):
    """A draft, what is wrong with it, and what it means in numbers."""

    name: str
    text: str
    passed: bool
    issues: list[IssueEntry]
    outline: OutlineEntry | None
    data: Any
    place: int | None


class ChoiceEntry(BaseModel):
    """One thing to choose."""

    id: str
    name: str


class TrialEntry(ChoiceEntry):
    """A trial of the library."""

    disease: str


class LibraryAnswer(Answer):
    """What a trial may begin with."""

    trials: list[TrialEntry]
    diseases: list[ChoiceEntry]


class EndpointChoice(ChoiceEntry):
    """An endpoint and how it may be measured."""

    measures: list[str]
    better: str | None


class MethodChoice(ChoiceEntry):
    """A method of analysis, the measures it takes, and how it compares arms."""

    measures: list[str]
    summary: str


class CriterionChoice(BaseModel):
    """An entry condition that a trial of the library has."""

    id: str
    expression: str
    visits: list[str]
    source: str | None


class OptionsAnswer(Answer):
    """What a form may offer for one disease."""

    disease: ChoiceEntry
    diseases: list[ChoiceEntry]
    trials: list[ChoiceEntry]
    products: list[ChoiceEntry]
    lots: list[ChoiceEntry]
    routes: list[ChoiceEntry]
    drugs: list[ChoiceEntry]
    structures: list[ChoiceEntry]
    endpoints: list[EndpointChoice]
    methods: list[MethodChoice]
    criteria: list[CriterionChoice]
    names: list[str]
    controls: list[str]
    roles: list[str]
    events: list[str]
    strategies: list[str]
    directions: list[str]
    default_method: dict[str, str]
    summary_of: dict[str, str]


class TwinAnswer(Answer):
    """One virtual trial of a design: its patients, each beside his twin and his arm's band.

    ``trial`` is the document of `funis twin --json`.
    """

    evidence: str
    trial: dict[str, Any]


@router.get("/library")
def library() -> LibraryAnswer:
    """List what a trial may begin with."""
    from funis.pipeline.draft.options import diseases, library_trials

    return LibraryAnswer(
        trials=[TrialEntry(**asdict(one), disease=disease) for one, disease in library_trials()],
        diseases=[ChoiceEntry(**asdict(one)) for one in diseases()],
    )


@router.get("/options")
def options(disease: Annotated[str, Query(max_length=80)]) -> OptionsAnswer:
    """Return what a form may offer for a disease."""
    from funis.pipeline.draft.document import options_document
    from funis.pipeline.draft.options import draft_options

    return OptionsAnswer.model_validate(options_document(draft_options(disease)))


@router.get("/draft")
def draft(
    trial: Annotated[str | None, Query(max_length=80)] = None,
    new: Annotated[str | None, Query(max_length=80)] = None,
) -> DraftAnswer:
    """Return a trial of the library, or the least trial of a disease, as a draft."""
    return draft_answer(begun(trial, new))


def begun(trial: str | None, new: str | None) -> Any:
    """Return the draft that an address names: a trial of the library before a new one.

    Raises
    ------
    InputError
        There is no such trial or disease.
    """
    from funis.pipeline.draft import empty_draft, library_draft

    return empty_draft(new) if trial is None and new is not None else library_draft(trial or "")


@router.post("/check")
def check(sent: DraftText) -> DraftAnswer:
    """Check a text as `funis check` does; nothing is kept."""
    from funis.pipeline.draft import Draft

    return draft_answer(Draft(sent.text, sent.name))


@router.post("/change")
def change(sent: ChangedText) -> DraftAnswer:
    """Change a text at one place, its comments and order kept, and check it; nothing is kept."""
    from funis.pipeline.draft import Draft, changed

    values = sent.change.model_dump(exclude_unset=True)
    after = changed(Draft(sent.text, sent.name), values)
    return draft_answer(after.draft, after.place)


def draft_answer(draft: Any, place: int | None = None) -> DraftAnswer:
    """Return the answer for a draft as it stands."""
    from funis.pipeline.draft import check_draft
    from funis.pipeline.draft.document import draft_document

    return DraftAnswer.model_validate(draft_document(check_draft(draft), place))


BUSY: dict[int | str, dict[str, Any]] = {**NOT_THERE, 503: {"model": Refusal}}


@router.get("/jobs/{id}/twin", response_model=TwinAnswer, responses=BUSY)
async def twin(
    request: Request,
    id: JobId,
    n: Annotated[int, Query(ge=2, le=20_000, description="Patients in all arms.")],
    replicate: Annotated[int, Query(ge=0, le=10**9)],
    world: Literal["posterior", "truth", "null"] = "posterior",
    structure: Annotated[Name, Query()] = "present",
) -> Response:
    """Conduct one virtual trial of a design again: the dot that was opened."""
    asked = await run_in_threadpool(_design, request, id)
    dot = {"n": n, "replicate": replicate, "world": world, "structure": structure}
    folder = request.app.state.settings.folder
    text = await while_read(request, lambda progress: _replicate(folder, asked, dot, progress))
    return Response(text, media_type="application/json")


def _design(request: Request, id: str) -> DesignRequest:
    """Return what a design was asked for."""
    with database_of(request).reading() as session:
        job = jobs.get(session, id)
    if job is None or job.kind != "design":
        raise HTTPException(404, [f"no design {id}"])
    return DesignRequest.model_validate(dict(job.request))


def _replicate(folder: Path, of: DesignRequest, dot: dict[str, Any], progress: Progress) -> str:
    """Return the answer of a dot as JSON: it is long, and made beside the server's other work."""
    from funis.pipeline.design.document import twin_document
    from funis.pipeline.design.twin import replicate_trial

    source = trial_source(of, folder)
    found = replicate_trial(
        folder / source if of.protocol is not None else source, **dot, ensemble=of.ensemble,
        patients=of.patients, workers=1, progress=progress,
    )  # fmt: skip
    document = twin_document(found)
    return TwinAnswer(evidence=document["evidence"], trial=document).model_dump_json()
