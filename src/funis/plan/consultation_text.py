"""A consultation as plain data and as the text of its file; and one field of it checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from funis.checks import Document, InputError, Issue, nearest
from funis.models import disease_ids
from funis.plan.consultation import consultation_of, library_model
from funis.plan.consulted import Consultation
from funis.plan.form import form_of

HEAD = (
    "# A virtual patient. Research and education software; nothing here belongs to a real person.",
)


def consultation_data(one: Consultation) -> dict[str, Any]:
    """Return a consultation as its file holds it; what is not known is left out."""
    found = asdict(one)
    found.pop("where")
    found["virtual"] = True
    for taken in found["medication"] or ():
        taken.pop("drug_class")
    keys = ("id", "virtual", *(key for key in found if key not in ("id", "virtual")))
    return {key: _known(found[key]) for key in keys if _is_known(key, found[key])}


def consultation_yaml(one: Consultation) -> str:
    """Return the text of a consultation's file; it reads as what it was made from."""
    return "\n".join((*HEAD, *_lines(consultation_data(one)))) + "\n"


def field_fault(data: Mapping[str, Any], key: str) -> str | None:
    """Return what is wrong with one field of a consultation that is being filled in.

    Parameters
    ----------
    data
        The consultation so far, as its file would hold it.
    key
        Path of the field, such as ``severity.crp``.

    Returns
    -------
    str or None
        One line; None where nothing is wrong with it so far.

    Raises
    ------
    InputError
        A consultation has no such field.
    """
    _check_key(key, data.get("disease"))
    found = _faults(data)
    others = [issue.key for issue in found if not _concerns(issue.key, key)]
    mine = [issue for issue in found if _concerns(issue.key, key)]
    if not mine and others:
        mine = [one for one in _faults(_without(data, others)) if _concerns(one.key, key)]
    return " ".join(fault_words(one) for one in mine[:1]) or None


def _check_key(key: str, disease: Any) -> None:
    """Refuse a field that no consultation has; of an unknown disease any severity will do."""
    known = disease in disease_ids() if isinstance(disease, str) else False
    names = _keys(disease if known else disease_ids()[0])
    head = key.partition("[")[0]
    if head in names or (not known and head.startswith("severity.")):
        return
    message, expected = f"a consultation has no field '{key[:80]}'", "one that --form prints"
    raise InputError(Issue(None, None, "field", message, expected, nearest(key[:80], names)))


@lru_cache(maxsize=16)
def _keys(disease: str) -> tuple[str, ...]:
    """Return every path of a consultation: of the form, and what the form is for."""
    form = form_of(library_model(disease), {}, {})
    return ("id", "virtual", "disease", "severity", "labs", *(one.key for one in form.fields))


def fault_words(issue: Issue) -> str:
    """Return an issue without its place, for the field that it stands beside."""
    text = str(replace(issue, file=None, line=None, key=None))
    return f"{text[:1].upper()}{text[1:]}."


def _faults(data: Mapping[str, Any]) -> tuple[Issue, ...]:
    try:
        consultation_of(Document(dict(data), "consultation", {}))
    except InputError as error:
        return tuple(error.issues)
    return ()


def _concerns(found: str | None, key: str) -> bool:
    return found is not None and (found == key or found.startswith((f"{key}.", f"{key}[")))


def _without(data: Mapping[str, Any], keys: list[str | None]) -> dict[str, Any]:
    """Return a consultation without fields that are wrong, so that the rest can be held together.

    A consultation cannot do without a weight: a wrong one is replaced by one that offends nobody.
    """
    heads = {(key or "").split("[")[0] for key in keys}
    found = {name: value for name, value in data.items() if name not in heads}
    for name in ("severity", "labs"):
        inside = {head.split(".")[1] for head in heads if head.startswith(f"{name}.")}
        if isinstance(found.get(name), Mapping):
            found[name] = {k: v for k, v in found[name].items() if k not in inside}
    if "weight_kg" in heads or "weight_kg" not in data:
        found |= {"weight_kg": 70}
        found.pop("height_cm", None)
    return found


def _is_known(key: str, value: Any) -> bool:
    return value is not None and not (key in ("severity", "labs", "goals") and not value)


def _known(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items() if item is not None}
    if isinstance(value, tuple | list):
        return [_known(item) for item in value]
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return int(value)
    return value


def _lines(data: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for key, value in data.items():
        if isinstance(value, Mapping):
            lines += [f"{key}:", *(f"  {name}: {_scalar(one)}" for name, one in value.items())]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines += [f"{key}:", *(f"  - {_scalar(one)}" for one in value)]
        else:
            lines.append(f"{key}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_scalar(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_scalar(one) for one in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _decimal(value) if isinstance(value, float) else str(value)


def _decimal(value: float) -> str:
    """Return a number that every YAML reader takes for one: 1.0e-05, never 1e-05."""
    mantissa, mark, exponent = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa or not mark else f'{mantissa}.0'}{mark}{exponent}"
