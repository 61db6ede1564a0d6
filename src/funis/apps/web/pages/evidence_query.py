"""What the address of an evidence page asks for, read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request

from funis.checks import InputError, Issue
from funis.pipeline.studies import StudyFilter
from funis.pipeline.studies.table import most_studied_disease

LONGEST_TEXT = 200
PAGE_SIZE = 25
MOST_FIELDS = 20
REPRESENTED = {"": None, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class PoolQuery:
    """What is pooled; ``studies`` is None where the page is new and every study is ticked."""

    disease: str
    of: str
    endpoint: str | None
    week: float | None
    measure: str | None
    any_route: bool
    studies: tuple[str, ...] | None


def studies_query(query: QueryParams) -> StudyFilter:
    """Return which studies are wanted.

    Raises
    ------
    InputError
        A number that is none, a text that is too long.
    """
    text = query.get("text", "").strip()
    if len(text) > LONGEST_TEXT:
        message = f"{len(text)} characters"
        raise InputError(Issue(None, None, "text", message, f"at most {LONGEST_TEXT}"))
    wanted = query.get("represented", "")
    if wanted not in REPRESENTED:
        message = f"unknown choice '{wanted[:40]}'"
        raise InputError(Issue(None, None, "represented", message, "yes, no or nothing"))
    return StudyFilter(
        disease=query.get("disease") or None,
        study_type=query.get("type") or None,
        source=query.get("source") or None,
        route=query.get("route") or None,
        randomised=query.get("randomised") == "1",
        blinded=query.get("blinded") == "1",
        from_year=_year(query, "from"),
        to_year=_year(query, "to"),
        least_dose=_millions(query, "least"),
        most_dose=_millions(query, "most"),
        text=text,
        represented=REPRESENTED[wanted],
    )


def page_number(query: QueryParams, size: int) -> tuple[int, int]:
    """Return the page that is asked for and how many there are; both begin at 1."""
    pages = max(1, math.ceil(size / PAGE_SIZE))
    text = query.get("page", "1")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    return min(max(number, 1), pages), pages


def pool_query(query: QueryParams) -> PoolQuery:
    """Return what is to be pooled; ticks that belong to another outcome are dropped.

    Raises
    ------
    InputError
        A week that is no number.
    """
    disease, of = query.get("disease") or most_studied_disease(), query.get("of") or "cells"
    endpoint = query.get("endpoint") or None
    ticked = None
    if query.get("ticks") == tick_place(disease, of, endpoint or "", query):
        ticked = tuple(dict.fromkeys(query.getlist("study")))
    return PoolQuery(
        disease, of, endpoint, number_of(query, "week"), query.get("measure") or None,
        query.get("any_route") == "1", ticked,
    )  # fmt: skip


def tick_place(disease: str, of: str, endpoint: str, query: Mapping[str, str]) -> str:
    """Return what names the list of studies that ticks belong to."""
    parts = (disease, of, endpoint, query.get("week", ""), query.get("any_route", ""))
    return "|".join(parts)


def number_of(query: Mapping[str, str], key: str) -> float | None:
    """Return a number of the address, None where it is empty.

    Raises
    ------
    InputError
        What is no finite number.
    """
    text = query.get(key, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(Issue(None, None, key, f"'{text[:40]}' is no number", "a number"))
    return value


def with_page(query: QueryParams, number: int) -> str:
    """Return the address of another page of the same studies."""
    kept = [(key, value) for key, value in query.multi_items() if key != "page"]
    return "/evidence?" + urlencode([*kept, ("page", str(number))])


async def form_fields(request: Request) -> dict[str, str]:
    """Return the fields of a form as it was sent, the last of each name.

    Raises
    ------
    InputError
        A form that is no text or has too many fields.
    """
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise InputError(Issue(None, None, None, "the form cannot be read", "UTF-8")) from None
    return {name: values[-1] for name, values in fields.items()}


def _year(query: QueryParams, key: str) -> int | None:
    value = number_of(query, key)
    return None if value is None else int(value)


def _millions(query: QueryParams, key: str) -> float | None:
    value = number_of(query, key)
    return None if value is None else value * 1e6
