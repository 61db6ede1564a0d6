"""Regimens of the library: what clinics advertise and what trials gave."""

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Literal

from funis.checks import read_yaml, validate
from funis.protocol.lines import Lines, lines_of
from funis.protocol.values import Intervention

LIBRARY = FilePath(__file__).parents[1] / "library" / "protocols"


@dataclass(frozen=True, slots=True)
class Variant:
    """One dose and schedule of a regimen."""

    id: str
    label: str
    interventions: tuple[Intervention, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Regimen:
    """A way of treating one disease, advertised or published, with its variants.

    An advertised regimen is a claim under test, not a recommendation.
    """

    id: str
    title: str
    disease: str
    kind: Literal["advertised", "published"]
    variants: tuple[Variant, ...]
    source: str
    note: str | None = None
    where: Lines = field(default_factory=Lines, compare=False, repr=False)


def load_regimen(path: str | FilePath) -> Regimen:
    """Read a regimen file.

    Raises
    ------
    InputError
        One issue a fault, each with file, line, key, what was expected and the nearest name.
    """
    from funis.protocol.load import interventions_from
    from funis.protocol.schema import RegimenSchema

    document = read_yaml(path)
    regimen = validate(RegimenSchema, document)
    return Regimen(
        id=regimen.id,
        title=regimen.title,
        disease=regimen.disease,
        kind=regimen.kind,
        variants=tuple(
            Variant(v.id, v.label, interventions_from(v.interventions), v.note)
            for v in regimen.variants
        ),
        source=regimen.source,
        note=regimen.note,
        where=lines_of(document),
    )


def library_regimens() -> tuple[Regimen, ...]:
    """All regimens of the library, by file name."""
    return tuple(load_regimen(path) for path in sorted(LIBRARY.glob("*.yaml")))
