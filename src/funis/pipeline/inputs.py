"""What a command is given: a trial by name or file, its model and products, numbers in range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from funis.checks import Document, InputError, Issue, IssueList, nearest, parse_yaml
from funis.models import Model, disease_ids, library_folder, load_model
from funis.product import (
    Product,
    library_lot,
    library_lots,
    library_product,
    library_products,
    load_lot,
)
from funis.protocol import (
    Protocol,
    Reference,
    load_protocol,
    protocol_from,
    references,
    unknown_reference,
)
from funis.trial import check


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as given: the protocol, and the model and products that it needs.

    ``name`` is how the user called it, ``place`` where the report says that it stands, ``text``
    its file as it was read.
    """

    name: str
    place: str
    protocol: Protocol
    model: Model
    products: Mapping[str, Product]
    text: str = field(default="", repr=False)


def load_trial(name_or_path: str | Path | Trial) -> Trial:
    """Load a trial with everything that it names.

    Parameters
    ----------
    name_or_path
        A trial file, or the name of a trial of the library; a trial that is loaded stays as it is.

    Raises
    ------
    InputError
        Whatever is wrong with it, with file and line.
    """
    if isinstance(name_or_path, Trial):
        return name_or_path
    path = find_trial(name_or_path)
    own = path.parent == library_folder() / "trials"
    place = f"library/trials/{path.name}" if own else str(name_or_path)
    protocol = load_protocol(path)
    text = path.read_text(encoding="utf-8")
    return _trial(protocol, str(name_or_path), place, path.parent, text)


def text_trial(text: str, name: str = "protocol.yaml") -> Trial:
    """Load a trial from the text of its protocol: it names diseases and lots of the library only.

    Parameters
    ----------
    text
        YAML.
    name
        What faults call it.

    Raises
    ------
    InputError
        Whatever is wrong with it, with name and line.
    """
    return document_trial(parse_yaml(text, name), text)


def document_trial(document: Document, text: str) -> Trial:
    """Load a trial from the text of its protocol that was parsed already.

    Raises
    ------
    InputError
        As ``text_trial``.
    """
    return _trial(protocol_from(document), document.file, document.file, None, text)


def _trial(protocol: Protocol, name: str, place: str, folder: Path | None, text: str) -> Trial:
    """Return a trial with what it names; files beside it count where there is a folder."""
    model = load_model(known_disease(protocol, folder))
    products = {one: library_product(one) for one in library_products()}
    products |= named_lots(protocol, folder)
    check(protocol, model, products).raise_errors()
    return Trial(name, place, protocol, model, products, text)


def named_lots(protocol: Protocol, folder: Path | None) -> dict[str, Product]:
    """Return the lots that a protocol names: files of a folder, or lots of the library.

    A lot that is neither is left out, and checking the protocol says so.

    Raises
    ------
    InputError
        What is wrong with a file of a lot.
    """
    found: dict[str, Product] = {}
    for name in {one.name for one in references(protocol, "lot")}:
        if name in library_lots():
            found[name] = library_lot(name)
        elif folder is not None and (folder / f"{name}.yaml").is_file():
            found[name] = load_lot(folder / f"{name}.yaml")
    return found


def known_disease(protocol: Protocol, folder: Path | None) -> str | Path:
    """Return the disease of a protocol: its id in the library, or a folder beside the trial file.

    Raises
    ------
    InputError
        The library has no such disease, and no folder of that name lies beside the file.
    """
    known = disease_ids()
    if folder is not None and protocol.disease not in known:
        beside = folder / protocol.disease
        if (beside / "model.ant").is_file():
            return beside
    if protocol.disease not in known:
        reference = Reference("disease", protocol.disease, ("disease",))
        raise InputError(unknown_reference(protocol, reference, known))
    return protocol.disease


def trial_names() -> tuple[str, ...]:
    """Return the names of the library's trials."""
    return tuple(sorted(path.stem for path in (library_folder() / "trials").glob("*.yaml")))


def find_trial(name_or_path: str | Path) -> Path:
    """Return the file of a trial, given its name in the library or a path.

    Raises
    ------
    InputError
        Neither a file nor a trial of the library.
    """
    path, name, names = Path(name_or_path), str(name_or_path), trial_names()
    if path.is_file():
        return path
    if name in names:
        return library_folder() / "trials" / f"{name}.yaml"
    if path.exists() or path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return path  # reading it says what is wrong
    expected = f"a trial file, or one of {', '.join(names)}"
    near = nearest(name, names)
    raise InputError(Issue(None, None, None, f"unknown trial '{name}'", expected, near))


def require(**conditions: tuple[bool, object, str]) -> None:
    """Refuse arguments out of range: name -> (whether it holds, value given, what is expected).

    Raises
    ------
    InputError
        One line for each argument that does not hold.
    """
    IssueList(
        Issue(None, None, name, f"{value} is out of range", expected)
        for name, (holds, value, expected) in conditions.items()
        if not holds
    ).raise_errors()


def named(text: str) -> tuple[str, ...]:
    """Return the names of a list such as a,b; `none` is no name."""
    words = [word.strip() for word in text.split(",")]
    return tuple(word for word in words if word not in ("", "none"))


def whole_numbers(name: str, text: str) -> tuple[int, ...]:
    """Return the numbers of a list such as 1000,10000.

    Raises
    ------
    InputError
        What is no whole number of at least 1.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if not word.isdecimal() or int(word) < 1:
            expected = "whole numbers of at least 1, with commas between them"
            raise InputError(
                Issue(None, None, name, f"'{word}' is no number of patients", expected)
            )
    return tuple(int(word) for word in words)


def require_whole(low: int = 1, **values: int | None) -> None:
    """Refuse whole numbers below a limit; None is not given.

    Raises
    ------
    InputError
        One line for each number that is too small.
    """
    expected = f"a whole number of at least {low}"
    require(
        **{
            name: (value >= low, value, expected)
            for name, value in values.items()
            if value is not None
        }
    )
