"""What could point to a real person: found in texts and keys, refused with its path.

A filter cannot know every name. It is the second wall: the first is that a consultation has no
field for such things and that its words come from closed lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from funis.checks import Document, Issue, IssueList
from funis.checks.documents import KeyPath, dotted

LONGEST_NUMBER = 999_999
"""Whole numbers above this one look like the number of a record."""

MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
STREETS = "street|road|avenue|lane|drive|boulevard|square|court|terrace|highway"
TITLES = (
    "mr|mrs|ms|miss|mister|mx|sir|madam|dr|doctor|prof|professor|herr|frau|mme|mlle|monsieur|madame"
    "|señor|señora|sr|sra|signor|signora"
)

_LOOKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    # each begins where a word does: begun at every letter, a long word would take minutes
    ("an e-mail address", re.compile(r"(?<![^\s@])[^\s@]+@[^\s@]+\.[^\s@]+")),
    ("a web address", re.compile(r"(?i)\b(?:https?://|www\.)\S+")),
    (
        "a date",
        re.compile(
            r"\b(?:\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})\b"
            rf"|(?i:\b(?:\d{{1,2}}\.?\s+)?(?:{MONTHS})[a-z]*\.?,?\s+(?:\d{{1,2}},?\s+)?\d{{4}}\b)"
        ),
    ),
    ("a telephone number", re.compile(r"(?:\+\s?\d|\(?\b0\d)[\d\s()/.-]{5,}\d|\b\d{3}-\d{3,4}\b")),
    ("the number of a record", re.compile(r"\b\d{3}-\d{2}-\d{4}\b|\d{6,}|\d(?:[ -]?\d){7,}")),
    (
        "an address",
        re.compile(
            rf"(?i:\b\d{{1,5}}[a-z]?,?\s+(?:[\w.'-]+\s+){{0,3}}(?:{STREETS})\b)"
            r"|(?i:(?<![\w.'-])[\w.'-]+(?:strasse|straße|weg|allee|platz|laan|straat)\s+\d{1,5}[a-z]?\b)"
            r"|\b(?i:rue|via|calle|plaza|paseo)\s+(?:de\w*\s+)?[A-ZÀ-ÖØ-Þ]\w+"
            r"|\b\d{5}(?:-\d{4})?\s+[A-ZÄÖÜ][a-zäöüß]+"
        ),
    ),
    ("a name", re.compile(rf"\b(?i:{TITLES})\b\.?\s+[A-ZÀ-ÖØ-Þ][\w'-]*")),
    (
        "a mark of a person",
        re.compile(
            r"(?i)\b(?:named|name is|born|date of birth|d\.?o\.?b\.?|mrn|ssn|nhs number"
            r"|passport|insurance (?:no|number)|patient (?:id|no|number))\b"
        ),
    ),
)

_KEYS = frozenset(
    {
        "name", "first_name", "last_name", "surname", "family", "family_name", "given",
        "given_name", "full_name", "initials", "address", "street", "city", "town", "postcode",
        "postal_code", "zip", "zip_code", "telephone", "phone", "mobile", "fax", "telecom", "email",
        "e_mail", "record_number", "medical_record_number", "mrn", "patient_id", "patient_number",
        "ssn", "social_security_number", "insurance_number", "passport", "birth_date", "birthdate",
        "birthday", "date_of_birth", "dob", "photo", "contact",
    }
)  # fmt: skip


def likeness(text: str) -> str | None:
    """Say what of a person a text looks like, such as "a telephone number"; None for nothing."""
    return next((what for what, pattern in _LOOKS if pattern.search(text)), None)


def names_person(key: str) -> bool:
    """Whether a key asks for something that points to a person; case and ``-`` do not count."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower().replace("-", "_").replace(" ", "_")
    return plain in _KEYS


def find_private(
    data: Any, path: KeyPath = (), *, keys: bool = True
) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path of everything that could point to a person, and what it looks like.

    Parameters
    ----------
    data
        Dictionaries, lists, numbers and text, as read from YAML or JSON.
    path
        Path of the data themselves.
    keys
        Whether keys such as ``name`` are refused too; values always are.
    """
    if isinstance(data, Mapping):
        for key, value in data.items():
            if keys and names_person(str(key)):
                yield (*path, key), f"the field '{key}'"
            else:
                yield from find_private(value, (*path, key), keys=keys)
    elif isinstance(data, list | tuple):
        for place, value in enumerate(data):
            yield from find_private(value, (*path, place), keys=keys)
    elif isinstance(data, str):
        what = likeness(data)
        if what is not None:
            yield path, what
    elif isinstance(data, int) and not isinstance(data, bool) and abs(data) > LONGEST_NUMBER:
        yield path, "the number of a record"


def refuse_private(document: Document) -> None:
    """Refuse a document that could point to a person.

    Raises
    ------
    InputError
        One issue a finding, with file, line and path; the text itself is not repeated.
    """
    IssueList(
        Issue(
            document.file, document.line(path), dotted(path),
            f"{what} could point to a person", "a virtual patient, with nothing that names anybody",
        )
        for path, what in find_private(document.data)
    ).raise_errors()  # fmt: skip
