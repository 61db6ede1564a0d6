"""What was tested of a disease's model and what failed: its generated pages, read back.

They take minutes of simulation to compute (`funis credibility`), so the library keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from funis.models import Model, library_folder
from funis.pipeline.credibility.card import GateTables, card_gates, read_tables
from funis.pipeline.tables import Table

FAILED, VALIDATION, STRUCTURES = "What failed", "Validation", "Competing structures"


@dataclass(frozen=True, slots=True)
class Part:
    """A heading of the page with its words and tables."""

    title: str
    words: tuple[str, ...]
    items: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a model can be trusted.

    Attributes
    ----------
    failures : what failed, one line each; as the page has them.
    parts : the rest of the page, validation apart.
    validation : its part on validation; None where the library has none.
    gates : the gates of the model card, by name.
    computed : whether the library has a page of this disease at all.
    """

    failures: tuple[str, ...]
    parts: tuple[Part, ...]
    validation: Part | None
    gates: Mapping[str, GateTables]
    computed: bool

    @property
    def worst_first(self) -> tuple[GateTables, ...]:
        """The gates: those not passed, then those with bad rows, then the rest."""
        order = sorted(self.gates.values(), key=lambda one: (one.passed is not False,
                                                             not one.failures))  # fmt: skip
        return tuple(order)

    @property
    def moved_words(self) -> tuple[str, ...]:
        """What the page says of how far forms move the demo trial, without its table."""
        part = next((one for one in self.parts if one.title == STRUCTURES), None)
        return () if part is None else (*part.words, *(one.title for one in part.tables))

    def moved(self) -> dict[str, tuple[str, str]]:
        """Return difference and move of the demo trial under each structure, as the page has it."""
        part = next((one for one in self.parts if one.title == STRUCTURES), None)
        tables = () if part is None else part.tables
        return {row[0]: (row[3], row[4]) for table in tables for row in table.rows}


def trust(model: Model) -> Trust:
    """Return what was tested of a model.

    A folder of one's own has the gates of its card and no page: it was tested elsewhere or not.
    """
    gates = card_gates(model.folder / "card.md")
    path = library_folder() / "credibility" / f"{model.id}.md"
    own = model.folder.resolve() == (library_folder() / "diseases" / model.id).resolve()
    if not own or not path.is_file():
        return Trust((), (), None, gates, False)
    parts = page_parts(path.read_text(encoding="utf-8"))
    failed = next((one.items for one in parts if one.title == FAILED), ())
    validation = next((one for one in parts if one.title.startswith(VALIDATION)), None)
    rest = tuple(one for one in parts if one.title != FAILED and one is not validation)
    return Trust(failed, rest, validation, gates, True)


def page_parts(text: str) -> tuple[Part, ...]:
    """Return the parts of a generated page, each below a heading of the second level."""
    parts = []
    for block in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        lines = body.strip().splitlines()
        tables = read_tables(lines)
        items = tuple(line.removeprefix("- ") for line in lines if line.startswith("- "))
        above = {table.title for table in tables}
        words = tuple(
            line.strip() for line in lines
            if line.strip() and not line.startswith(("|", "- ")) and line.strip() not in above
        )  # fmt: skip
        parts.append(Part(title.strip(), words, items, tables))
    return tuple(parts)
