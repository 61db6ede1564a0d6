"""`funis check` on a text: everything that is wrong with a draft, and what it means in numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from funis.checks import InputError, Issue, IssueList
from funis.pipeline.draft.draft import Draft
from funis.pipeline.draft.outline import Outline, outline_of
from funis.pipeline.inputs import Trial, document_trial
from funis.pipeline.looks import looks_not_held

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fix:
    """What mends an issue: the nearest valid name in the place of the one that was given."""

    path: KeyPath
    value: str


@dataclass(frozen=True, slots=True)
class DraftCheck:
    """What was found of a draft.

    Attributes
    ----------
    outline : None where the text is no YAML.
    data : the plain content, None where the text is no YAML.
    fixes : one an issue, None where no nearest name can simply be put in.
    """

    draft: Draft
    issues: IssueList
    outline: Outline | None
    data: Any
    fixes: tuple[Fix | None, ...]

    @property
    def passed(self) -> bool:
        """Whether it could be conducted."""
        return not self.issues.errors


def check_draft(draft: Draft) -> DraftCheck:
    """Check a draft as `funis check` checks a file; nothing is raised for what is wrong with it."""
    try:
        data = draft.document.data
    except InputError as error:
        return DraftCheck(draft, error.issues, None, None, (None,) * len(error.issues))
    issues = _issues(draft)
    fixes = tuple(_fix(issue, data) for issue in issues)
    return DraftCheck(draft, issues, outline_of(data), data, fixes)


def draft_trial(draft: Draft) -> Trial:
    """Return a draft as a trial that can be conducted.

    Raises
    ------
    InputError
        Whatever is wrong with it.
    """
    return document_trial(draft.document, draft.text)


def _issues(draft: Draft) -> IssueList:
    try:
        return IssueList(looks_not_held(draft_trial(draft).protocol))
    except InputError as error:
        return error.issues


def _fix(issue: Issue, data: Any) -> Fix | None:
    """Return what to put in; None where the nearest name is that of a key, or nothing is near."""
    if issue.nearest is None or issue.key is None or "unknown key" in issue.message:
        return None
    path = undotted(issue.key)
    return Fix(path, issue.nearest) if isinstance(_at(data, path), str) else None


def undotted(key: str) -> KeyPath:
    """Return a key as people write it, ``arms[1].route``, as a path."""
    parts: Sequence[tuple[str, str]] = re.findall(r"\[(\d+)\]|([^.\[\]]+)", key)
    return tuple(int(index) if index else name for index, name in parts)


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
