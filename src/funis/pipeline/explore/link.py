"""A state as a short query string that stays the same, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from funis.checks import InputError, Issue, IssueList, nearest
from funis.models import disease_ids
from funis.pipeline.explore.options import explore_options
from funis.pipeline.explore.state import ExploreState, default_state
from funis.protocol import FrozenMapping

LONGEST = 2000
"""Characters of a link."""

MOST_KEYS = 40
PER_KG = "/kg"
KEYS: dict[str, str] = {
    "disease": "disease", "product": "product", "route": "routes", "dose": "doses",
    "times": "times", "every": "every_day", "hold": "hold_minute", "shape": "shape",
    "memory": "memory", "potency": "potency", "null": "null_weight", "weeks": "weeks",
    "patients": "patients", "seed": "seed",
}  # fmt: skip
"""Key of a link -> field of the state. Traits stand beside them under their own names."""

ALWAYS = ("disease", "route", "dose", "times", "every")
"""Written even at their defaults, which follow the library and may change with it."""

_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[0-9]{1,12}")
ANSWERS = {"yes": True, "no": False}


def permalink(state: ExploreState) -> str:
    """Return a state as a query string: always the same for the same state."""
    usual = {one.name: one.default for one in fields(ExploreState)}
    pairs: list[tuple[str, str]] = []
    for key, name in KEYS.items():
        value = getattr(state, name)
        if key in ALWAYS or value != usual[name]:
            pairs.append((key, _text(key, value, state)))
    order = [one.id for one in explore_options(state.disease).traits]
    pairs += [
        (name, "yes" if state.traits[name] else "no") for name in order if name in state.traits
    ]
    return urlencode(pairs, safe=",/")


def _text(key: str, value: Any, state: ExploreState) -> str:
    if key == "dose":
        return ",".join(map(short, value)) + (PER_KG if state.per_kg else "")
    if key == "route":
        return ",".join(value)
    return value if isinstance(value, str) else short(value)


def short(value: float) -> str:
    """Return a number with as few characters as say it exactly, without a plus sign."""
    text = f"{value:g}" if float(f"{value:g}") == value else repr(value)
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if mark else text


def parse_link(text: str) -> ExploreState:
    """Read a link: a query string, an address that ends in one, or the id of a disease alone.

    Raises
    ------
    InputError
        One line for each key or value that cannot be, with the nearest name.
    """
    if len(text) > LONGEST:
        raise InputError(
            Issue(None, None, "link", "it is too long", f"at most {LONGEST} characters")
        )
    query = text.strip().partition("?")[2] if "?" in text else text.strip()
    if "=" not in query:
        return default_state(query)
    return state_of(parse_qsl(query, keep_blank_values=True, max_num_fields=None))


def state_of(pairs: list[tuple[str, str]]) -> ExploreState:
    """Return the state of keys and values; those of a disease's default where they are left out.

    Raises
    ------
    InputError
        As `parse_link`.
    """
    given = dict(pairs)
    IssueList(_wrong_keys([key for key, _ in pairs])).raise_errors()
    if "disease" not in given:
        expected = f"one of {', '.join(disease_ids())}"
        raise InputError(Issue(None, None, "disease", "no disease is given", expected))
    usual = default_state(given["disease"])
    traits = [one.id for one in explore_options(usual.disease).traits]
    IssueList(_unknown_keys(given, [*KEYS, *traits])).raise_errors()
    return replace(usual, **_values(given, traits))


def _wrong_keys(keys: list[str]) -> Iterator[Issue]:
    if len(keys) > MOST_KEYS:
        yield Issue(None, None, "link", f"{len(keys)} keys", f"at most {MOST_KEYS}")
        return
    for key in dict.fromkeys(keys):
        if keys.count(key) > 1:
            yield Issue(None, None, key[:60], "it stands twice", "each key once")


def _unknown_keys(given: dict[str, str], known: list[str]) -> Iterator[Issue]:
    for key in given:
        if key not in known:
            expected = f"one of {', '.join(known)}"
            yield Issue(None, None, "link", f"unknown key '{key[:60]}'", expected,
                        nearest(key[:60], known))  # fmt: skip


def _values(given: dict[str, str], traits: list[str]) -> dict[str, Any]:
    """Return the fields that a link gives.

    Raises
    ------
    InputError
        Values that cannot be read, one line each.
    """
    found: dict[str, Any] = {}
    faults: list[Issue] = []
    asked: dict[str, bool] = {}
    for key, text in given.items():
        try:
            if key in traits:
                asked |= _trait(key, text)
            else:
                found |= _READERS.get(key, _name)(key, text[:200])
        except InputError as error:
            faults += error.issues
    IssueList(faults).raise_errors()
    return found | ({"traits": FrozenMapping(asked)} if asked else {})


def _trait(key: str, text: str) -> dict[str, bool]:
    if text not in (*ANSWERS, "any"):
        expected = "yes, no or any"
        raise InputError(Issue(None, None, key, f"'{text[:60]}' is no answer", expected))
    return {} if text == "any" else {key: ANSWERS[text]}


def _name(key: str, text: str) -> dict[str, Any]:
    return {KEYS[key]: text}


def _routes(key: str, text: str) -> dict[str, Any]:
    return {"routes": tuple(text.split(","))}


def _doses(key: str, text: str) -> dict[str, Any]:
    per_kg = text.endswith(PER_KG)
    numbers = text.removesuffix(PER_KG).split(",")
    return {"doses": tuple(_number(key, one) for one in numbers), "per_kg": per_kg}


def _decimal(key: str, text: str) -> dict[str, Any]:
    return {KEYS[key]: _number(key, text)}


def _whole(key: str, text: str) -> dict[str, Any]:
    if not _WHOLE.fullmatch(text):
        raise InputError(Issue(None, None, key, f"'{text[:60]}' is no number", "a whole number"))
    return {KEYS[key]: int(text)}


def _number(key: str, text: str) -> float:
    found = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(found):
        expected = "a number such as 70e6; after the last one /kg for cells per kg" if (
            key == "dose"
        ) else "a number"  # fmt: skip
        raise InputError(Issue(None, None, key, f"'{text[:60]}' is no number", expected))
    return found


_READERS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "route": _routes, "dose": _doses, "hold": _decimal, "null": _decimal,
    "times": _whole, "every": _whole, "weeks": _whole, "patients": _whole, "seed": _whole,
}  # fmt: skip
