"""Questions to the annotations of a schema: its keys, its parts, and its wording."""

from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

_PHRASES: Mapping[Any, str] = {
    float: "a number",
    int: "a whole number",
    str: "text",
    bool: "true or false",
}


def strip(annotation: Any) -> Any:
    """An annotation without ``Annotated``, alias names and ``| None``."""
    while True:
        if hasattr(annotation, "__value__"):
            annotation = annotation.__value__
        elif get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif len(members := unions(annotation)) == 1 and members[0] is not annotation:
            annotation = members[0]
        else:
            return annotation


def unions(annotation: Any) -> tuple[Any, ...]:
    """The members of a union other than None; the annotation itself where it is no union."""
    if get_origin(annotation) not in (Union, UnionType):
        return (annotation,)
    return tuple(member for member in get_args(annotation) if member is not NoneType)


def choices(annotation: Any) -> dict[str, Any]:
    """The members of a union by the labels that pydantic gives them."""
    labelled: dict[str, Any] = {}
    for member in unions(annotation):
        plain = strip(member)
        labelled[str(plain).replace("typing.", "")] = member
        labelled[getattr(plain, "__name__", "")] = member
    return {**labelled, **tagged(annotation)}


def tagged(annotation: Any) -> dict[str, Any]:
    """The models of a union by the value of the field that tells them apart, if there is one."""
    models = [plain for member in unions(annotation) if _is_model(plain := strip(member))]
    fields = [
        {name: _values(strip(field.annotation)) for name, field in model.model_fields.items()}
        for model in models
    ]
    for name in fields[0] if fields else ():
        tags = [str(value) for of_model in fields for value in of_model.get(name, [])]
        if all(of_model.get(name) for of_model in fields) and len(set(tags)) == len(tags):
            pairs = zip(models, fields, strict=True)
            return {str(value): model for model, of_model in pairs for value in of_model[name]}
    return {}


def child(annotation: Any, part: str | int) -> Any:
    """What is expected at one key or index of an annotation; none where nothing is known."""
    if _is_model(annotation):
        names = {field.alias or name: field for name, field in annotation.model_fields.items()}
        return names[str(part)].annotation if part in names else None
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    if isinstance(get_origin(annotation), type) and issubclass(get_origin(annotation), Mapping):
        return arguments[1]
    if not arguments:
        return None
    if get_origin(annotation) is tuple and isinstance(part, int) and part < len(arguments):
        return arguments[part]
    return arguments[0]


def keys(annotation: Any) -> list[str]:
    """The keys that a mapping may hold, in the order of the schema."""
    if not _is_model(annotation):
        return []
    return [field.alias or name for name, field in annotation.model_fields.items()]


def describe(annotation: Any) -> str | None:
    """What is expected, as it reads after the word "expected"."""
    annotation = strip(annotation)
    values = _values(annotation)
    if values:
        names = [str(value) for value in values]
        return names[0] if len(names) == 1 else f"one of {', '.join(names)}"
    if len(members := unions(annotation)) > 1:
        phrases = [phrase for member in members if (phrase := describe(member))]
        return " or ".join(dict.fromkeys(phrases)) or None
    if annotation in _PHRASES:
        return _PHRASES[annotation]
    origin = get_origin(annotation) or annotation
    if not isinstance(origin, type):
        return None
    if issubclass(origin, BaseModel | Mapping):
        return "a mapping of keys to values"
    return "a list" if issubclass(origin, list | tuple | set | frozenset) else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _values(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [member.value for member in annotation]
    return []
