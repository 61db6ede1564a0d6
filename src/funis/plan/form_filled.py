"""A form that was filled in becomes a consultation's data, and a consultation fills in a form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funis.plan.consultation_text import consultation_data
from funis.plan.consulted import Consultation
from funis.plan.form_values import Form, FormField

Filled = Mapping[str, str | Sequence[str]]
"""What was typed, by the name of a control: text, or several words of a list."""

ASKED = ".asked"
"""End of the name of the control that tells "none" from "not asked"."""

YES_NO: Mapping[str, bool] = {"true": True, "false": False}
PARTS: Mapping[str, tuple[str, ...]] = {
    "medication": ("drug", "dose", "unit", "since_week", "stopped_week"),
    "previous_infusions": ("tissue", "times", "weeks_ago", "reaction"),
}
"""Parts of a row, by the field that holds rows."""

MOST_ROWS = 40
_DECIMAL = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a field that holds rows: its place, and the text of each part."""

    place: int
    parts: Mapping[str, str]


def data_of(form: Form, filled: Filled) -> dict[str, Any]:
    """Return the data of a consultation, as its file would hold them.

    What is empty is left out. Text that is no number stays text, so that reading it says so.

    Parameters
    ----------
    form
        The form of its disease.
    filled
        What was typed; names that the form does not have are left out.
    """
    data: dict[str, Any] = {
        "id": f"{form.disease}_virtual", "virtual": True, "disease": form.disease
    }  # fmt: skip
    for one in form.fields:
        value = _value(one, filled)
        head, _, name = one.key.partition(".")
        if value is None:
            continue
        if head == "labs":
            data.setdefault(head, {})[name] = {"value": value, "unit": one.unit}
        elif name:
            data.setdefault(head, {})[name] = value
        else:
            data[one.key] = value
    return data


def filled_of(form: Form, one: Consultation | None) -> dict[str, str | list[str]]:
    """Return what a form holds when a consultation fills it in; nothing without one."""
    found: dict[str, str | list[str]] = {}
    data = {} if one is None else consultation_data(one)
    for field in form.fields:
        head, _, name = field.key.partition(".")
        value = data.get(head)
        if name:
            value = value.get(name) if isinstance(value, Mapping) else None
        if head == "labs" and isinstance(value, Mapping):
            value = value["value"]
        found |= dict(_typed(field, value))
    return found


def rows_of(field: FormField, filled: Filled) -> tuple[Row, ...]:
    """Return the rows of a field that were filled in, in order."""
    pattern = re.compile(rf"{re.escape(field.key)}\.(\d{{1,3}})\.(\w+)")
    rows: dict[int, dict[str, str]] = {}
    for name, text in filled.items():
        found = pattern.fullmatch(name)
        if found and isinstance(text, str) and text.strip():
            rows.setdefault(int(found[1]), {})[found[2]] = text.strip()
    return tuple(Row(place, rows[place]) for place in sorted(rows)[:MOST_ROWS])


def _value(field: FormField, filled: Filled) -> Any:
    """Return the value of a field; None where it is not known."""
    if field.key in PARTS:
        rows = rows_of(field, filled)
        return [_row(one.parts) for one in rows] if rows or _asked(field, filled) else None
    if field.kind == "words":
        ticked = _several(filled.get(field.key))
        return ticked if ticked or _asked(field, filled) else None
    text = _one(filled.get(field.key))
    if not text:
        return None
    if field.kind == "yes_no":
        return YES_NO.get(text, text)
    return text if field.kind == "choice" else _number(text)


def _row(parts: Mapping[str, str]) -> dict[str, Any]:
    plain = ("drug", "unit", "tissue")
    row: dict[str, Any] = {
        name: text if name in plain else _number(text) for name, text in parts.items()
    }
    if "reaction" in row:
        row["reaction"] = YES_NO.get(parts["reaction"], parts["reaction"])
    return row


def _typed(field: FormField, value: Any) -> Iterator[tuple[str, str | list[str]]]:
    """Yield the controls of a field and what stands in them."""
    if field.key not in PARTS and field.kind != "words":
        yield field.key, _text(value)
        return
    if value is not None:
        yield f"{field.key}{ASKED}", "true"
    if field.kind == "words":
        yield field.key, [str(one) for one in value or ()]
        return
    for place, row in enumerate(value or ()):
        for name, part in row.items():
            yield f"{field.key}.{place}.{name}", _text(part)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _asked(field: FormField, filled: Filled) -> bool:
    return _one(filled.get(f"{field.key}{ASKED}")) == "true"


def _one(value: str | Sequence[str] | None) -> str:
    return value.strip() if isinstance(value, str) else ""


def _several(value: str | Sequence[str] | None) -> list[str]:
    return [value] if isinstance(value, str) and value else list(value or ())


def _number(text: str) -> float | int | str:
    """Return the number that was typed; the text itself where it is none."""
    if not _DECIMAL.fullmatch(text) or len(text) > 30:
        return text
    number = float(text)
    return int(number) if number == int(number) else number
