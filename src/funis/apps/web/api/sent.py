"""Checks of what is sent that the types of its fields leave open."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator


def whole_text(value: Any) -> Any:
    """Return a nested value whose texts and keys can be written again.

    Raises
    ------
    ValueError
        A text holds half of a character, which JSON can name and UTF-8 cannot write.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half of a character (a lone surrogate)") from None
    return value


Nested = Annotated[dict[str, Any], AfterValidator(whole_text)]
"""Any JSON object: what is in it is checked where it is used."""
