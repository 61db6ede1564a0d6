"""Changes of a draft as data: each takes a text and gives the next, comments and order kept.

A change is ``{kind, ...}``, as a form or ``funis draft --change`` sends it: ``set``, ``remove`` and
``insert`` at a path; ``move_dose``, ``add_dose``, ``remove_dose``; ``move_visit``, ``add_visit``,
``remove_visit``; ``add_arm``, ``remove_arm``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field
from ruamel.yaml.comments import CommentedSeq

from funis.checks import Document, InputError, Issue, StrictModel, validate
from funis.pipeline.draft.arms import add_arm, remove_arm
from funis.pipeline.draft.doses import add_dose, move_dose, remove_dose
from funis.pipeline.draft.draft import Draft
from funis.pipeline.draft.places import Place, at, put, refuse
from funis.pipeline.draft.text import node, text_of, tree
from funis.pipeline.draft.visits import add_visit, move_visit, remove_visit

Kind = Literal[
    "set", "remove", "insert", "move_dose", "add_dose", "remove_dose", "move_visit", "add_visit",
    "remove_visit", "add_arm", "remove_arm",
]  # fmt: skip
Plain = str | int | float | bool | None | list[Any] | dict[str, Any]


class Change(StrictModel):
    """One change.

    Attributes
    ----------
    path : of what is set, removed, or inserted into.
    at : place in a list; the end when None.
    arm, intervention, dose, visit : places, from 0 on.
    day, week : new place in time, or of what is added.
    """

    kind: Kind
    path: tuple[str | int, ...] = Field(default=(), max_length=16)
    value: Plain = None
    at: int | None = Field(default=None, ge=0)
    arm: int | None = Field(default=None, ge=0)
    intervention: int | None = Field(default=None, ge=0)
    dose: int | None = Field(default=None, ge=0)
    visit: int | None = Field(default=None, ge=0)
    day: float | None = Field(default=None, ge=0, le=36525, allow_inf_nan=False)
    week: float | None = Field(default=None, ge=0, le=5218, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Changed:
    """A draft after a change, and where what was changed stands now (a place in its list)."""

    draft: Draft
    place: int | None = None


def changed(draft: Draft, change: Change | Mapping[str, Any]) -> Changed:
    """Return a draft after one change.

    Raises
    ------
    InputError
        The text is no YAML, or there is nothing at the place that the change names. What the
        change makes of the trial is for `check_draft` to judge.
    """
    if isinstance(change, Mapping):
        change = validate(Change, Document(dict(change), "change", {}))
    if not isinstance(draft.document.data, dict):
        raise InputError(Issue(draft.name, None, None, "is no trial", "keys such as arms: ..."))
    root = tree(draft.text)
    place = _done(draft, root, change)
    after = Draft(text_of(root), draft.name)
    assert after.document is not None  # what a change writes has to be readable
    return Changed(after, place)


def _done(draft: Draft, root: Any, change: Change) -> int | None:
    """Do a change; the text may hold anything in the places that it goes through."""
    try:
        return _DO[change.kind](root, change)
    except (TypeError, AttributeError, KeyError, IndexError):
        message = f"{change.kind}: a trial has something else in that place"
        raise InputError(Issue(draft.name, None, None, message, "a text that is mended")) from None


def _set(root: Any, change: Change) -> None:
    path = _path(change)
    put(root, path, node({path[-1]: change.value})[str(path[-1])])


def _remove(root: Any, change: Change) -> None:
    path = _path(change)
    around = at(root, path[:-1])
    at(root, path)
    del around[path[-1]]


def _insert(root: Any, change: Change) -> int:
    path = _path(change)
    listed: Any = at(root, path, missing=[])
    if not isinstance(listed, CommentedSeq):
        raise refuse(path, "is no list")
    place = len(listed) if change.at is None else min(change.at, len(listed))
    flows = [one.fa.flow_style() for one in listed if hasattr(one, "fa")]
    if not listed and isinstance(change.value, dict):
        listed.fa.set_block_style()
    listed.insert(place, node(change.value, flow=bool(flows) and all(flows)))
    return place


def _path(change: Change) -> Place:
    if not change.path:
        raise InputError(Issue("change", None, "path", "no path", "keys and places of a list"))
    return change.path


def _whole(change: Change, *names: str) -> list[int]:
    """Return numbers that a change needs.

    Raises
    ------
    InputError
        One line for the first that it lacks.
    """
    for name in names:
        if getattr(change, name) is None:
            message = f"{change.kind} without {name}"
            raise InputError(Issue("change", None, name, message, "a number"))
    return [getattr(change, name) for name in names]


_DO: Mapping[Kind, Callable[[Any, Change], int | None]] = {
    "set": _set,
    "remove": _remove,
    "insert": _insert,
    "move_dose": lambda r, c: move_dose(r, *_whole(c, "arm", "intervention", "dose", "day")),
    "add_dose": lambda r, c: add_dose(r, *_whole(c, "arm", "intervention", "day")),
    "remove_dose": lambda r, c: remove_dose(r, *_whole(c, "arm", "intervention", "dose")),
    "move_visit": lambda r, c: move_visit(r, *_whole(c, "visit", "week")),
    "add_visit": lambda r, c: add_visit(r, *_whole(c, "week")),
    "remove_visit": lambda r, c: remove_visit(r, *_whole(c, "visit")),
    "add_arm": lambda r, c: add_arm(r, c.arm),
    "remove_arm": lambda r, c: remove_arm(r, *_whole(c, "arm")),
}
