"""Closed schemas, and their errors in the words of the file that they judge."""

from typing import Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema

from funis.checks.documents import Document, KeyPath
from funis.checks.issues import InputError
from funis.checks.wording import issues_of

T = TypeVar("T")

_FROM_PLAIN_DATA = frozenset({"tuple", "set", "frozenset", "enum"})


def _accept_plain_data(part: Any, handler: GetCoreSchemaHandler) -> None:
    """Let tuples, sets and enumerations, anywhere in a core schema, be read from plain data."""
    if isinstance(part, dict):
        if part.get("type") == "definition-ref":
            part = handler.resolve_ref_schema(cast(CoreSchema, part))
            if part["type"] not in _FROM_PLAIN_DATA:
                return  # another model, which has been through this by itself
        if part.get("type") in _FROM_PLAIN_DATA:
            part["strict"] = False
        for value in part.values():
            _accept_plain_data(value, handler)
    elif isinstance(part, list | tuple):
        for item in part:
            _accept_plain_data(item, handler)


class StrictModel(BaseModel):
    """Base of every file schema: closed, frozen, and without silent conversions.

    Text is never taken for a number, nor a number for text. Three conversions are allowed because
    files cannot say it otherwise: a whole number where a decimal one is expected, a list for a
    tuple or set, and the value of an enumeration.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _accept_plain_data(schema, handler)
        return schema


def validate(schema: type[T], document: Document, at: KeyPath = ()) -> T:
    """Check a document, or the part of it at a path, against a schema.

    Parameters
    ----------
    schema
        A pydantic model, best derived from ``StrictModel``; or another annotation, such as
        ``dict[str, Study]``.
    document
        What ``read_yaml`` gave.
    at
        Path of the part to check.

    Raises
    ------
    InputError
        With one issue for each fault: file, line, key, what was expected, nearest valid name.
        Issues of an ``InputError`` raised by a validator of the schema get the place they lack.
    """
    data = document.data
    for part in at:
        data = data[part]
    try:
        return TypeAdapter(schema).validate_python(data)
    except ValidationError as error:
        raise InputError(issues_of(error, schema, data, document, at)) from None
