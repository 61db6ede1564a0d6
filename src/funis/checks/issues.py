"""What is wrong with an input, where, and what was expected there."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, overload

MOST_NAMES, MOST_SIGNS = 60, 60
"""Names that an error lists, and signs of a wrong name that it repeats."""

NEAREST_SIMILARITY = 0.6


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with an input, with its place and what was expected there.

    Attributes
    ----------
    file, line, key
        Place of the fault: file, line counted from 1, dotted key path (``arms[1].route``).
    message
        What is wrong.
    expected
        What would have been right, as it reads after the word "expected".
    nearest
        The valid name most like the one that was given.
    severity
        An error stops the command; a warning does not.
    """

    file: str | None
    line: int | None
    key: str | None
    message: str
    expected: str | None = None
    nearest: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """One line: ``ra.yaml:12: arms[1].route: unknown route 'ivv'; ...``."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        warning = "warning" if self.severity == "warning" else None
        advice = [self.message]
        if self.expected is not None:
            advice.append(f"expected {self.expected}")
        if self.nearest is not None:
            advice.append(f"did you mean '{self.nearest}'?")
        parts = [part for part in (place, warning, self.key, "; ".join(advice)) if part]
        return " ".join(": ".join(parts).split())


@dataclass(frozen=True, slots=True, init=False)
class IssueList(Sequence[Issue]):
    """A frozen sequence of issues; it is true when it holds any."""

    issues: tuple[Issue, ...]

    def __init__(self, issues: Iterable[Issue] = ()) -> None:
        object.__setattr__(self, "issues", tuple(issues))

    @property
    def errors(self) -> "IssueList":
        """The issues that stop a command."""
        return IssueList(issue for issue in self.issues if issue.severity == "error")

    @property
    def warnings(self) -> "IssueList":
        """The issues that only inform."""
        return IssueList(issue for issue in self.issues if issue.severity == "warning")

    def raise_errors(self) -> None:
        """Raise when any issue is an error.

        Raises
        ------
        InputError
            With the errors; warnings are left out.
        """
        if self.errors:
            raise InputError(self.errors)

    def __add__(self, other: Iterable[Issue]) -> "IssueList":
        """The issues of both, in order."""
        return IssueList((*self.issues, *other))

    def __bool__(self) -> bool:
        """Whether there is any issue."""
        return bool(self.issues)

    def __len__(self) -> int:
        """Number of issues."""
        return len(self.issues)

    def __iter__(self) -> Iterator[Issue]:
        """The issues in order."""
        return iter(self.issues)

    @overload
    def __getitem__(self, index: int) -> Issue: ...
    @overload
    def __getitem__(self, index: slice) -> "IssueList": ...
    def __getitem__(self, index: int | slice) -> "Issue | IssueList":
        """One issue, or a part of the list."""
        if isinstance(index, slice):
            return IssueList(self.issues[index])
        return self.issues[index]

    def __str__(self) -> str:
        """The issues, one a line."""
        return "\n".join(str(issue) for issue in self.issues)


class InputError(ValueError):
    """An input that cannot be used; its text is the issues, one a line.

    It is a ``ValueError`` so that a schema's own validator may raise it: ``validate`` then adds
    the file, line and key that the issue itself does not know.

    Parameters
    ----------
    issues
        One issue, or several.
    """

    def __init__(self, issues: Issue | Iterable[Issue]) -> None:
        self.issues = IssueList((issues,) if isinstance(issues, Issue) else issues)
        super().__init__(self.issues)

    @property
    def lines(self) -> tuple[str, ...]:
        """What to tell a user: one line an issue."""
        return tuple(str(issue) for issue in self.issues)

    def __str__(self) -> str:
        """The issues, one a line."""
        return str(self.issues)


def one_of(key: str, name: str, known: Collection[str]) -> str:
    """Return a name that is among those known.

    Raises
    ------
    InputError
        In one line, with the key, the names that are known and the nearest.
    """
    if name not in known:
        raise unknown(key, name, known, key=key)
    return name


def unknown(what: str, name: str, known: Collection[str], *, key: str | None = None) -> InputError:
    """Return the error of a name that is not known; more than `MOST_NAMES` are not listed."""
    shown = name if len(name) <= MOST_SIGNS else f"{name[:MOST_SIGNS]}..."
    expected = f"one of {', '.join(known)}" if 0 < len(known) <= MOST_NAMES else None
    return InputError(
        Issue(None, None, key, f"unknown {what} '{shown}'", expected, nearest(shown, known))
    )


def nearest(name: str, names: Collection[str]) -> str | None:
    """The name most like the one given, or none when nothing is like it.

    Case and the choice between space, hyphen and underscore do not count. Of equally near names
    the first in alphabetical order is taken.
    """
    wanted = _plain(name)
    likeness = {other: _likeness(wanted, _plain(other)) for other in names}
    near = [other for other in sorted(names) if likeness[other] >= NEAREST_SIMILARITY]
    return max(near, key=likeness.__getitem__, default=None)


def _likeness(wanted: str, other: str) -> float:
    """Return how like two names are; 0 where their lengths alone keep them from being near."""
    matcher = SequenceMatcher(None, wanted, other)
    return matcher.ratio() if matcher.real_quick_ratio() >= NEAREST_SIMILARITY else 0.0


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")
