"""`library/ledger.yaml`: predictions of trials that nobody has reported, dated and hashed.

An entry bears the hash of its own content and that of the entry before it, so that neither can be
changed, dropped or slipped in without being seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from funis.checks import Document, InputError, Issue, IssueList, StrictModel, read_yaml, validate
from funis.protocol.values import Direction, Measure
from funis.store import hash_bytes, write_text

LIBRARY = Path(__file__).parents[1] / "library"
LEDGER = LIBRARY / "ledger.yaml"
REGISTERED = LIBRARY / "registered.yaml"

LEVELS = tuple((2 * k + 1) / 40 for k in range(20))
"""Probabilities of the quantiles that an entry keeps: 0.025, 0.075, ..., 0.975."""

DIGITS = 4
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class UsualSize(StrictModel):
    """Patients of an arm where a record gives no size."""

    per_arm: int = Field(ge=1)
    source: str = Field(min_length=1)


class RegisteredTrial(StrictModel):
    """A registered trial without results; its endpoint where the record names one.

    ``n`` is the planned number of patients where the registry says it and the record does not.
    """

    study: str
    why: str = Field(min_length=1)
    n: int | None = Field(default=None, ge=2)
    endpoint: str | None = None
    week: float | None = Field(default=None, gt=0)
    measure: Measure = "responder"
    direction: Direction = "greater"
    source: str | None = None


class LeftOutTrial(StrictModel):
    """A registered trial that cannot be predicted."""

    study: str
    reason: str = Field(min_length=1)


class UnreportedTrial(StrictModel):
    """A registered randomised trial past its planned end that nobody has reported.

    Attributes
    ----------
    ended : day of its end, planned or real.
    as_of : day of the registry's record that shows no results; None where the page has no date.
    """

    study: str
    ended: str
    as_of: str | None = None
    why: str = Field(min_length=1)
    source: str = Field(min_length=1)

    @field_validator("ended", "as_of")
    @classmethod
    def _is_a_day(cls, value: str | None) -> str | None:
        if value is not None and not is_date(value):
            raise ValueError(f"'{value}' is no date; expected a day, YYYY-MM-DD")
        return value


class RegisteredFile(StrictModel):
    """The file of registered trials."""

    size: UsualSize
    structures: tuple[str, ...] = ()
    trials: tuple[RegisteredTrial, ...]
    left_out: tuple[LeftOutTrial, ...] = ()
    unreported: tuple[UnreportedTrial, ...] = ()
    not_counted: tuple[LeftOutTrial, ...] = ()


class Predicted(StrictModel):
    """A predicted number: median, intervals, quantiles at ``LEVELS``."""

    median: float
    low80: float
    high80: float
    low95: float
    high95: float
    quantiles: tuple[float, ...]


class ArmEntry(StrictModel):
    """One arm: as registered, what was drawn, what is not represented, what is predicted."""

    id: str
    n: int = Field(ge=1)
    cells: bool
    regimens: tuple[str, ...]
    drawn: tuple[str, ...]
    not_represented: tuple[str, ...]
    predicted: Predicted
    if_cells_do_nothing: float


class ContrastEntry(StrictModel):
    """An arm against the reference, and how probable it is that it meets the rule."""

    arm: str
    reference: str
    predicted: Predicted
    probability: float = Field(ge=0, le=1)
    if_cells_do_nothing: float = Field(ge=0, le=1)


class PopulationEntry(StrictModel):
    """Whose patients, in the record's words, and the trial of the library that stands for them."""

    criteria: str | None
    like: str


class EndpointEntry(StrictModel):
    """The primary endpoint, and whether the record names it."""

    endpoint: str
    week: float
    measure: Measure
    registered: bool
    source: str


class SuccessEntry(StrictModel):
    """What the trial has to show, and the probability that at least one arm does; null: no rule.

    ``by_structure`` is the same under other forms of the model, with what cells do as by default.
    """

    rule: str
    probability: float | None
    if_cells_do_nothing: float | None
    by_structure: dict[str, float | None] = Field(default_factory=dict)


class EnsembleEntry(StrictModel):
    """What is known of the disease: hash of the ensemble, hash of the model, P(no effect)."""

    hash: str
    model: str
    no_effect: float


class Entry(StrictModel):
    """A prediction of one trial, made on one day."""

    id: str
    study: str
    registry: str | None
    title: str
    disease: str
    date: str
    version: str
    design: str
    population: PopulationEntry
    endpoint: EndpointEntry
    assumed: tuple[str, ...]
    arms: tuple[ArmEntry, ...]
    contrasts: tuple[ContrastEntry, ...]
    success: SuccessEntry
    ensemble: EnsembleEntry
    previous: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries of a file, in order, as values and as plain data."""

    path: Path
    entries: tuple[Entry, ...]
    raw: tuple[Mapping[str, Any], ...]
    document: Document

    @property
    def last_hash(self) -> str | None:
        """Hash of the last entry."""
        return self.entries[-1].hash if self.entries else None


def load_registered(path: Path = REGISTERED) -> RegisteredFile:
    """Read the registered trials.

    Raises
    ------
    InputError
        Each fault with file and line.
    """
    return validate(RegisteredFile, read_yaml(path))


def read_ledger(path: Path = LEDGER) -> Ledger:
    """Read a ledger without judging its hashes; a file that is not there is an empty one.

    Raises
    ------
    InputError
        The file is no ledger; with file and line.
    """
    if not path.is_file():
        return Ledger(path, (), (), Document([], str(path), {}))
    document = read_yaml(path)
    if document.data is None:
        return Ledger(path, (), (), document)
    entries = validate(tuple[Entry, ...], document)
    return Ledger(path, entries, tuple(document.data), document)


def check_ledger(ledger: Ledger) -> IssueList:
    """Return what was changed, dropped or slipped in: each an error with its line."""
    return IssueList(_faults(ledger))


def _faults(ledger: Ledger) -> Iterator[Issue]:
    before: str | None = None
    seen: set[str] = set()
    for number, (entry, raw) in enumerate(zip(ledger.entries, ledger.raw, strict=True)):

        def issue(key: str, message: str, expected: str, place: int = number) -> Issue:
            line = ledger.document.line((place, key))
            return Issue(str(ledger.path), line, f"[{place}].{key}", message, expected)

        found = entry_hash(raw)
        if entry.hash != found:
            expected = "the content that this hash was made of"
            yield issue("hash", f"the prediction '{entry.id}' was changed", expected)
        if entry.previous != before:
            message = f"'{entry.id}' does not follow the entry before it"
            yield issue("previous", message, before or "null")
        if entry.id in seen:
            yield issue("id", f"'{entry.id}' stands here twice", "an entry for each prediction")
        if not is_date(entry.date):
            yield issue("date", f"'{entry.date}' is no date", "YYYY-MM-DD")
        seen.add(entry.id)
        before = entry.hash


def is_date(text: str) -> bool:
    """Return whether a text is a day of the calendar, YYYY-MM-DD."""
    try:
        return bool(_DATE.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def entry_hash(raw: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an entry's content, its own hash left out; equal numbers are equal."""
    content = {key: value for key, value in raw.items() if key != "hash"}
    text = json.dumps(_plain(content), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hash_bytes(text.encode())


def append_entries(path: Path, entries: Sequence[Mapping[str, Any]]) -> Ledger:
    """Write new entries behind those that stand there; what stands there keeps its bytes.

    Parameters
    ----------
    entries
        Plain data without ``id``, ``previous`` and ``hash``, which are added here.

    Raises
    ------
    InputError
        The ledger was changed since it was written, or cannot be written to.
    """
    ledger = read_ledger(path)
    check_ledger(ledger).raise_errors()
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    before = ledger.last_hash
    names = [entry.study for entry in ledger.entries]
    for entry in entries:
        number = names.count(entry["study"]) + 1
        whole = {"id": f"{entry['study']}.{number}", **_rounded(entry), "previous": before}
        before = entry_hash(whole)
        names.append(entry["study"])
        text += _entry_text({**whole, "hash": before})
    write_text(path, text)
    return read_ledger(path)


def _entry_text(entry: Mapping[str, Any]) -> str:
    lines = [f"{'- ' if not place else '  '}{key}: " for place, key in enumerate(entry)]
    shown = [line + _value_text(value) for line, value in zip(lines, entry.values(), strict=True)]
    return "\n".join(shown).replace(": \n", ":\n") + "\n"


def _value_text(value: Any) -> str:
    """Return a value as YAML: a list of mappings a line each, anything else in one line."""
    if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        return "".join(f"\n  - {_flow(item)}" for item in value)
    return _flow(value)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """Return a number as every reader of YAML takes it: with a point, exponents with a sign."""
    text = repr(value)
    head, _, exponent = text.partition("e")
    head = head if "." in head else f"{head}.0"
    if not exponent:
        return head
    return f"{head}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def _rounded(value: Any) -> Any:
    """Return the value with its numbers to few digits, as they are written."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") + 0.0
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    """Return the value with whole numbers as such, so that 1 and 1.0 have one hash."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def require_dates(*texts: str) -> None:
    """Refuse what is no day of the calendar.

    Raises
    ------
    InputError
        One line.
    """
    for text in texts:
        if not is_date(text):
            raise InputError(Issue(None, None, "date", f"'{text}' is no date", "YYYY-MM-DD"))
