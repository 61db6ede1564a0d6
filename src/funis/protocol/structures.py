"""Structures: named forms of the model that a trial selects, as parameters and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath

from funis.checks import Issue, IssueList, nearest, read_yaml, validate
from funis.protocol.lines import Lines, Path, lines_of
from funis.protocol.values import FrozenMapping, Structure

LIBRARY = FilePath(__file__).parents[1] / "library" / "structures.yaml"


@dataclass(frozen=True, slots=True)
class StructureFile:
    """The structures of a file by name, and where each stands."""

    structures: Mapping[str, Structure]
    where: Lines = field(default_factory=Lines, compare=False, repr=False)


def load_structures(path: str | FilePath) -> StructureFile:
    """Read a file of structures.

    Raises
    ------
    InputError
        One issue a fault, each with file, line, key, what was expected and the nearest name.
    """
    from funis.protocol.schema import StructuresSchema

    document = read_yaml(path)
    rows = validate(StructuresSchema, document).structures
    found = {
        name: Structure(
            id=name,
            title=row.title,
            question=row.question,
            default=row.default,
            parameters=FrozenMapping(row.parameters),
            sources=row.sources,
            ranges=FrozenMapping({key: (r.low, r.high, r.scale) for key, r in row.ranges.items()}),
            note=row.note,
        )
        for name, row in rows.items()
    }
    return StructureFile(FrozenMapping(found), lines_of(document))


@cache
def library_structures() -> Mapping[str, Structure]:
    """Structures of the library by name, in the order of the file."""
    return load_structures(LIBRARY).structures


def named_structures(names: Sequence[str], path: Path, where: Lines) -> tuple[Structure, ...]:
    """Structures by name, as a trial file selects them.

    Raises
    ------
    InputError
        A name that the library does not have, with its line and the nearest one.
    """
    known = library_structures()
    IssueList(
        where.issue(
            (*path, index),
            f"unknown structure '{name}'",
            expected="one of " + ", ".join(known),
            nearest=nearest(name, list(known)),
        )
        for index, name in enumerate(names)
        if name not in known
    ).raise_errors()
    return tuple(known[name] for name in names)


def structure_parameters(structures: Iterable[Structure]) -> dict[str, float]:
    """Parameters that structures set."""
    return {name: value for one in structures for name, value in one.parameters.items()}


def check_structures(structures: Sequence[Structure], path: Path, where: Lines) -> list[Issue]:
    """Structures stand once each, and no two of a list set one parameter to different values."""
    issues = []
    for index, one in enumerate(structures):
        at = (*path, index)
        for other in structures[:index]:
            if other.id == one.id:
                message = f"structure '{one.id}' stands twice"
                issues.append(where.issue(at, message, expected="one structure a name"))
            elif clash := _clash(other, one):
                message = f"structures '{other.id}' and '{one.id}' set '{clash}' differently"
                issues.append(where.issue(at, message, expected="one of the two"))
    return issues


def _clash(one: Structure, other: Structure) -> str | None:
    shared = [name for name in one.parameters if name in other.parameters]
    return next((name for name in shared if one.parameters[name] != other.parameters[name]), None)
